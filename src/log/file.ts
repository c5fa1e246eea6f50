/**
 * The file behind a log: opened for appending, so that many processes write whole lines into one file (O_APPEND,
 * open(2): the seek to the end and the write are one step), and opened anew after a rotation. It knows no lines.
 */
import type { Stats } from 'node:fs'
import { accessSync, closeSync, constants, fchownSync, fstatSync, lstatSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { hasCode, messageOf, ServerError } from '../errors.ts'

/** Who owns log files, so that workers that dropped privileges can open them again. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface LogFileOptions {
  /** A path, or the number of a descriptor that is open already (1, 2). */
  readonly destination: string | number
  readonly owner?: Owner
  /**
   * Of a descriptor that is a pipe: write through a description of our own that never blocks (Linux), whatever flags
   * the processes that share the pipe set. Not for logs that are opened before a daemon lets go of its terminal.
   */
  readonly unblocked?: boolean
  /** The setting to name in errors. */
  readonly setting: string
}

/** Writes of several processes into one pipe stay whole up to this size only (PIPE_BUF, pipe(7)). */
const PIPE_BYTES = 4096
/** One write of a buffered log into a file: enough to make the system call cheap. */
const FILE_BYTES = 65_536

/** The log of a path, or of a descriptor that this process was given and never closes. */
export class LogFile {
  readonly #options: LogFileOptions
  #fd: number
  #closed = false

  /** Errors: TSG_LOG_UNWRITABLE when the path cannot be opened for appending. */
  constructor(options: LogFileOptions) {
    this.#options = options
    const { destination, unblocked = false } = options
    if (typeof destination === 'string') this.#fd = openForAppend(options)
    else this.#fd = unblocked ? withoutBlocking(destination) : destination
  }

  get fd(): number {
    return this.#fd
  }

  get path(): string {
    return String(this.#options.destination)
  }

  /** False for a descriptor that this process was given: there is no name to open anew. */
  get named(): boolean {
    return typeof this.#options.destination === 'string'
  }

  /** How many bytes one write may have and still not be mixed with another process's. */
  get wholeBytes(): number {
    return this.regular ? FILE_BYTES : PIPE_BYTES
  }

  /** False for pipes, sockets and terminals. */
  get regular(): boolean {
    return isFile(this.#fd)
  }

  /**
   * Opens the path anew; a descriptor stays what it is. The new file is open before the old one is let go, so a
   * failure (TSG_LOG_UNWRITABLE) leaves the log where it was.
   */
  reopen(): void {
    if (this.#closed || !this.named) return
    const former = this.#fd
    this.#fd = openForAppend(this.#options)
    closeSync(former)
  }

  /** Closing twice is harmless: the number may belong to another file by then. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#fd !== this.#options.destination) closeSync(this.#fd)
  }
}

/**
 * Makes the file where there is none, and gives it to its owner: for processes that may not do so themselves. A pipe
 * without a reader is not waited for. Errors: TSG_LOG_UNWRITABLE.
 */
export function provideFile(options: LogFileOptions & { readonly destination: string }): void {
  try {
    closeSync(openOwned(options, O_NONBLOCK))
  } catch (error) {
    if (!hasCode(error, 'ENXIO')) throw unwritable(options, error)
  }
}

/**
 * That the file can be appended to, or made: known without making it, and without a change to one that is there.
 * Errors: TSG_LOG_UNWRITABLE.
 */
export function proveFile(options: Pick<LogFileOptions, 'setting'> & { readonly destination: string }): void {
  const { destination } = options
  try {
    closeSync(openSync(destination, O_WRONLY | O_APPEND | O_NONBLOCK))
  } catch (error) {
    // A pipe whose reader has not come yet.
    if (hasCode(error, 'ENXIO')) return
    if (!hasCode(error, 'ENOENT') || destination === '') throw unwritable(options, error)
    proveFolder(options)
  }
}

function proveFolder(options: Parameters<typeof proveFile>[0]): void {
  try {
    accessSync(dirname(options.destination), W_OK | X_OK)
  } catch (error) {
    throw unwritable(options, error)
  }
}

function openForAppend(options: LogFileOptions): number {
  try {
    return openOwned(options)
  } catch (error) {
    throw unwritable(options, error)
  }
}

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY, W_OK, X_OK } = constants

/** The caller closes it. Errors: those of open(2) and fchown(2). */
function openOwned({ destination, owner }: LogFileOptions, more = 0): number {
  const path = String(destination)
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | more, 0o644)
  try {
    if (owner !== undefined) giveTo(fd, path, owner)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

const unwritable = ({ setting, destination }: LogFileOptions, error: unknown): ServerError =>
  new ServerError(
    'TSG_LOG_UNWRITABLE',
    `${setting}: '${destination}' cannot be opened for appending (${messageOf(error)}). ${advice(error)}`,
    { cause: error },
  )

const advice = (error: unknown): string => {
  if (hasCode(error, 'ENOENT')) return 'Create its directory.'
  if (hasCode(error, 'EACCES', 'EPERM')) return 'Let the user of the server write it, or choose another file.'
  return 'Choose another file.'
}

/** Regular files alone: a device as /dev/null belongs to the system. Only root may give files away (chown(2)). */
function giveTo(fd: number, path: string, { uid, gid }: Owner): void {
  if (process.geteuid?.() !== 0) return
  const stat = fstatSync(fd)
  if (!stat.isFile() || (stat.uid === uid && stat.gid === gid) || isPlanted(path, stat)) return
  fchownSync(fd, uid, gid)
}

/**
 * The name leads to the file by a link that is not root's. In a folder that the workers' user may write, the user
 * could so have root give away any file of the system.
 */
function isPlanted(path: string, { dev, ino, nlink }: Stats): boolean {
  const named = lstatSync(path, { throwIfNoEntry: false })
  if (named?.isSymbolicLink()) return named.uid !== 0
  return named?.dev !== dev || named.ino !== ino || nlink > 1
}

/** The same pipe, opened again by its name in /proc (proc(5)); the descriptor itself where that cannot be. */
function withoutBlocking(fd: number): number {
  if (process.platform !== 'linux' || isFile(fd)) return fd
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK)
  } catch (error) {
    // Sockets (ENXIO), pipes of another user (EACCES), no /proc (ENOENT).
    if (hasCode(error, 'ENXIO', 'EACCES', 'EPERM', 'ENOENT')) return fd
    throw error
  }
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile()
  } catch (error) {
    if (hasCode(error, 'EBADF')) return false
    throw error
  }
}
