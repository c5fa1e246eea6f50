/**
 * Users and groups: from names to ids, and from root to one of them. The names are resolved by the master, once; the
 * ids are taken on by each worker, before it loads the application.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { hasCode, messageOf, ServerError } from '../errors.ts'

export interface User {
  readonly uid: number
  /** Undefined for a number that no user has. */
  readonly name: string | undefined
  /** The user's own group, undefined like the name. */
  readonly gid: number | undefined
}

const isId = (text: string): boolean => /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1

type Line = readonly string[]

/** passwd(5) and group(5): fields between colons. Pure. */
export const parseAccounts = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))

const readAccounts = async (path: string): Promise<Line[]> => {
  try {
    return parseAccounts(await readFile(path, 'utf8'))
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'EACCES')) return []
    throw thrown
  }
}

/** LDAP and its like are in no file: getent(1) asks the system's switch. No getent, no such account: nothing. */
const askSystem = async (database: 'passwd' | 'group', key: string): Promise<Line[]> => {
  try {
    const { stdout } = await promisify(execFile)('getent', [database, '--', key], { timeout: 5000 })
    return parseAccounts(stdout)
  } catch {
    return []
  }
}

const find = async (database: 'passwd' | 'group', key: string): Promise<Line | undefined> => {
  const matches = (line: Line): boolean => line[0] === key || (isId(key) && line[2] === String(Number(key)))
  return (
    (await readAccounts(`/etc/${database}`)).find(matches) ?? (await askSystem(database, key)).find(matches)
  )
}

const unknownName = (setting: string, key: string): ServerError =>
  new ServerError(
    'TSG_PRIVILEGES',
    `${setting}: no ${setting} is called '${key}'. Use a name that 'getent ${setting === 'user' ? 'passwd' : 'group'}' lists, or a number.`,
  )

/** A user by name or id. A number that nobody has is allowed, as in containers. Rejects with TSG_PRIVILEGES. */
export const resolveUser = async (nameOrId: string | number): Promise<User> => {
  const key = String(nameOrId)
  const line = await find('passwd', key)
  if (line !== undefined) return { uid: Number(line[2]), name: line[0], gid: Number(line[3]) }
  if (isId(key)) return { uid: Number(key), name: undefined, gid: undefined }
  throw unknownName('user', key)
}

/** A group's id by name or id. Rejects with TSG_PRIVILEGES. */
export const resolveGroup = async (nameOrId: string | number): Promise<number> => {
  const key = String(nameOrId)
  if (isId(key)) return Number(key)
  const line = await find('group', key)
  if (line === undefined) throw unknownName('group', key)
  return Number(line[2])
}

/** The name of a group; its number where it has none. */
export const groupName = async (gid: number): Promise<string> =>
  (await find('group', String(gid)))?.[0] ?? String(gid)

export interface Identity {
  readonly uid: number
  readonly gid: number
  /** Take on all groups that /etc/group gives the user; needs `userName`. */
  readonly initgroups: boolean
  readonly userName?: string | undefined
}

/** Missing in @types/node 20. */
type WithInitgroups = NodeJS.Process & { initgroups(user: string, extraGroup: number): void }

/** Groups while we still may, the user last. Gunicorn without initgroups keeps root's groups: that is not copied. */
const become = ({ uid, gid, initgroups, userName }: Identity): void => {
  if (initgroups && userName !== undefined) (process as WithInitgroups).initgroups(userName, gid)
  else process.setgroups?.([gid])
  process.setgid?.(gid)
  process.setuid?.(uid)
}

/** A kernel or a container that let us come back would make all this worthless. */
const canReturn = (): boolean => {
  try {
    process.setuid?.(0)
    return true
  } catch {
    return false
  }
}

/**
 * Makes this process, with all its threads, the user's and the group's for good. Nothing happens when it is already.
 * Throws ServerError TSG_PRIVILEGES when the process is not root, or the system refuses.
 */
export const dropPrivileges = (identity: Identity): void => {
  const { uid, gid } = identity
  if (process.geteuid?.() === uid && process.getegid?.() === gid) return
  if (process.geteuid?.() !== 0)
    throw new ServerError(
      'TSG_PRIVILEGES',
      `user, group: only root may become ${uid}:${gid}, this process is ${process.geteuid?.()}:${process.getegid?.()}. ` +
        'Start as root, or leave the settings out.',
    )
  try {
    become(identity)
  } catch (cause) {
    throw new ServerError('TSG_PRIVILEGES', `user, group: cannot become ${uid}:${gid}: ${messageOf(cause)}`, {
      cause,
    })
  }
  if (uid !== 0 && canReturn())
    throw new ServerError(
      'TSG_PRIVILEGES',
      `user: the system let user ${uid} become root again; not going on.`,
    )
}
