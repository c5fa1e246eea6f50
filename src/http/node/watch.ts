/**
 * Looks at all connections now and then for clients that are too slow: with a body, or with taking what they are
 * sent. Costs a request nothing: clocks exist only for what a look finds unfinished. What becomes of the slow is
 * the caller's business.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpPolicy } from '../policy.ts'
import type { Connection } from './connection.ts'

export interface WatchOptions {
  readonly policy: HttpPolicy
  readonly connections: Iterable<Connection>
  /** A client sends a body too slowly. */
  readonly onSlowBody: (connection: Connection, reason: string) => void
  /** A client takes nothing of what it is sent. */
  readonly onSlowReader: (connection: Connection) => void
}

/** The longest that is slept between two looks; no limit is kept more exactly than this. */
const coarsest = 1000
const finest = 10

/** Milliseconds between two looks: a quarter of the shortest of these times (0 is none), a second at most. */
export const intervalOf = (times: readonly number[]): number => {
  const shortest = Math.min(...times.filter((time) => time > 0))
  return Math.min(coarsest, Math.max(finest, Math.floor(shortest / 4)))
}

/** What is known of a body on its way. */
export interface BodyClock {
  readonly request: IncomingMessage
  /** Bytes that had been read when it was first seen. */
  readonly base: number
  bytes: number
  /** Milliseconds in which the server was reading, and of these the last without a byte. */
  countedMs: number
  stillMs: number
}

/** Lets `elapsedMs` pass for a body; says why it is too slow, undefined when it is not. */
export const judgeBody = (
  clock: BodyClock,
  { elapsedMs, bytes, reading }: { elapsedMs: number; bytes: number; reading: boolean },
  { bodyMs, bodyMinRate }: Pick<HttpPolicy, 'bodyMs' | 'bodyMinRate'>,
): string | undefined => {
  const moved = bytes !== clock.bytes
  clock.bytes = bytes
  if (moved) clock.stillMs = 0
  if (!reading) return undefined
  clock.countedMs += elapsedMs
  if (!moved) clock.stillMs += elapsedMs
  if (clock.stillMs >= bodyMs) return 'nothing came of the body for body_timeout'
  const slow = (bytes - clock.base) * 1000 < bodyMinRate * clock.countedMs
  return slow && clock.countedMs >= bodyMs ? 'the body is slower than body_min_rate' : undefined
}

interface WriteClock {
  /** What of all that was written has left us. */
  sent: number
  queued: number
  stillMs: number
}

/** Bytes that libuv holds of the write under way: shrinks while a client takes a large one piece by piece. */
const queuedOf = (socket: Socket): number => {
  const handle = (socket as { readonly _handle?: { readonly writeQueueSize?: unknown } | null })._handle
  return typeof handle?.writeQueueSize === 'number' ? handle.writeQueueSize : 0
}

export class Watch {
  readonly #options: WatchOptions
  readonly #interval: number
  #bodies = new Map<Connection, BodyClock>()
  #writes = new Map<Connection, WriteClock>()
  #last = performance.now()
  #timer: NodeJS.Timeout | undefined

  constructor(options: WatchOptions) {
    this.#options = options
    this.#interval = intervalOf([options.policy.bodyMs, options.policy.writeMs])
  }

  start(): void {
    const { bodyMs, writeMs } = this.#options.policy
    if (bodyMs === 0 && writeMs === 0) return
    this.#timer = setInterval(() => this.#look(), this.#interval).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const now = performance.now()
    // After a blocked event loop nobody was slow but we: what clients sent meanwhile is yet to be read.
    const elapsedMs = Math.min(now - this.#last, 2 * this.#interval)
    this.#last = now
    const [bodies, writes] = [this.#bodies, this.#writes]
    this.#bodies = new Map()
    this.#writes = new Map()
    for (const connection of [...this.#options.connections]) {
      if (connection.phase === 'upgraded' || connection.socket.destroyed) continue
      this.#lookAtBody(connection, bodies.get(connection), elapsedMs)
      this.#lookAtWrites(connection, writes.get(connection), elapsedMs)
    }
  }

  #lookAtBody(connection: Connection, known: BodyClock | undefined, elapsedMs: number): void {
    const request = connection.unread
    const { policy, onSlowBody } = this.#options
    if (!request || policy.bodyMs === 0 || connection.phase === 'ending') return
    const bytes = connection.socket.bytesRead
    const clock =
      known?.request === request ? known : { request, base: bytes, bytes, countedMs: 0, stillMs: 0 }
    this.#bodies.set(connection, clock)
    if (clock !== known) return
    // With a full buffer node does not read on: then it is the application that is slow.
    const reading = request.readableLength < request.readableHighWaterMark
    const slow = judgeBody(clock, { elapsedMs, bytes, reading }, policy)
    if (slow) onSlowBody(connection, slow)
  }

  #lookAtWrites(connection: Connection, known: WriteClock | undefined, elapsedMs: number): void {
    const { socket } = connection
    const { policy, onSlowReader } = this.#options
    if (socket.writableLength === 0 || policy.writeMs === 0) return
    const sent = socket.bytesWritten - socket.writableLength
    const queued = queuedOf(socket)
    const still = known?.sent === sent && known.queued === queued
    const stillMs = still ? known.stillMs + elapsedMs : 0
    this.#writes.set(connection, { sent, queued, stillMs })
    if (stillMs >= policy.writeMs) onSlowReader(connection)
  }
}
