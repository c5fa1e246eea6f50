/** The kernel's tables of TCP sockets, /proc/net/tcp and tcp6 (proc(5)). Empty where there is no /proc. */
import { readProc } from './proc-sockets.ts'

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

export const parseTcpTable = (text: string): TcpRow[] =>
  text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 9)
    .map((fields) => {
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
    })

export const tcpTable = (): TcpRow[] => [
  ...parseTcpTable(readProc('net/tcp')),
  ...parseTcpTable(readProc('net/tcp6')),
]
