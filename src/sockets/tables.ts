/**
 * The kernel's table of unix sockets, /proc/net/unix, and who holds a socket. Where there is no /proc the tables are
 * empty and nobody learns who holds an address.
 */
import { readdirSync } from 'node:fs'
import { orElse, readProc, socketInodes } from '../util/proc-sockets.ts'
import { listeningSockets } from '../util/tcp-table.ts'

export interface UnixRow {
  readonly path: string
  readonly listening: boolean
  readonly inode: number
}

export interface Holder {
  readonly pid: number
  readonly command: string
}

/** __SO_ACCEPTCON of include/uapi/linux/net.h, the flag of a listening unix socket. */
const acceptFlag = 0x10000

export const parseUnixTable = (text: string): UnixRow[] =>
  text.split('\n').flatMap((line) => {
    const match = /^\S+: \S+ \S+ ([0-9A-F]+) \S+ \S+ +(\d+)(?: (.*))?$/.exec(line)
    if (match === null) return []
    const path = Buffer.from(match[3] ?? '', 'latin1').toString()
    return [
      { path, listening: (Number.parseInt(match[1] ?? '0', 16) & acceptFlag) !== 0, inode: Number(match[2]) },
    ]
  })

export const unixTable = (): UnixRow[] => parseUnixTable(readProc('net/unix'))

const holdsAny = (pid: number, inodes: ReadonlySet<number>): boolean =>
  [...socketInodes(pid)].some((inode) => inodes.has(inode))

/**
 * The first process that holds one of the sockets. It reads every process's descriptors, some milliseconds:
 * for error messages only. Undefined when it is another user's process.
 */
export const holderOf = (inodes: ReadonlySet<number>): Holder | undefined => {
  if (inodes.size === 0) return undefined
  for (const name of orElse(() => readdirSync('/proc'), [])) {
    if (!/^\d+$/.test(name) || !holdsAny(Number(name), inodes)) continue
    return { pid: Number(name), command: readProc(`${name}/cmdline`).replaceAll('\0', ' ').trim() }
  }
  return undefined
}

/** Who listens where `ip`:`port` would: on the same address, or either of the two on all interfaces. */
export const tcpHolder = (ip: string, port: number): Holder | undefined => {
  const any = ip === '0.0.0.0' || ip === '::'
  const rows = listeningSockets().filter(
    (row) => row.port === port && (any || row.any || row.family === 6 || row.address === ip),
  )
  return holderOf(new Set(rows.map(({ inode }) => inode)))
}
