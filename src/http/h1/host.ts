/**
 * `uri-host [ ":" port ]` (RFC 9110, 7.2; RFC 3986, 3.2.2) over bytes. Knows the grammar, not who is meant by it.
 */
import { hexValues, hostBytes } from './grammar.ts'

const colon = 0x3a
const percent = 0x25
const openBracket = 0x5b
const closeBracket = 0x5d
/** Eight groups, the last two as IPv4. */
const longestLiteral = 45

const isHex = (code: number | undefined): boolean => (hexValues[code ?? 0] ?? 16) < 16

/** The end of a reg-name or IPv4address that starts at `start`; a `%` without two HEXDIG ends it. */
const nameEnd = (bytes: Uint8Array, start: number, end: number): number => {
  let at = start
  while (at < end) {
    if (hostBytes[bytes[at] ?? 0] === 1) at += 1
    else if (bytes[at] === percent && at + 2 < end && isHex(bytes[at + 1]) && isHex(bytes[at + 2])) at += 3
    else return at
  }
  return at
}

const group = /^[\da-f]{1,4}$/i
const octets = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/

/** How many 16-bit groups a run of them has; -1 for what is none. An IPv4 address may stand for the `last` two. */
const groupsOf = (text: string, last: boolean): number => {
  if (text === '') return 0
  const parts = text.split(':')
  const mapped = last && octets.test(parts.at(-1) ?? '')
  const plain = mapped ? parts.slice(0, -1) : parts
  return plain.every((part) => group.test(part)) ? plain.length + (mapped ? 2 : 0) : -1
}

/** IPv6address, RFC 3986, 3.2.2: eight groups, or fewer around one `::`. */
export const isIPv6 = (text: string): boolean => {
  const [before = '', after, ...more] = text.split('::')
  if (after === undefined) return groupsOf(before, true) === 8
  const [left, right] = [groupsOf(before, false), groupsOf(after, true)]
  return more.length === 0 && left >= 0 && right >= 0 && left + right <= 7
}

/** The end of `[IPv6address]`, -1 when it is none. */
const literalEnd = (bytes: Uint8Array, start: number, end: number): number => {
  let text = ''
  for (let at = start + 1; at < end && text.length <= longestLiteral; at += 1) {
    const code = bytes[at] ?? 0
    if (code === closeBracket) return isIPv6(text) ? at + 1 : -1
    text += String.fromCharCode(code)
  }
  return -1
}

/** `start` is behind the colon. A port is *DIGIT; what cannot be one of TCP's is none. */
const portOf = (bytes: Uint8Array, start: number, end: number): number => {
  let port = 0
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return -1
    port = port * 10 + digit
    if (port > 65_535) return -1
  }
  return port
}

const hostEnd = (bytes: Uint8Array, start: number, end: number): number =>
  bytes[start] === openBracket ? literalEnd(bytes, start, end) : nameEnd(bytes, start, end)

/** Whether the bytes name a host, with or without a port. No byte at all is no host. */
export const isHost = (bytes: Uint8Array, start: number, end: number): boolean => {
  const at = hostEnd(bytes, start, end)
  if (at <= start) return false
  return at === end || (bytes[at] === colon && portOf(bytes, at + 1, end) !== -1)
}

/** authority-form, RFC 9112, 3.2.3: a host and a port that one can connect to (RFC 9110, 9.3.6). */
export const isHostAndPort = (bytes: Uint8Array, start: number, end: number): boolean => {
  const at = hostEnd(bytes, start, end)
  return at > start && at < end && bytes[at] === colon && portOf(bytes, at + 1, end) > 0
}
