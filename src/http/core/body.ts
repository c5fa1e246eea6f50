/**
 * A request's body on its way from the connection to the consumer. What comes before the consumer asks is kept, up
 * to a bound at which the connection stops reading; afterwards nothing is kept.
 */

import { Pieces } from '../pieces.ts'
import { BodyFailure } from './body-failure.ts'
import type { BodySink, CoreBody } from './types.ts'

/** What the body asks of its connection. */
export interface BodyOwner {
  /** The consumer wants the body: a 100 (Continue) that was asked for is due. */
  wanted(): void
  /** Whether to read from the socket now. */
  flow(on: boolean): void
}

/** Bytes of a body that nobody wants which are read to keep the connection. */
const mostDropped = 65_536
/** Bytes kept for a consumer that does not take them. */
const mostKept = 65_536

type Phase = 'arriving' | 'whole' | 'failed'

export class Body implements CoreBody {
  readonly length: number
  readonly #owner: BodyOwner
  readonly #kept = new Pieces()
  #phase: Phase = 'arriving'
  #error: Error | undefined
  #trailers: readonly string[] = []
  #sink: BodySink | undefined
  #paused = false
  #answered = false
  /** Whether the reader has asked for more since it was last looked at. */
  #stirred = false
  /** 'unread', 'reading', or 'told': the sink has had its last call, or wants none. */
  #reader: 'unread' | 'reading' | 'told' = 'unread'
  received = 0
  #dropped = 0

  constructor(length: number, owner: BodyOwner) {
    this.length = length
    this.#owner = owner
  }

  get complete(): boolean {
    return this.#phase === 'whole'
  }

  /** Whether as much is kept as may be. */
  get isFull(): boolean {
    return this.#kept.bytes >= mostKept
  }

  /** Whether the consumer, not the client, is who is being waited for. */
  get waitsForReader(): boolean {
    return this.#sink === undefined || this.#paused
  }

  /**
   * Whose fault it is that too much time has passed. Behind the answer a reader must ask for more now and then: else
   * it was left lying, and the connection's next request would wait for it for ever.
   */
  overdue(): 'reader' | 'client' {
    if (!this.waitsForReader) return 'client'
    if (this.#answered && !this.#stirred) this.#discard()
    this.#stirred = false
    return 'reader'
  }

  /**
   * Whether nobody reads it, and too much of it may be to come to wait for its end: anything, of one that is sent
   * when it is `asked` for, or never.
   */
  isTooMuchToDrop(asked: boolean): boolean {
    const left = this.length === -1 ? Infinity : this.length - this.received
    return this.#phase === 'arriving' && this.#reader !== 'reading' && (asked || left > mostDropped)
  }

  /** Whether too much of it came that nobody wanted. */
  get hasDroppedTooMuch(): boolean {
    return this.#dropped > mostDropped
  }

  read(sink: BodySink): void {
    if (this.#reader === 'told' && this.#answered) throw tooLate()
    if (this.#reader === 'told' && this.#answered) throw tooLate()
    if (this.#reader !== 'unread') throw new TypeError('the body is being read already')
    this.#reader = 'reading'
    this.#sink = sink
    if (this.#phase === 'arriving') this.#owner.wanted()
    this.#pour()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#stirred = true
    this.#pour()
  }

  /** One that nobody has asked for stays so: no 100 (Continue) was sent. */
  cancel(): void {
    if (this.#reader !== 'reading') return
    this.#reader = 'told'
    this.#sink = undefined
    this.#kept.clear()
    if (this.#answered) this.#discard()
  }

  /** The answer is given: unless someone reads it all the same, what is left of it is dropped. */
  answered(): void {
    this.#answered = true
    if (this.#reader !== 'reading') this.#discard()
  }

  /** A piece, its own to keep. */
  push(chunk: Buffer): void {
    this.received += chunk.length
    if (this.#sink === dropped) this.#dropped += chunk.length
    if (this.#sink && !this.#paused && this.#kept.bytes === 0) {
      this.#sink.data(chunk)
      return
    }
    this.#kept.add(chunk)
    if (this.isFull) this.#owner.flow(false)
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

  /** Nobody will read it any more, and whoever did is told: what comes is dropped. */
  #discard(): void {
    const reader = this.#reader === 'reading' ? this.#sink : undefined
    this.#reader = 'told'
    this.#sink = dropped
    this.#paused = false
    this.#kept.clear()
    this.#owner.flow(true)
    reader?.failed(tooLate())
  }

  #pour(): void {
    const sink = this.#sink
    if (!sink) return
    while (!this.#paused) {
      const chunk = this.#kept.take()
      if (chunk === undefined) break
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
