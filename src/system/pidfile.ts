/**
 * The pidfile: `PID\n`, mode 0644, held by one living master. A file whose process is gone, or is no master of ours,
 * does not stand in the way (pids are used again, above all in containers). Knows nothing of upgrades but `rename`.
 */
import { linkSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { hasCode, messageOf, ServerError } from '../errors.ts'
import { commandOf, environOf, isAlive, startedAt } from './processes.ts'

/** What is known of the process a pidfile names. `undefined`: it cannot be known here. */
export interface OwnerFacts {
  readonly alive: boolean
  readonly isSelf: boolean
  /** Whether its command or environment bears our name. */
  readonly isOurs: boolean | undefined
  /** Wall-clock ms. */
  readonly startedAt: number | undefined
  readonly writtenAt: number
}

/** File times and start times are rounded, and the clock is nudged while a machine runs. */
const clockSlack = 2000

/** Pure. A master writes its pidfile after its start, so a process younger than the file is another one. */
export const ownsPidfile = ({ alive, isSelf, isOurs, startedAt, writtenAt }: OwnerFacts): boolean => {
  if (!alive || isSelf || isOurs === false) return false
  return startedAt === undefined || startedAt <= writtenAt + clockSlack
}

/** Every master's command holds the word, in its path or its title; an upgraded or daemonized one has variables. */
const bearsOurName = (pid: number): boolean | undefined => {
  const command = commandOf(pid)
  if (command === '') return undefined
  return command.includes('gunicorn') || environOf(pid).some((text) => text.startsWith('TSGUNICORN_'))
}

interface Found {
  readonly pid: number | undefined
  readonly writtenAt: number
  readonly identity: string
}

const read = (path: string): Found | undefined => {
  try {
    const { ino, mtimeNs } = statSync(path, { bigint: true })
    const text = readFileSync(path, 'latin1').trim()
    const pid = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
    return { pid, writtenAt: Number(mtimeNs / 1_000_000n), identity: `${ino}:${mtimeNs}:${text}` }
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return undefined
    throw thrown
  }
}

const isOwned = ({ pid, writtenAt }: Found): boolean =>
  pid !== undefined &&
  ownsPidfile({
    alive: isAlive(pid),
    isSelf: pid === process.pid,
    isOurs: bearsOurName(pid),
    startedAt: startedAt(pid),
    writtenAt,
  })

/** The pid of the master that holds the pidfile, undefined when nobody does. Throws what the file system throws. */
export const pidfileOwner = (path: string): number | undefined => {
  const found = read(path)
  return found !== undefined && isOwned(found) ? found.pid : undefined
}

const unlinkIfPresent = (path: string): void => {
  try {
    unlinkSync(path)
  } catch (thrown) {
    if (!hasCode(thrown, 'ENOENT')) throw thrown
  }
}

/** link(2) fails when the name exists: of two racers one wins, and nobody ever reads half a pid. */
const publish = (temporary: string, path: string): boolean => {
  try {
    linkSync(temporary, path)
    return true
  } catch (thrown) {
    if (hasCode(thrown, 'EEXIST')) return false
    // File systems without hard links.
    if (!hasCode(thrown, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw thrown
  }
  try {
    writeFileSync(path, readFileSync(temporary), { flag: 'wx', mode: 0o644 })
    return true
  } catch (thrown) {
    if (hasCode(thrown, 'EEXIST')) return false
    throw thrown
  }
}

/** Moves the stale file aside. Another racer may have replaced it since it was judged: then it is put back. */
const removeStale = (path: string, stale: Found): void => {
  const aside = `${path}.${process.pid}.stale`
  try {
    renameSync(path, aside)
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return
    throw thrown
  }
  if (read(aside)?.identity !== stale.identity) publish(aside, path)
  unlinkIfPresent(aside)
}

/** Racers that replace one another's files end after so many rounds, with an error. */
const rounds = 10

const unwritable = (path: string, thrown: unknown): ServerError => {
  if (thrown instanceof ServerError) return thrown
  const missing = hasCode(thrown, 'ENOENT', 'ENOTDIR')
    ? ` The directory ${dirname(path)} does not exist.`
    : ''
  return new ServerError(
    'TSG_PIDFILE_UNWRITABLE',
    `pidfile: cannot write ${path}: ${messageOf(thrown)}.${missing} Create the directory, or let this user write there.`,
    { cause: thrown },
  )
}

const claim = (temporary: string, path: string, gone: number | undefined): void => {
  for (let round = 0; round < rounds; round++) {
    if (publish(temporary, path)) return
    const found = read(path)
    if (found === undefined) continue
    if (found.pid !== gone && isOwned(found))
      throw new ServerError('TSG_PIDFILE_OWNED', `Already running on PID ${found.pid} (pid file ${path})`)
    removeStale(path, found)
  }
  throw new Error('other processes keep replacing it')
}

const write = (path: string, gone: number | undefined): void => {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    unlinkIfPresent(temporary)
    const umask = process.umask(0o022)
    try {
      writeFileSync(temporary, `${process.pid}\n`, { flag: 'wx', mode: 0o644 })
    } finally {
      process.umask(umask)
    }
    try {
      claim(temporary, path, gone)
    } finally {
      unlinkIfPresent(temporary)
    }
  } catch (thrown) {
    throw unwritable(path, thrown)
  }
}

export class Pidfile {
  #path: string

  private constructor(path: string) {
    this.#path = path
  }

  /**
   * Writes this process's pid. `gone` is a master that is known to end, though the system may still show its process.
   * Throws ServerError TSG_PIDFILE_OWNED when a living master holds the file, TSG_PIDFILE_UNWRITABLE when it cannot be
   * written.
   */
  static create(path: string, gone?: number): Pidfile {
    write(path, gone)
    return new Pidfile(path)
  }

  get path(): string {
    return this.#path
  }

  /** Holds `path` from now on, and gives the old one up. Throws as `create`, and then holds what it held. */
  rename(path: string, gone?: number): void {
    if (path === this.#path) return
    write(path, gone)
    this.unlink()
    this.#path = path
  }

  /** Removes the file if it still holds our pid. For ends of every kind: what cannot be removed stays, stale. */
  unlink(): void {
    try {
      if (read(this.#path)?.pid === process.pid) unlinkIfPresent(this.#path)
    } catch (thrown) {
      if (!hasCode(thrown, 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR')) throw thrown
    }
  }
}
