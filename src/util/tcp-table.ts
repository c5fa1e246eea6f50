/** The kernel's tables of TCP sockets, /proc/net/tcp and tcp6 (proc(5)). Empty where there is no /proc. */
import { closeSync, openSync, readSync } from 'node:fs'
import { orElse, readProc } from './proc-sockets.ts'

/** `any`: the socket is bound to all interfaces. */
export interface TcpRow {
  readonly family: 4 | 6
  readonly address: string
  readonly any: boolean
  readonly port: number
  readonly listening: boolean
  readonly inode: number
  /** Of a listening socket: connections that wait to be accepted. */
  readonly queued: number
}

/** TCP_LISTEN of include/net/tcp_states.h. */
const listenState = '0A'
/** Addresses stand there as 32-bit words in the machine's order: 0100007F is 127.0.0.1 on a little-endian one. */
const readIPv4 = (hex: string): string =>
  (hex.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')

const fieldsOf = (line: string): string[] => line.trim().split(/\s+/)

const rowOf = (fields: readonly string[]): TcpRow => {
  const [hex = '', port = '0'] = (fields[1] ?? '').split(':')
  return {
    family: hex.length === 8 ? 4 : 6,
    address: hex.length === 8 ? readIPv4(hex) : hex,
    any: /^0*$/.test(hex),
    port: Number.parseInt(port, 16),
    listening: fields[3] === listenState,
    inode: Number(fields[9]),
    queued: Number.parseInt((fields[4] ?? '').split(':')[1] ?? '0', 16),
  }
}

export const parseTcpTable = (text: string): TcpRow[] =>
  text
    .split('\n')
    .slice(1)
    .map(fieldsOf)
    .filter((fields) => fields.length > 9)
    .map(rowOf)

export const tcpTable = (): TcpRow[] => [
  ...parseTcpTable(readProc('net/tcp')),
  ...parseTcpTable(readProc('net/tcp6')),
]

const chunk = Buffer.allocUnsafeSlow(16_384)

/** The beginning of a table, up to the first line that is of no listening socket. */
const listeningText = (path: string): string => {
  const fd = openSync(path, 'r')
  try {
    let text = ''
    let checked = 0
    for (let count = readSync(fd, chunk); count > 0; count = readSync(fd, chunk)) {
      text += chunk.toString('latin1', 0, count)
      for (let end = text.indexOf('\n', checked); end !== -1; end = text.indexOf('\n', checked)) {
        const isHead = checked === 0
        if (!isHead && fieldsOf(text.slice(checked, end))[3] !== listenState) return text.slice(0, checked)
        checked = end + 1
      }
    }
    return text
  } finally {
    closeSync(fd)
  }
}

/**
 * The sockets that listen. The kernel lists them before all others (net/ipv4/tcp_ipv4.c, tcp_get_idx), of which a busy
 * server has tens of thousands: those are not read.
 */
export const listeningSockets = (): TcpRow[] =>
  ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) =>
    parseTcpTable(orElse(() => listeningText(path), '')).filter(({ listening }) => listening),
  )
