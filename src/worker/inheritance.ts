/**
 * What a worker has from its master: usually descriptors that it was started with. A process that was started before
 * there was anything to give (arbiter/early-worker.ts) gets the same by message, and takes its place with it.
 */
import { openSync } from 'node:fs'
import type { EngineListener } from '../http/engine.ts'
import type { BootMessage } from '../ipc/messages.ts'

/** A raw handle, as Node hands it over from another process ("net.Native"). */
interface RawHandle {
  /** listen(2): 0, or libuv's negative errno. */
  listen(backlog: number): number
  close(): void
}

export const isHandle = (handle: unknown): handle is RawHandle =>
  typeof handle === 'object' && handle !== null && 'listen' in handle && 'close' in handle

/** libuv's EINVAL. */
const NO_HANDLE = -22

/** Handles that were sent ahead of the boot message, by listener. */
const sent = new Map<number, RawHandle>()

export function receive(index: number, handle: unknown): void {
  if (isHandle(handle)) sent.set(index, handle)
}

/**
 * Calls listen(2) for the master. The handle is closed before the loop turns: it would accept, and nobody is there to
 * answer; the socket listens on by the master's descriptor.
 */
export function listenFor(handle: unknown, backlog: number): number {
  if (!isHandle(handle)) return NO_HANDLE
  const errno = handle.listen(backlog)
  handle.close()
  return errno
}

/** Whoever looks at the environment of a child of this worker finds no mark of ours there. */
const MARKS = ['TSGUNICORN_MASTER', 'TSGUNICORN_DAEMON'] as const

export interface Inheritance {
  readonly board: number
  readonly sockets: readonly EngineListener[]
}

/** Takes place and folder, and finds the sockets and the board. Before privileges are dropped. */
export function inherit({ place, board, listeners }: BootMessage): Inheritance {
  if (place) takePlace(place)
  for (const name of MARKS) delete process.env[name]
  return {
    board: typeof board === 'string' ? openSync(board, 'r+') : board,
    sockets: listeners.map(({ fd, name }, index) => {
      const source = fd === 'sent' ? sent.get(index) : fd
      if (source === undefined) throw new Error(`the socket of ${name} did not arrive`)
      return { fd: source }
    }),
  }
}

function takePlace({ cwd, env }: NonNullable<BootMessage['place']>): void {
  process.chdir(cwd)
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
  Object.assign(process.env, env)
}
