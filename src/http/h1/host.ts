/**
 * `uri-host [ ":" port ]` (RFC 9110, 7.2; RFC 3986, 3.2.2) over bytes. Knows the grammar, not who is meant by it.
 */
import { hexValues, hostBytes } from './grammar.ts'

const colon = 0x3a
const percent = 0x25
const openBracket = 0x5b
const closeBracket = 0x5d
const dot = 0x2e

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

/** The end of `[IPv6address]`, -1 when it is none: at least `::`, of HEXDIG, colons and dots. */
const literalEnd = (bytes: Uint8Array, start: number, end: number): number => {
  let colons = 0
  for (let at = start + 1; at < end; at += 1) {
    const code = bytes[at] ?? 0
    if (code === closeBracket) return colons < 2 ? -1 : at + 1
    if (code === colon) colons += 1
    else if (!isHex(code) && code !== dot) return -1
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
