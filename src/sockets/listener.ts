/**
 * A listener: an address and the descriptor bound to it, owned by this process and copied to workers. It does not
 * accept, and does not know whether listen(2) was called.
 */
import { lstatSync, unlinkSync } from 'node:fs'
import { hasCode } from '../errors.ts'
import { type Address, formatAddress } from './address.ts'
import type { Bound } from './handle.ts'

export interface Listener {
  /** With the real port, and the numeric host where a name was given. */
  readonly address: Address
  readonly fd: number
  /** For `child.send(message, handle)`; it may be sent any number of times. */
  readonly handle: object
  /** As Gunicorn logs it. */
  readonly name: string
  /** Of the unix socket's file, to know it again; undefined for TCP and for sockets that are not ours to remove. */
  readonly inode?: number
  /** Closes our copy of the descriptor; workers keep theirs. Never removes the path. Twice is once. */
  close(): void
  /** Removes the unix socket's path, unless another socket has been put there since. */
  unlink(): void
}

const inodeOf = (path: string): number | undefined => {
  try {
    return lstatSync(path).ino
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined
    throw thrown
  }
}

const unlinkOwn = (path: string, inode: number): void => {
  if (inodeOf(path) !== inode) return
  try {
    unlinkSync(path)
  } catch (thrown) {
    // Someone else removed it first, or we dropped the right to: a stale file is replaced at the next start.
    if (!hasCode(thrown, 'ENOENT', 'EACCES', 'EPERM', 'EROFS')) throw thrown
  }
}

/** `removable`: the path is ours and goes when the server ends. */
export const listenerOf = (address: Address, bound: Bound, removable: boolean): Listener => {
  const inode = removable && address.kind === 'unix' ? inodeOf(address.path) : undefined
  let open = true
  return {
    address,
    fd: bound.fd,
    handle: bound.handle,
    name: formatAddress(address),
    ...(inode === undefined ? {} : { inode }),
    close: () => {
      if (open) bound.close()
      open = false
    },
    unlink: () => {
      if (inode !== undefined && address.kind === 'unix') unlinkOwn(address.path, inode)
    },
  }
}
