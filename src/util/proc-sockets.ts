/** What Linux tells of sockets in /proc (proc(5)). Everything is empty where there is no /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hasCode } from '../errors.ts'

/** What is gone, or not ours to see, is no error here: processes end while /proc is read. */
export const orElse = <T>(read: () => T, fallback: T): T => {
  try {
    return read()
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL', 'ENOTDIR')) return fallback
    throw thrown
  }
}

export const readProc = (path: string): string => orElse(() => readFileSync(`/proc/${path}`, 'latin1'), '')

/** Inodes of the sockets that a process holds ('self' for our own). */
export const socketInodes = (pid: number | 'self'): Set<number> => {
  const links = orElse(() => readdirSync(`/proc/${pid}/fd`), []).map((fd) => socketInode(pid, Number(fd)))
  return new Set(links.filter((inode) => inode !== undefined))
}

/** The inode of the socket behind a descriptor; undefined when it is no socket. */
export const socketInode = (pid: number | 'self', fd: number): number | undefined => {
  const inode = /^socket:\[(\d+)\]$/.exec(orElse(() => readlinkSync(`/proc/${pid}/fd/${fd}`), ''))?.[1]
  return inode === undefined ? undefined : Number(inode)
}
