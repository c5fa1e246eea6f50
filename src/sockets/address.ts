/**
 * Addresses as users write them, after Gunicorn's `parse_address`. Pure: it knows no socket, resolves no name
 * and does not look at the file system.
 */
import { ServerError } from '../errors.ts'
import { isIPv6 } from '../util/ipv6.ts'

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number }

export type TcpAddress = Extract<Address, { kind: 'tcp' }>
export type UnixAddress = Extract<Address, { kind: 'unix' }>

export const defaultPort = 8000

/** Bytes of `sun_path` without its NUL: unix(7). macOS has 103; its bind(2) says so itself. */
export const longestUnixPath = 107

const hostName = /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/

const invalid = (text: string, why: string): ServerError =>
  new ServerError(
    'TSG_ADDRESS_INVALID',
    `bind: '${text}' is not an address: ${why}. ` +
      "Use HOST, HOST:PORT, :PORT, [IPv6]:PORT, unix:PATH or fd://N, as in '127.0.0.1:8000' or 'unix:/run/app.sock'.",
  )

const parsePort = (text: string, port: string | undefined): number => {
  if (port === undefined) return defaultPort
  const number = /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN
  if (!(number <= 65535)) throw invalid(text, `'${port}' is not a port (0 to 65535)`)
  return number
}

const parseUnix = (text: string, path: string): Address => {
  if (path === '') throw invalid(text, 'the path is empty')
  if (path.includes('\0')) throw invalid(text, 'the path holds a NUL byte')
  const bytes = Buffer.byteLength(path)
  if (bytes > longestUnixPath)
    throw invalid(text, `the path has ${bytes} bytes, a unix socket's may have ${longestUnixPath}`)
  return { kind: 'unix', path }
}

const parseDescriptor = (text: string, number: string): Address => {
  if (!/^\d{1,9}$/.test(number)) throw invalid(text, `'${number}' is not a file descriptor`)
  return { kind: 'fd', fd: Number(number) }
}

const parseBracketed = (text: string, rest: string): Address => {
  const match = /^\[([^\]]*)\](?::(.*))?$/s.exec(rest)
  const host = match?.[1]?.toLowerCase() ?? ''
  if (match === null || !isIPv6(host)) throw invalid(text, 'the brackets do not hold an IPv6 address')
  return { kind: 'tcp', host, port: parsePort(text, match[2]) }
}

const parseTcp = (text: string, rest: string): Address => {
  if (rest.startsWith('[')) return parseBracketed(text, rest)
  if (/:.*:/.test(rest) && isIPv6(rest))
    throw invalid(text, `an IPv6 address stands in brackets: '[${rest}]:${defaultPort}'`)
  if (/^\d+$/.test(rest)) throw invalid(text, `a port alone is written ':${rest}'`)
  const [host = '', port, ...more] = rest.split(':')
  if (more.length > 0) throw invalid(text, 'it has more than one colon')
  const name = host.toLowerCase()
  if (name !== '' && !hostName.test(name)) throw invalid(text, `'${host}' is not a host name`)
  return { kind: 'tcp', host: name === '' ? '0.0.0.0' : name, port: parsePort(text, port) }
}

/** Longest prefix first: `unix://` before `unix:`. */
const schemes: ReadonlyArray<readonly [string, (text: string, rest: string) => Address]> = [
  ['unix://', parseUnix],
  ['unix:', parseUnix],
  ['fd://', parseDescriptor],
  ['tcp://', parseTcp],
]

/**
 * Reads an address. `''` is every IPv4 interface at the default port; a host without port gets the default port;
 * hosts are lower-cased; a unix path stays as it is written (relative to the working directory).
 * Throws ServerError TSG_ADDRESS_INVALID.
 */
export const parseAddress = (text: string): Address => {
  for (const [prefix, parse] of schemes)
    if (text.startsWith(prefix)) return parse(text, text.slice(prefix.length))
  return parseTcp(text, text)
}

const hostAndPort = ({ host, port }: TcpAddress): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`

/** The address as a setting: `parseAddress(addressText(a))` equals `a`. */
export const addressText = (address: Address): string => {
  if (address.kind === 'unix')
    return address.path.startsWith('//') ? `unix://${address.path}` : `unix:${address.path}`
  return address.kind === 'fd' ? `fd://${address.fd}` : hostAndPort(address)
}

/** The address as Gunicorn logs it: `http://127.0.0.1:8000`, `unix:/run/app.sock`. */
export const formatAddress = (address: Address, scheme: 'http' | 'https' = 'http'): string =>
  address.kind === 'tcp'
    ? `${scheme}://${hostAndPort(address)}`
    : address.kind === 'unix'
      ? `unix:${address.path}`
      : `fd://${address.fd}`

/** Whether two settings mean one socket; names are compared as written, not resolved. */
export const sameAddress = (a: Address, b: Address): boolean => addressText(a) === addressText(b)
