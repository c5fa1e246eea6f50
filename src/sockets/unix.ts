/**
 * Binding a unix socket so that its path always leads to a listening socket or to nothing.
 *
 * The socket is bound under a temporary name beside the path and renamed over it. That replaces a stale file
 * atomically, and it keeps libuv, which removes the name it bound when the handle is closed, away from the path.
 * Knows nothing of who is to listen.
 */
import { chownSync, lstatSync, renameSync, statSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { hasCode, ServerError } from '../errors.ts'
import { longestUnixPath, type UnixAddress } from './address.ts'
import { bindFailure, inUse } from './failures.ts'
import { type Bound, bindUnix } from './handle.ts'

export interface UnixOptions {
  /** For the file's mode: 0o117 gives 0660. Gunicorn's default is 0: everybody. */
  readonly umask: number
  readonly owner?: { readonly uid: number; readonly gid: number }
}

const suffix = /\.[0-9a-z]{1,6}~$/

/**
 * /proc/net/unix and ss(8) go on showing the temporary name, from which `publishedPath` makes the path again.
 * A path too long for a suffix gets a short name in its directory, and cannot be told from it.
 */
export const temporaryPath = (path: string, pid: number): string => {
  const beside = `${path}.${pid.toString(36)}~`
  return Buffer.byteLength(beside) <= longestUnixPath ? beside : join(dirname(path), `.${pid.toString(36)}~`)
}

export const publishedPath = (name: string): string => name.replace(suffix, '')

/** What stands at the path: nothing, a socket, or something that is not ours to replace. */
const kindAt = (path: string): 'nothing' | 'socket' | 'other' => {
  try {
    return lstatSync(path).isSocket() ? 'socket' : 'other'
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return 'nothing'
    throw thrown
  }
}

/** ECONNREFUSED is the one answer that says nobody listens (unix(7)); EAGAIN, say, is a server with a full queue. */
const isServed = (path: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true))
    socket.once('error', (error) => {
      if (hasCode(error, 'ECONNREFUSED', 'ENOENT')) resolve(false)
      else if (hasCode(error, 'EACCES', 'EPERM')) reject(error)
      else resolve(true)
    })
    socket.once('connect', () => socket.destroy())
  })

/** Throws when a server answers at the path, or something is there that is no socket: ServerError, or a system error. */
export const refuseToReplace = async (address: UnixAddress): Promise<void> => {
  const kind = kindAt(address.path)
  // libuv would report the missing directory as EACCES.
  if (kind === 'nothing') statSync(dirname(address.path))
  if (kind === 'other')
    throw new ServerError(
      'TSG_ADDRESS_REFUSED',
      `Cannot bind unix:${address.path}: there is a file that is not a socket. Remove it, or use another path.`,
    )
  if (kind === 'socket' && (await isServed(address.path))) throw inUse(address, undefined)
}

const unlinkIfPresent = (path: string): void => {
  try {
    unlinkSync(path)
  } catch (thrown) {
    if (!hasCode(thrown, 'ENOENT')) throw thrown
  }
}

/** Nothing here waits, so that nothing else of the process runs under the changed umask. */
const bindAndPublish = (path: string, { umask, owner }: UnixOptions): Bound => {
  const temporary = temporaryPath(path, process.pid)
  unlinkIfPresent(temporary)
  const before = process.umask(umask)
  let bound: Bound
  try {
    bound = bindUnix(temporary)
  } finally {
    process.umask(before)
  }
  try {
    if (owner !== undefined) chownSync(temporary, owner.uid, owner.gid)
    renameSync(temporary, path)
    return bound
  } catch (thrown) {
    bound.close()
    throw thrown
  }
}

/**
 * Binds, replacing the file of a server that is gone. Throws ServerError TSG_ADDRESS_IN_USE when a server answers
 * there, TSG_ADDRESS_REFUSED for everything else.
 */
export const bindUnixAddress = async (address: UnixAddress, options: UnixOptions): Promise<Bound> => {
  try {
    await refuseToReplace(address)
    return bindAndPublish(address.path, options)
  } catch (thrown) {
    throw bindFailure(address, thrown)
  }
}
