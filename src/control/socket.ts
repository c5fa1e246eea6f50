/**
 * A unix socket that this process itself accepts on: its path leads to it or to nothing, its mode is right before anyone
 * can connect, a path that somebody answers on is not taken, and nothing but its own file is removed at the end. It
 * knows nothing of what is said.
 */
import { lstatSync, renameSync, unlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { hasCode, ServerError } from '../errors.ts'
import { longestUnixPath } from '../sockets/address.ts'
import { bindFailure } from '../sockets/failures.ts'
import { refuseToReplace, temporaryPath } from '../sockets/unix.ts'
import { bounds } from './bounds.ts'

export interface OpenSocket {
  readonly path: string
  readonly mode: number
  /** Moves the file. Throws ServerError TSG_ADDRESS_IN_USE while somebody answers there. */
  rename(to: string): Promise<void>
  /** Accepts no more, and removes the file when it is still its own. Connections stay. */
  close(): void
}

const identityOf = (path: string): string | undefined => {
  try {
    const { dev, ino } = lstatSync(path)
    return `${dev}:${ino}`
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined
    throw thrown
  }
}

const unlinkIf = (path: string, identity: string | undefined): void => {
  if (identity === undefined || identityOf(path) !== identity) return
  try {
    unlinkSync(path)
  } catch (thrown) {
    // A stale file is replaced at the next start.
    if (!hasCode(thrown, 'ENOENT', 'EACCES', 'EPERM', 'EROFS')) throw thrown
  }
}

/** The file that is at a path now: it is removed only while it is this one. */
export class OwnFile {
  readonly #identity: string | undefined
  #path: string

  constructor(path: string) {
    this.#path = path
    this.#identity = identityOf(path)
  }

  get path(): string {
    return this.#path
  }

  rename(to: string): void {
    renameSync(this.#path, to)
    this.#path = to
  }

  unlink(): void {
    unlinkIf(this.#path, this.#identity)
  }
}

/**
 * Listens at `path`, which may not be anybody's, with the umask in force only while it binds: Node does so before
 * `listen` returns. What fails is told by an event.
 */
const listenAt = async (server: Server, path: string, umask: number): Promise<void> => {
  unlinkIf(path, identityOf(path))
  const before = process.umask(umask)
  try {
    server.listen({ path, backlog: 511 })
  } finally {
    process.umask(before)
  }
  if (server.listening) return
  await new Promise((_resolve, reject) => server.once('error', reject))
}

const checkLength = (path: string): void => {
  const bytes = Buffer.byteLength(path)
  if (bytes > longestUnixPath)
    throw new ServerError(
      'TSG_ADDRESS_INVALID',
      `${path} has ${bytes} bytes; the path of a unix socket may have ${longestUnixPath}.`,
    )
}

/**
 * Opens the socket at `path` (absolute), with permissions `mode`. It is bound under another name and moved, so that a
 * stale file is replaced at once. Throws ServerError TSG_ADDRESS_*.
 */
export const openSocket = async (path: string, mode: number, server: Server): Promise<OpenSocket> => {
  const address = { kind: 'unix', path } as const
  try {
    checkLength(path)
    await refuseToReplace(address)
    const temporary = temporaryPath(path, process.pid)
    await listenAt(server, temporary, 0o777 & ~mode)
    renameSync(temporary, path)
  } catch (thrown) {
    server.close()
    throw bindFailure(address, thrown)
  }
  return new BoundFile(path, mode, server)
}

/** A server for `openSocket`: what is said on its connections is the business of `accept`. */
export const plainServer = (accept: (socket: Socket) => void): Server => {
  const server = createServer({ allowHalfOpen: true }, accept)
  server.maxConnections = bounds.connections
  return server
}

class BoundFile implements OpenSocket {
  readonly mode: number
  readonly #server: Server
  readonly #file: OwnFile

  constructor(path: string, mode: number, server: Server) {
    this.#file = new OwnFile(path)
    this.mode = mode
    this.#server = server
    // Accepting may fail (no descriptors left); the next connection may succeed.
    server.on('error', () => undefined)
  }

  get path(): string {
    return this.#file.path
  }

  async rename(to: string): Promise<void> {
    await refuseToReplace({ kind: 'unix', path: to })
    this.#file.rename(to)
  }

  close(): void {
    this.#file.unlink()
    this.#server.close()
  }
}
