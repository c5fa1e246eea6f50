/**
 * The connections of an engine, whatever speaks HTTP on them: taken from the acceptors, led through the intake,
 * counted against `workerConnections`, and let go of when the worker drains.
 *
 * Node's own `server.close()` is never used: it ends connections that have not sent a request yet (Node 26.4 and
 * later), although their request may be on its way.
 */
import type { Socket } from 'node:net'
import type { DrainOptions, EngineListener, EngineOptions } from './engine.ts'
import { Acceptors } from './intake/acceptors.ts'

/** What the pool asks of a connection. */
export interface Pooled {
  readonly socket: Socket
  /** Whether it waits for a request of which no byte was read yet. */
  readonly idle: boolean
  /** Whether the client never sent a byte. */
  readonly silent: boolean
  /** Ends our side in order. */
  end(): void
  /** Draining began, or a request is over while draining: from now on the last answer says `Connection: close`. */
  drain?(): void
}

export interface PoolOptions<C extends Pooled> {
  readonly engine: EngineOptions
  /** Makes a connection of a socket that HTTP is spoken on from now on. */
  readonly open: (socket: Socket) => C
  /** Makes one of an accepted handle that no socket was made for; without it sockets are made for all. */
  readonly openHandle?: ((handle: object) => C) | undefined
}

/** 'moving' lets go of one part of the clients after the other, 'draining' of all; 'ending' waits for none that are idle. */
type Phase = 'serving' | 'moving' | 'draining' | 'ending' | 'destroyed'

/**
 * Whether the peer of a TCP socket has reset it: the kernel no longer knows its address, although bytes of it may be
 * there to be read. Without an address it would pass for the peer of a unix socket, whose word is taken. Asked while
 * the address is known it is remembered by the socket, whatever becomes of the peer.
 */
const hasLostPeer = (socket: Socket): boolean =>
  // Each of them is a question to the system, and the first one's answer is nearly always enough.
  socket.remoteAddress === undefined && socket.localAddress !== undefined

/** How long a drain waits for the first byte of a connection. */
const silentMs = 5000
/** The same for those who were accepted when all other times were over. */
const lateMs = 500
/** A worker whose clients others serve from now on lets them go in so many parts, so far apart. */
const moving = { parts: 4, apartMs: 75 } as const

export class Pool<C extends Pooled> {
  readonly #options: PoolOptions<C>
  readonly #acceptors: Acceptors
  readonly #connections = new Set<C>()
  /** Those of them that came in another way than by a listener. */
  readonly #strangers = new WeakSet<C>()
  /** Sockets that are on their way through the intake. */
  readonly #arriving = new Set<Socket>()
  readonly done: Promise<void>
  #finish: () => void = () => undefined
  /** Those whose next answer is their last. */
  readonly #leaving = new Set<C>()
  #phase: Phase = 'serving'
  #closed = false
  #idleTimer: NodeJS.Timeout | undefined

  constructor(options: PoolOptions<C>) {
    this.#options = options
    const { openHandle, engine } = options
    this.#acceptors = new Acceptors({
      onConnection: (socket) => this.accept(socket),
      ...(openHandle && !engine.intake ? { onHandle: (handle) => this.#take(() => openHandle(handle)) } : {}),
      onError: engine.onError,
      ask: engine.requestListenerDescriptor,
    })
    this.done = new Promise((resolve) => {
      this.#finish = resolve
    })
  }

  get size(): number {
    return this.#connections.size + this.#arriving.size
  }

  get serving(): boolean {
    return this.#phase === 'serving'
  }

  /** Whether its client may ask on after this answer. */
  keeps(connection: C): boolean {
    return this.#staysOpen && (this.#leaving.size === 0 || !this.#leaving.has(connection))
  }

  /**
   * A colleague has come, and `of` processes share the clients now: as large a part of the connections here ends with
   * their next answers. A client that connects again comes to whoever is free.
   */
  share(of: number): void {
    if (this.#phase === 'serving') this.#letGo(of)
  }

  #letGo(of: number): void {
    let index = 0
    for (const connection of this.#connections) {
      if (this.#leaving.has(connection)) continue
      index += 1
      if (index % of === 0) this.#leaving.add(connection)
    }
  }

  /** Whether connections live on after an answer, as far as the pool is concerned. */
  get #staysOpen(): boolean {
    return this.#phase === 'serving' || this.#phase === 'moving'
  }

  [Symbol.iterator](): IterableIterator<C> {
    return this.#connections.values()
  }

  listen(listeners: readonly EngineListener[], backlog: number): Promise<void> {
    return this.#acceptors.open(listeners, backlog)
  }

  accept(socket: Socket): void {
    if (this.#phase === 'destroyed' || hasLostPeer(socket)) return void socket.destroy()
    const { intake, onRefused, policy, meter } = this.#options.engine
    if (!intake) {
      this.#take(() => this.#options.open(socket))
      return
    }
    meter?.accepted()
    this.#arriving.add(socket)
    socket.once('close', () => {
      if (this.#arriving.delete(socket)) this.#left()
    })
    const refused = (reason: string, address: string) => onRefused?.(400, reason, address)
    const deliver = (next: Socket) => {
      const expected = this.#arriving.delete(socket)
      if (expected && !next.destroyed && !hasLostPeer(next))
        return this.#admit(() => this.#options.open(next))
      // Gone meanwhile: its 'close' would never be heard, and it would be counted for ever.
      next.destroy()
      socket.destroy()
      this.#left()
    }
    intake(socket, deliver, { onRefused: refused, timeoutMs: policy.headersMs })
    this.#pauseIfFull()
  }

  /** Has a connection counted that came in another way than by `accept`. */
  add(connection: C): void {
    this.#connections.add(connection)
    this.#strangers.add(connection)
  }

  /**
   * Those that may serve on in another process, as far as the pool knows. What an intake has read of a connection,
   * and what it knows of the client, cannot be handed on.
   */
  get movable(): C[] {
    if (this.#options.engine.intake || !this.serving) return []
    return [...this.#connections].filter((connection) => !this.#strangers.has(connection))
  }

  /** Takes a connection that another process has accepted. */
  adopt(handle: object): boolean {
    if (this.#options.engine.intake || !this.serving || this.#isFull) return false
    this.#acceptors.take(handle)
    return true
  }

  /** A connection is gone. */
  gone(connection: C): void {
    this.#leaving.delete(connection)
    if (this.#connections.delete(connection)) this.#left()
  }

  /** A request is over: while draining, its connection is told, and ended when nobody waits for it any more. */
  over(connection: C): void {
    if (this.#staysOpen) return
    connection.drain?.()
    if (this.#phase === 'ending' && connection.idle) connection.end()
  }

  async drain({ emptyAcceptQueue, givenUp = false, idleMs }: DrainOptions): Promise<void> {
    clearTimeout(this.#idleTimer)
    if (this.#phase === 'serving' && !givenUp && this.size > 1) this.#move(moving.parts, idleMs)
    else this.#sendAway(idleMs)
    await this.#acceptors.close({ emptyQueue: emptyAcceptQueue, givenUp })
    this.#closed = true
    if (this.#phase === 'ending') this.#idleTimer = setTimeout(() => this.#endLate(), lateMs)
    this.#settle()
    return this.done
  }

  /** Others listen on the same sockets: clients that all connected anew at once would wait for one another there. */
  #move(parts: number, idleMs: number): void {
    if (parts === 1) {
      this.#sendAway(idleMs)
      return
    }
    this.#phase = 'moving'
    this.#letGo(parts)
    const apartMs = Math.min(moving.apartMs, idleMs / moving.parts)
    this.#idleTimer = setTimeout(() => this.#move(parts - 1, idleMs - apartMs), apartMs)
  }

  #sendAway(idleMs: number): void {
    if (this.#staysOpen) this.#phase = 'draining'
    for (const connection of this.#connections) connection.drain?.()
    this.#idleTimer = setTimeout(() => this.#endIdle(), idleMs)
    setTimeout(() => this.#endSilent(), Math.min(idleMs, silentMs)).unref()
  }

  destroy(): void {
    this.#phase = 'destroyed'
    this.#closed = true
    clearTimeout(this.#idleTimer)
    this.#acceptors.closeNow()
    for (const socket of this.#arriving) socket.destroy()
    for (const connection of this.#connections) connection.socket.destroy()
    this.#settle()
  }

  #take(open: () => C): void {
    this.#options.engine.meter?.accepted()
    this.#admit(open)
  }

  #admit(open: () => C): void {
    const connection = open()
    if (this.#phase === 'destroyed' || hasLostPeer(connection.socket)) {
      connection.socket.destroy()
      return
    }
    this.#connections.add(connection)
    // It came after the word to drain went round.
    if (this.#phase !== 'serving') connection.drain?.()
    this.#pauseIfFull()
  }

  /** While draining the limit is no reason to leave anyone in a queue that is about to go. */
  #pauseIfFull(): void {
    if (this.#isFull && this.#phase === 'serving') this.#acceptors.pause()
  }

  get #isFull(): boolean {
    const { workerConnections } = this.#options.engine.policy
    return workerConnections > 0 && this.size >= workerConnections
  }

  #left(): void {
    if (this.#phase === 'serving' && this.#roomy) this.#acceptors.resume()
    this.#settle()
  }

  /** Whoever connects and says nothing for so long is nobody's client. */
  #endSilent(): void {
    for (const socket of this.#arriving) socket.destroy()
    for (const connection of this.#connections) if (connection.silent) connection.end()
  }

  /** Ends those who came out of the kernel's queue when the time of silent and idle ones was up already. */
  #endLate(): void {
    this.#endSilent()
    this.#endIdle()
  }

  /** The time of idle connections is up. One whose request is half read is not idle: other times bound it. */
  #endIdle(): void {
    if (this.#phase === 'draining') this.#phase = 'ending'
    for (const connection of this.#connections) if (connection.idle) connection.end()
  }

  #settle(): void {
    if (!this.#closed || this.size > 0) return
    clearTimeout(this.#idleTimer)
    this.#finish()
  }

  /** Some room before accepting goes on: at the very edge each connection would cost a question to the master. */
  get #roomy(): boolean {
    const { workerConnections } = this.#options.engine.policy
    return this.size < workerConnections - Math.floor(workerConnections / 16)
  }
}
