/**
 * A request's body on its way from the connection to the consumer. What comes before the consumer asks is kept, up
 * to a bound at which the connection stops reading; afterwards nothing is kept.
 */
import { BodyFailure } from './body-failure.ts'
import type { BodySink, CoreBody } from './types.ts'

/** What the body asks of its connection. */
export interface BodyOwner {
  /** The consumer wants the body: a 100 (Continue) that was asked for is due. */
  wanted(): void
  /** Whether to read from the socket now. */
  flow(on: boolean): void
}

/** Bytes kept for a consumer that does not take them. */
const mostKept = 65_536

type Phase = 'arriving' | 'whole' | 'failed'

export class Body implements CoreBody {
  readonly length: number
  readonly #owner: BodyOwner
  #kept: Buffer[] = []
  #keptBytes = 0
  #phase: Phase = 'arriving'
  #error: Error | undefined
  #trailers: readonly string[] = []
  #sink: BodySink | undefined
  #paused = false
  #answered = false
  /** 'unread', 'reading', or 'told': the sink has had its last call. */
  #reader: 'unread' | 'reading' | 'told' = 'unread'
  received = 0
  /** Bytes received after nobody wanted them any more. */
  dropped = 0

  constructor(length: number, owner: BodyOwner) {
    this.length = length
    this.#owner = owner
  }

  get complete(): boolean {
    return this.#phase === 'whole'
  }

  get arriving(): boolean {
    return this.#phase === 'arriving'
  }

  get unread(): boolean {
    return this.#reader === 'unread'
  }

  /** Whether the consumer, not the client, is who is being waited for. */
  get waitsForReader(): boolean {
    return this.#sink === undefined || this.#paused
  }

  /** Whether it is unread, and more than `bytes` of it may be to come. */
  isTooMuchToDrop(bytes: number): boolean {
    const left = this.length === -1 ? Infinity : this.length - this.received
    return this.#phase === 'arriving' && this.unread && left > bytes
  }

  read(sink: BodySink): void {
    if (this.#reader === 'told' && this.#answered) throw tooLate()
    if (this.#reader !== 'unread') throw new TypeError('the body is being read already')
    this.#reader = 'reading'
    this.#sink = sink
    if (this.#phase === 'arriving') this.#owner.wanted()
    this.#pour()
  }

  pause(): void {
    this.#paused = true
    if (this.#answered) this.#discard()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#pour()
  }

  /** A piece, its own to keep. */
  push(chunk: Buffer): void {
    this.received += chunk.length
    if (this.#sink === dropped) this.dropped += chunk.length
    if (this.#sink && !this.#paused && this.#kept.length === 0) {
      this.#sink.data(chunk)
      return
    }
    this.#kept.push(chunk)
    this.#keptBytes += chunk.length
    if (this.#keptBytes >= mostKept) this.#owner.flow(false)
  }

  /** All of it is here. */
  end(trailers: readonly string[]): void {
    if (this.#phase !== 'arriving') return
    this.#phase = 'whole'
    this.#trailers = trailers
    this.#pour()
  }

  /** It will never be whole. */
  fail(error: Error): void {
    if (this.#phase !== 'arriving') return
    this.#phase = 'failed'
    this.#error = error
    this.#pour()
  }

  /** The response is complete: who still reads may go on as long as they keep up, what nobody reads is dropped. */
  answered(): void {
    this.#answered = true
    if (this.waitsForReader) this.#discard()
  }

  #discard(): void {
    if (this.#reader === 'reading') this.#sink?.failed(tooLate())
    this.#reader = 'told'
    this.#sink = dropped
    this.#paused = false
    this.#kept = []
    this.#keptBytes = 0
    this.#owner.flow(true)
  }

  #pour(): void {
    const sink = this.#sink
    if (!sink) return
    while (!this.#paused) {
      const chunk = this.#kept.shift()
      if (chunk === undefined) break
      this.#keptBytes -= chunk.length
      sink.data(chunk)
    }
    if (this.#paused || this.#reader !== 'reading') return
    if (this.#phase === 'arriving') this.#owner.flow(true)
    else this.#tell(sink)
  }

  #tell(sink: BodySink): void {
    this.#reader = 'told'
    if (this.#error) sink.failed(this.#error)
    else sink.ended(this.#trailers)
  }
}

const tooLate = (): BodyFailure => new BodyFailure('the request was answered before all of it was read')
const nothing = (): void => undefined
const dropped: BodySink = { data: nothing, ended: nothing, failed: nothing }
