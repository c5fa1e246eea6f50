/**
 * What the access logs read out of an exchange's record: headers, the parts of its target, the user, its times.
 * Values are as they were received, one character a byte; whoever prints them escapes them.
 */
import type { ExchangeRecord } from '../http/exchange.ts'

/** A request header's value by its lower-case name; of several, all, joined as RFC 9110 (5.3) allows. */
export function requestHeader(record: ExchangeRecord, name: string): string | undefined {
  const raw = record.requestHeaders
  let found: string | undefined
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const key = raw[at] ?? ''
    // Lengths first: most headers are another one, and lowering their names costs more than all the rest.
    if (key.length !== name.length || key.toLowerCase() !== name) continue
    found = found === undefined ? raw[at + 1] : `${found}, ${raw[at + 1]}`
  }
  return found
}

const queryStart = (target: string): number => target.indexOf('?')

/** The query without its question mark; empty when there is none. */
export function queryOf({ target }: ExchangeRecord): string {
  const at = queryStart(target)
  return at < 0 ? '' : target.slice(at + 1)
}

/** The path as sent; of a target in absolute form (RFC 9112, 3.2.2), the path within. */
export function rawPathOf({ target }: ExchangeRecord): string {
  const at = queryStart(target)
  const path = at < 0 ? target : target.slice(0, at)
  if (path.startsWith('/')) return path
  return path.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*/, '') || path
}

/** The path with its percent escapes decoded to bytes, as WSGI's PATH_INFO; escapes that are none stay. */
export const pathOf = (record: ExchangeRecord): string =>
  rawPathOf(record).replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )

/** The user name of Basic authentication (RFC 7617); undefined for other schemes and for what is not Base64. */
export function userOf(record: ExchangeRecord): string | undefined {
  const [, credentials] =
    /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(requestHeader(record, 'authorization') ?? '') ?? []
  if (credentials === undefined) return undefined
  const [user = '', password] = Buffer.from(credentials, 'base64').toString('latin1').split(':', 2)
  return password === undefined || user === '' ? undefined : user
}

/** Wall-clock milliseconds when the response was over: the time of its log line. */
export const endOf = ({ startedAt, durationUs }: ExchangeRecord): number => startedAt + durationUs / 1000

export const protocolOf = ({ httpVersion }: ExchangeRecord): string => `HTTP/${httpVersion}`

const fixedEnviron: Readonly<Record<string, (record: ExchangeRecord) => string | undefined>> = {
  request_method: (record) => record.method,
  path_info: pathOf,
  raw_uri: (record) => record.target,
  query_string: queryOf,
  server_protocol: protocolOf,
  remote_addr: (record) => record.remoteAddress,
  'wsgi.url_scheme': (record) => record.scheme,
  content_type: (record) => requestHeader(record, 'content-type'),
  content_length: (record) => requestHeader(record, 'content-length'),
}

/**
 * Reads a CGI variable (RFC 3875, 4.1) by its name in any case: REQUEST_METHOD, PATH_INFO, RAW_URI, QUERY_STRING,
 * SERVER_PROTOCOL, REMOTE_ADDR, CONTENT_TYPE, CONTENT_LENGTH, wsgi.url_scheme, HTTP_*. The server's own environment
 * is not among them: it has secrets.
 */
export function environReader(name: string): (record: ExchangeRecord) => string | undefined {
  const key = name.toLowerCase()
  if (Object.hasOwn(fixedEnviron, key)) return fixedEnviron[key] ?? (() => undefined)
  if (!key.startsWith('http_')) return () => undefined
  const header = key.slice('http_'.length).replaceAll('_', '-')
  return (record) => requestHeader(record, header)
}
