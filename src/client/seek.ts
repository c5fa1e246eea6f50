/** Looks for servers: sockets in the control folders, pidfiles, and who answers. Which one is meant says find.ts. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Status } from '../control/status.ts'
import { hasCode, messageOf } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'
import { Connection } from './connection.ts'
import { Failure } from './failure.ts'
import { type Candidate, choose } from './find.ts'
import { controlFolders, isControlSocket } from './folders.ts'
import type { World } from './world.ts'

export interface Sought {
  readonly socket?: string
  readonly pidfile?: string
  /** It is to be changed: one that lives elsewhere has to be named. */
  readonly changes: boolean
  /** Milliseconds for each answer. */
  readonly timeout: number
}

/** A server that answered, and the connection on which it did. */
export interface Found extends Candidate {
  readonly connection: Connection
}

/** Milliseconds that one of several may take: a master that hangs must not hide the others. */
const patience = 2000

/** The server that is meant. Rejects with a Failure. The connection is the caller's to close. */
export const seek = async (sought: Sought, world: World): Promise<Found> => {
  const { socket, pidfile, changes, timeout } = sought
  if (socket !== undefined) return await ask(resolve(world.directory, socket), timeout)
  const pid = pidfile === undefined ? undefined : pidIn(resolve(world.directory, pidfile))
  const folders = controlFolders(world.env, world.uid)
  const { found, silent } = await answering(socketsIn(folders), Math.min(timeout, patience))
  const [hanging] = silent
  if (found.length === 0 && hanging !== undefined) throw hanging
  const { path } = withClosing(found, () =>
    choose(found, { directory: world.directory, folders, changes, ...(pid === undefined ? {} : { pid }) }),
  )
  return only(found, path)
}

/** Every server that answers in the folders of this user; sockets that nobody answers on are named in `stale`. */
export const lookAround = async (
  world: World,
): Promise<{ readonly found: readonly Found[]; readonly stale: readonly string[] }> => {
  const { found, stale } = await answering(socketsIn(controlFolders(world.env, world.uid)), patience)
  return { found, stale }
}

/** Whose a file is, as a name where there is one, else as a number; null when it cannot be told. */
export const ownerOf = (path: string): string | null => {
  try {
    const { uid } = statSync(path)
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((one) => one.split(':')[2] === String(uid))
    return line?.split(':')[0] ?? String(uid)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return null
    throw error
  }
}

const only = (found: readonly Found[], path: string): Found => {
  const [meant, ...others] = [...found].sort((one) => (one.path === path ? -1 : 1))
  for (const { connection } of others) connection.close()
  if (meant === undefined) throw new Failure('not-running', 'The server that was found is gone.')
  return meant
}

const withClosing = <T>(found: readonly Found[], choice: () => T): T => {
  try {
    return choice()
  } catch (error) {
    for (const { connection } of found) connection.close()
    throw error
  }
}

const ask = async (path: string, timeout: number): Promise<Found> => {
  const connection = await Connection.open(path, timeout, () => ownerOf(path))
  try {
    const status = statusOf(await connection.ask('status', {}, timeout), path)
    return { path, status, directory: directoryOf(status.pid), connection }
  } catch (error) {
    connection.close()
    throw error
  }
}

const statusOf = (data: unknown, path: string): Status => {
  if (isRecord(data) && typeof data['pid'] === 'number') return data as unknown as Status
  throw new Failure('failed', `What answers on ${path} is no tsgunicorn.`, { code: 'unreachable' })
}

interface Answering {
  readonly found: readonly Found[]
  readonly stale: readonly string[]
  /** Of those that are alive and do not answer. */
  readonly silent: readonly Failure[]
}

const answering = async (paths: readonly string[], timeout: number): Promise<Answering> => {
  const answers = await Promise.allSettled(paths.map((path) => ask(path, timeout)))
  const found = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failures = answers.map((one) => (one.status === 'rejected' ? one.reason : undefined))
  const stale = paths.filter((_, at) => failures[at] instanceof Failure && failures[at].code === 'stale')
  const silent = failures.filter((one) => one instanceof Failure && one.kind !== 'not-running')
  return { found, stale, silent }
}

const socketsIn = (folders: readonly string[]): readonly string[] =>
  folders.flatMap((folder) => {
    try {
      return readdirSync(folder)
        .filter(isControlSocket)
        .map((name) => join(folder, name))
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return []
      throw error
    }
  })

const pidIn = (path: string): number => {
  const text = textOf(path)
  const pid = Number(text.trim())
  if (Number.isSafeInteger(pid) && pid > 0) return pid
  throw new Failure('usage', `${path} is no pidfile: it does not hold a process id.`, { code: 'pidfile' })
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const missing = hasCode(cause, 'ENOENT')
    const words = missing
      ? `There is no pidfile ${path}: is the server running?`
      : `The pidfile cannot be read: ${messageOf(cause)}.`
    throw new Failure(missing ? 'not-running' : 'failed', words, { code: 'pidfile', cause })
  }
}

/** Linux tells it for processes of the same user; macOS and others do not. */
const directoryOf = (pid: number): string | null => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES', 'EPERM', 'ENOTDIR')) return null
    throw error
  }
}
