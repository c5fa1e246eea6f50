/**
 * `capture_output`: the standard output and error of this process, and of what it spawns, go to the error log's file.
 * Node has no dup2(2), so a descriptor is closed and a file opened, which takes the lowest free number (open(2)).
 * Not for the time when other files are being opened by threads: one of them could take the number.
 */
import { closeSync, openSync } from 'node:fs'
import { hasCode, messageOf, ServerError } from '../errors.ts'
import { LogFile, type Owner } from './file.ts'

export interface Capture {
  /** Points both to a fresh file (after a rotation). Errors: TSG_LOG_UNWRITABLE; the old file then stays. */
  readonly reopen: () => void
}

export interface CaptureOptions {
  /** The error log's path. */
  readonly path: string
  readonly owner?: Owner
}

const captured = [1, 2] as const

/**
 * Points 1 and 2 to the file. Errors: TSG_LOG_UNWRITABLE, and both descriptors are what they were: the file is opened
 * once before anything is closed.
 */
export function captureOutput(options: CaptureOptions): Capture {
  const reopen = (): void => {
    const file = openFile(options)
    try {
      for (const fd of captured) point(fd, options.path)
    } finally {
      file.close()
    }
  }
  reopen()
  return { reopen }
}

const openFile = ({ path, owner }: CaptureOptions): LogFile =>
  new LogFile({ destination: path, setting: 'errorlog', ...(owner === undefined ? {} : { owner }) })

/** `fd` is opened on the path; on failure on what it was, or at least on nothing. */
function point(fd: number, path: string): void {
  const saved = openAgain(fd)
  closeSync(fd)
  try {
    openAt(fd, path, 'a')
  } catch (error) {
    openAt(fd, saved === undefined ? '/dev/null' : descriptorPath(saved), 'a')
    throw new ServerError(
      'TSG_LOG_UNWRITABLE',
      `capture_output: '${path}' cannot be opened as descriptor ${fd} (${messageOf(error)}). ` +
        'Choose another errorlog, or leave capture_output off.',
      { cause: error },
    )
  } finally {
    if (saved !== undefined) closeSync(saved)
  }
}

/** Opens until the number is `fd`; smaller numbers, free because the process started without them, are given back. */
function openAt(fd: number, path: string, flags: string): void {
  const smaller: number[] = []
  try {
    for (let tries = 0; tries <= fd; tries += 1) {
      const got = openSync(path, flags)
      if (got === fd) return
      smaller.push(got)
      if (got > fd) break
    }
    throw new Error(`descriptor ${fd} was taken by another file`)
  } finally {
    for (const other of smaller) closeSync(other)
  }
}

const descriptorPath = (fd: number): string => `/dev/fd/${fd}`

/** A second descriptor of the same file; undefined for what cannot be opened twice, as sockets. */
function openAgain(fd: number): number | undefined {
  try {
    return openSync(descriptorPath(fd), 'a')
  } catch (error) {
    // Sockets, terminals of another user, descriptors that are not open: then there is nothing to go back to.
    if (hasCode(error, 'ENXIO', 'ENOENT', 'EACCES', 'EBADF', 'EPERM')) return undefined
    throw error
  }
}
