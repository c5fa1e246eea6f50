/**
 * One connection to the control socket: its dialect by the first byte, one request at a time, and a deadline for
 * everything a client can leave undone. It reads no further than one request ahead, and writes nothing more to who does
 * not read. It knows no command; its server looks at the deadlines.
 */
import type { Socket } from 'node:net'
import { messageOf } from '../errors.ts'
import { bounds } from './bounds.ts'
import type { Session } from './execute.ts'
import type { Feed } from './feed.ts'
import { Refusal } from './refusal.ts'
import { dialectOf, type Outlet, type Talk } from './talk.ts'

/** Moments are monotonic milliseconds. */
type Phase =
  /** Nothing of a request is there. */
  | { readonly phase: 'waiting'; readonly until: number }
  /** A part of a request is there; bytes that drip in do not move the deadline. */
  | { readonly phase: 'receiving'; readonly until: number }
  | { readonly phase: 'answering' }
  /** The client does not read its answer. */
  | { readonly phase: 'unread'; readonly until: number }
  /** All is said, and the client is to close. */
  | { readonly phase: 'closing'; readonly until: number }
  | { readonly phase: 'over' }

export interface ConnectionOptions {
  readonly session: Omit<Session, 'signal'>
  readonly feed: Feed
  readonly now: () => number
  /** Node's HTTP server takes the socket, on which the first bytes stand again. */
  readonly http: (socket: Socket, connection: Connection) => Promise<void>
  readonly closed: (connection: Connection) => void
}

export class Connection implements Outlet {
  readonly session: Session
  readonly feed: Feed
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #gone = new AbortController()
  #phase: Phase
  #talk: Talk | undefined
  #streaming = false
  #ended = false

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.feed = options.feed
    this.session = sessionOf(options.session, this.#gone.signal)
    this.#phase = { phase: 'waiting', until: options.now() + bounds.idle }
    socket.on('data', this.#read)
    socket.on('end', this.#end)
    // Whoever hangs up has no complaint; 'close' follows.
    socket.on('error', () => socket.destroy())
    socket.once('close', this.#close)
  }

  get phase(): Phase['phase'] {
    return this.#phase.phase
  }

  /** Cuts it when a deadline is over. */
  look(now: number): void {
    if ('until' in this.#phase && this.#phase.until <= now) this.#socket.destroy()
    // Who has closed its side may wait for its answer, or be gone. Writing nothing is EPIPE in the latter case alone.
    else if (this.#ended && this.phase === 'answering') this.#socket.write(Buffer.alloc(0))
  }

  /** Says goodbye to who reads, and cuts who does not. */
  close(): void {
    this.#finish()
    if (this.#socket.writableLength > 0) this.look(Number.POSITIVE_INFINITY)
  }

  readonly write = (bytes: Buffer): void => {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    if (this.#socket.writableLength > bounds.backlog) this.#socket.destroy()
    else this.#socket.write(bytes)
  }

  readonly stream = (begin: () => () => void): boolean => {
    if (this.#streaming) return false
    this.#streaming = true
    this.#gone.signal.addEventListener('abort', begin(), { once: true })
    return true
  }

  /** Of HTTP: the request is whole. */
  asked(): void {
    this.#phase = { phase: 'answering' }
  }

  /** Of HTTP: all is written; the client is to read it, and to close. */
  answered(): void {
    this.#phase = { phase: 'closing', until: this.#options.now() + bounds.unread }
  }

  readonly #read = (chunk: Buffer): void => {
    if (this.#talk === undefined) this.#choose(chunk)
    else this.#take(this.#talk, chunk)
  }

  #take(talk: Talk, chunk: Buffer): void {
    talk.decoder.push(chunk)
    if (talk.decoder.size > bounds.request) this.#socket.pause()
    this.#turn()
  }

  #choose(first: Buffer): void {
    const dialect = dialectOf(first[0])
    if (dialect === undefined) this.#socket.destroy()
    else if (dialect === 'http') this.#handOver(first)
    else {
      this.#talk = dialect()
      this.#take(this.#talk, first)
    }
  }

  #handOver(first: Buffer): void {
    this.#socket.pause()
    this.#socket.off('data', this.#read)
    this.#socket.off('end', this.#end)
    this.#socket.unshift(first)
    this.#phase = { phase: 'receiving', until: this.#options.now() + bounds.receiving }
    this.#options.http(this.#socket, this).catch((thrown: unknown) => this.#broken(thrown))
  }

  #broken(thrown: unknown): void {
    this.session.log.exception(`Control socket: a connection failed: ${messageOf(thrown)}`, thrown)
    this.#socket.destroy()
  }

  /** Takes the next request, when the one before is answered and read. */
  #turn(): void {
    const talk = this.#talk
    if (talk === undefined || (this.phase !== 'waiting' && this.phase !== 'receiving')) return
    try {
      const text = talk.decoder.next()
      if (text === undefined) this.#await(talk)
      else this.#answer(talk, text)
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown
      this.write(talk.lastWords(thrown))
      this.#finish()
    }
  }

  #await({ decoder }: Talk): void {
    const now = this.#options.now()
    const partial = decoder.size > 0
    if (this.#ended) this.#finish()
    else if (!partial)
      this.#phase = { phase: 'waiting', until: this.#streaming ? Infinity : now + bounds.idle }
    else if (this.phase !== 'receiving') this.#phase = { phase: 'receiving', until: now + bounds.receiving }
    this.#socket.resume()
  }

  #answer(talk: Talk, text: string): void {
    this.#phase = { phase: 'answering' }
    talk.respond(text, this).then(
      (then) => (then === 'close' ? this.#finish() : this.#answeredInTurn()),
      (thrown: unknown) => this.#broken(thrown),
    )
  }

  #answeredInTurn(): void {
    if (this.phase !== 'answering') return
    if (this.#socket.writableNeedDrain) {
      this.#phase = { phase: 'unread', until: this.#options.now() + bounds.unread }
      this.#socket.once('drain', () => this.#go('unread'))
    } else this.#go('answering')
  }

  #go(from: Phase['phase']): void {
    if (this.phase !== from) return
    this.#phase = { phase: 'waiting', until: this.#options.now() + bounds.idle }
    // Others have their turn between two requests of one that sends thousands at once.
    setImmediate(() => this.#turn())
  }

  /** The client will say nothing more; what it said is still answered. */
  readonly #end = (): void => {
    this.#ended = true
    if (this.#talk === undefined) this.#finish()
    else this.#take(this.#talk, this.#talk.atEnd)
  }

  #finish(): void {
    if (this.phase === 'over') return
    this.#phase = { phase: 'closing', until: this.#options.now() + bounds.unread }
    // What is still sent is not looked at; unread, it would become a reset that overtakes our last words.
    this.#socket.off('data', this.#read)
    this.#socket.resume()
    this.#socket.end()
  }

  readonly #close = (): void => {
    this.#phase = { phase: 'over' }
    this.#gone.abort()
    this.#options.closed(this)
  }
}

/** `by` is asked for when it is needed, once: most connections give no orders. */
const sessionOf = (session: Omit<Session, 'signal'>, signal: AbortSignal): Session => {
  let by: string | undefined
  return {
    administration: session.administration,
    readOnly: session.readOnly,
    log: session.log,
    signal,
    get by() {
      by ??= session.by
      return by
    },
  }
}
