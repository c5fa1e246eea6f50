/** The folders that a control socket may lie in: whose they are, and that nobody else gets in. */
import { chmodSync, lstatSync, mkdirSync, rmdirSync } from 'node:fs'
import { hasCode, ServerError } from '../errors.ts'
import type { Surroundings } from './path.ts'

const refused = (folder: string, why: string): ServerError =>
  new ServerError(
    'TSG_ADDRESS_REFUSED',
    `The folder ${folder} ${why}. Remove it, or name another path with control_socket.`,
  )

/** `path` when it is a folder of this user: $XDG_RUNTIME_DIR may be left from whoever called sudo. */
export const ownFolder = (path: string | undefined, uid: number): string | undefined => {
  if (path === undefined || !path.startsWith('/')) return undefined
  try {
    const found = lstatSync(path)
    return found.isDirectory() && found.uid === uid ? path : undefined
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG', 'ELOOP')) return undefined
    throw thrown
  }
}

/** What `controlPath` needs to know; `runtimeFolder` as it is in the environment. */
export const surroundingsOf = (given: Omit<Surroundings, 'uid'>): Surroundings => {
  const uid = process.geteuid?.() ?? 0
  return { ...given, uid, runtimeFolder: ownFolder(given.runtimeFolder, uid) }
}

/**
 * Makes our own folder, for us alone. One that is there must be ours and no link: anybody may have made it in the folder
 * for temporary files. Throws ServerError TSG_ADDRESS_REFUSED, or a system error.
 */
export const makeOwnFolder = (folder: string, uid: number): void => {
  try {
    mkdirSync(folder, { mode: 0o700 })
    return
  } catch (thrown) {
    if (!hasCode(thrown, 'EEXIST')) throw thrown
  }
  const found = lstatSync(folder)
  if (!found.isDirectory()) throw refused(folder, 'is no folder, but a link or a file')
  if (found.uid !== uid) throw refused(folder, `belongs to another user (uid ${found.uid})`)
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700)
}

/** Removes our folder when it is empty: another instance may have its socket there. */
export const removeIfEmpty = (folder: string): void => {
  try {
    rmdirSync(folder)
  } catch (thrown) {
    if (!hasCode(thrown, 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'EACCES', 'EPERM', 'EROFS', 'EBUSY')) throw thrown
  }
}
