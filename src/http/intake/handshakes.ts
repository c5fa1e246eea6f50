/**
 * Whether somebody stands between his SYN and a listening socket's queue, as the kernel's own tables tell (Linux).
 * He takes himself for connected and may have sent his request: when the socket closes he is reset. Knows text files
 * and nothing of sockets.
 */
import { closeSync, openSync, readSync } from 'node:fs'

const ofIpv4 = '/proc/net/tcp'
const ofIpv6 = '/proc/net/tcp6'
/**
 * The longest that we read, in ms: 60,000 sockets or so, those in TIME_WAIT among them. Meanwhile the loop stands
 * still, for requests in hand, too; who stands further behind in the table is not seen.
 */
const budgetMs = 250

/** Where a socket listens: an IP address and a port. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** TCP_SYN_RECV of the kernel's include/net/tcp_states.h, in the column behind both addresses. */
const lineOf = (places: readonly Place[]): RegExp => {
  const hex = places.map(({ port }) => port.toString(16).toUpperCase().padStart(4, '0'))
  return new RegExp(`:(?:${hex.join('|')}) [0-9A-F]+:[0-9A-F]{4} 03 `)
}

/** Whether lines of /proc/net/tcp or tcp6 tell of a handshake with one of these local ports that is not over. */
export const tellOfHandshake = (lines: string, places: readonly Place[]): boolean =>
  lineOf(places).test(lines)

/** The kernel gives whole lines, a page of them with each read. Clients of IPv4 are in its table, also those of :: */
const buffer = Buffer.alloc(16_384)

const found = (fd: number, wanted: RegExp, until: number): boolean => {
  while (performance.now() < until) {
    const length = readSync(fd, buffer, 0, buffer.length, null)
    if (length === 0) return false
    if (wanted.test(buffer.toString('latin1', 0, length))) return true
  }
  return false
}

const isInTable = (table: string, wanted: RegExp, until: number): boolean => {
  try {
    const fd = openSync(table, 'r')
    try {
      return found(fd, wanted, until)
    } finally {
      closeSync(fd)
    }
  } catch {
    // No IPv6, no /proc, no right to it: then nothing is known, and nobody waits for it.
    return false
  }
}

/** Whether a handshake with one of these is not over. False where the kernel does not tell. */
export const isHandshakePending = (places: readonly Place[]): boolean => {
  if (places.length === 0) return false
  const wanted = lineOf(places)
  const until = performance.now() + budgetMs
  if (isInTable(ofIpv4, wanted, until)) return true
  return places.some(({ host }) => host.includes(':')) && isInTable(ofIpv6, wanted, until)
}
