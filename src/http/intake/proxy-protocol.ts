/**
 * The PROXY protocol, versions 1 and 2, as a receiver reads it (haproxy's doc/proxy-protocol.txt). Pure: told the
 * bytes that a connection began with, it says what they are. It knows no socket, no peer and no setting.
 */
import { isIP } from 'node:net'
import { canonicalAddress } from '../forwarded.ts'
import { checksumFault } from './proxy-checksum.ts'

export type ProxyMode = 'v1' | 'v2' | 'auto'

export interface Endpoint {
  /** Canonical text; an IPv4 address in IPv6's clothes is without them. */
  readonly address: string
  readonly port: number
  readonly family: 'IPv4' | 'IPv6'
}

export interface ProxyHeader {
  readonly version: 1 | 2
  /** The client and the address it connected to; none when the connection's own addresses stand. */
  readonly ends: { readonly source: Endpoint; readonly destination: Endpoint } | undefined
}

/** What the bytes so far are. `reason` is for logs and never holds a byte of them. */
export type Reading =
  | { readonly is: 'more' }
  | { readonly is: 'header'; readonly header: ProxyHeader; readonly length: number }
  | { readonly is: 'refused'; readonly reason: string }

const more: Reading = { is: 'more' }
const refused = (reason: string): Reading => ({ is: 'refused', reason })
const header = (version: 1 | 2, length: number, ends?: ProxyHeader['ends']): Reading => ({
  is: 'header',
  header: { version, ends },
  length,
})

/** The longest line that the specification knows, with CRLF (2.1: 107 characters). */
export const longestLine = 107
/** The longest header of version 2, with its 16 fixed bytes: addresses take 232 at most, the rest is TLVs. */
export const longestBinary = 4096

const text = Buffer.from('PROXY ', 'latin1')
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const fixedLength = 16

/**
 * Reads the header that `bytes`, the beginning of a connection, must start with. Says 'more' only below
 * `longestLine` and `longestBinary` bytes, and only while a header can still come of them. Never throws.
 */
export const readProxyHeader = (bytes: Buffer, mode: ProxyMode): Reading => {
  if (mode !== 'v2' && begins(bytes, text)) return bytes.length < text.length ? more : readLine(bytes)
  if (mode !== 'v1' && begins(bytes, signature))
    return bytes.length < fixedLength ? earlyFault(bytes) : readBinary(bytes)
  return refused('the connection does not begin with a PROXY header')
}

/** Whether one is the beginning of the other. */
const begins = (bytes: Buffer, mark: Buffer): boolean => {
  const length = Math.min(bytes.length, mark.length)
  return bytes.compare(mark, 0, length, 0, length) === 0
}

const readLine = (bytes: Buffer): Reading => {
  const line = bytes.toString('latin1', text.length, Math.min(bytes.length, longestLine))
  const words = /^([^\r\n]*)\r\n/.exec(line)?.[1]
  if (words !== undefined) return readWords(words, text.length + words.length + 2)
  // No CR or LF stands alone: what has one is not waited for.
  if (!/^[^\r\n]*\r?$/.test(line)) return refused('the PROXY line does not end with CRLF')
  return bytes.length < longestLine ? more : refused(`the PROXY line is longer than ${longestLine} bytes`)
}

const families = { TCP4: 'IPv4', TCP6: 'IPv6' } as const

const readWords = (line: string, length: number): Reading => {
  // Whatever follows is to be ignored (2.1).
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return header(1, length)
  const [protocol = '', from = '', to = '', fromPort = '', toPort = '', ...rest] = line.split(' ')
  const family = protocol === 'TCP4' || protocol === 'TCP6' ? families[protocol] : undefined
  if (!family) return refused('the PROXY line names neither TCP4, TCP6 nor UNKNOWN')
  const source = endpoint(family, from, fromPort)
  const destination = endpoint(family, to, toPort)
  if (!source || !destination || rest.length > 0)
    return refused(`the PROXY line does not hold two ${family} addresses and two ports`)
  return header(1, length, { source, destination })
}

const endpoint = (family: Endpoint['family'], address: string, port: string): Endpoint | undefined => {
  const right = isIP(address) === (family === 'IPv4' ? 4 : 6) && !address.includes('%')
  if (!right || !/^(?:0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65_535) return undefined
  return plain(address, Number(port))
}

const plain = (text: string, port: number): Endpoint => {
  const address = canonicalAddress(text)
  return { address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' }
}

/** Too short to be read, long enough to be refused: nobody waits for the rest of what cannot become right. */
const earlyFault = (bytes: Buffer): Reading => {
  const fault = bytes.length > 12 ? commandFault(bytes[12] ?? 0) : undefined
  return fault === undefined ? more : refused(fault)
}

const commandFault = (byte: number): string | undefined => {
  if (byte >> 4 !== 2) return 'the PROXY header with a signature is not of version 2'
  return (byte & 15) > 1 ? 'the command of the PROXY header is neither LOCAL nor PROXY' : undefined
}

/** Bytes of the address block, by the family's number. */
const blocks = [0, 12, 36, 216] as const

const readBinary = (bytes: Buffer): Reading => {
  const command = bytes[12] ?? 0
  const [family, transport] = [(bytes[13] ?? 0) >> 4, (bytes[13] ?? 0) & 15]
  const length = fixedLength + bytes.readUInt16BE(14)
  const local = (command & 15) === 0
  const fault = commandFault(command) ?? (local ? undefined : familyFault(family, transport))
  if (fault !== undefined) return refused(fault)
  if (length > longestBinary) return refused(`the PROXY header is longer than ${longestBinary} bytes`)
  const block = family === 0 || transport === 0 ? 0 : (blocks[family] ?? 0)
  if (!local && length < fixedLength + block)
    return refused('the PROXY header is too short for its addresses')
  if (bytes.length < length) return more
  // LOCAL: all of it is to be discarded, its family too. Unspecified: there is nothing in it to be used.
  if (local || block === 0) return header(2, length)
  const broken = checksumFault(bytes.subarray(0, length), fixedLength + block)
  return broken === undefined ? header(2, length, endsOf(bytes, family)) : refused(broken)
}

const familyFault = (family: number, transport: number): string | undefined => {
  if (family > 3 || transport > 2) return 'the PROXY header names an unknown family or transport'
  return transport === 2 ? 'the PROXY header tells of a datagram' : undefined
}

/** Unix addresses are no client that anyone could name: the connection's own addresses stand, as if unspecified. */
const endsOf = (bytes: Buffer, family: number): ProxyHeader['ends'] => {
  if (family === 3) return undefined
  const size = family === 1 ? 4 : 16
  const at = (index: number): Endpoint => {
    const from = fixedLength + index * size
    const port = bytes.readUInt16BE(fixedLength + 2 * size + 2 * index)
    return plain(addressText(bytes.subarray(from, from + size)), port)
  }
  return { source: at(0), destination: at(1) }
}

const addressText = (bytes: Buffer): string =>
  bytes.length === 4 ? bytes.join('.') : (bytes.toString('hex').match(/.{4}/g)?.join(':') ?? '')
