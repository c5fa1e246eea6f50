/** What a connection waits for, and until when. One deadline at a time; times are the wheel's. */
import type { Wheel } from './wheel.ts'

/**
 * 'nobody' has no deadline: the application is at work. 'reader' is the application, too, reading a body behind its
 * answer, or making one for a client that has ended its side ('left'). 'end' is the client's, after ours.
 */
export type Waiting = 'nobody' | 'head' | 'request' | 'body' | 'reader' | 'left' | 'end'

/** Long for a reader that is at work; what waits behind one that is not has waited long enough. */
const readerMs = 2000

/** Why a client that took too long is refused. */
export const late = {
  head: { status: 408, reason: 'the head did not arrive within header_timeout' },
  body: { status: 408, reason: 'the body did not arrive at body_min_rate within body_timeout' },
} as const

/**
 * How long a response may come to a stand for a client that has ended its side. TCP does not tell who has gone from
 * who has only said all: who is sent nothing any more is taken for gone.
 */
export const leftMs = 1000

export class Patience {
  readonly #wheel: Wheel
  #deadline = Infinity
  what: Waiting = 'nobody'

  constructor(wheel: Wheel) {
    this.#wheel = wheel
  }

  /** For `ms` from now; 0 is for ever. */
  await(what: Waiting, ms: number): void {
    this.what = what
    this.#deadline = this.#wheel.due(ms)
  }

  /** The same, unless it is what is being waited for already. */
  awaitAnew(what: Waiting, ms: number): void {
    if (this.what !== what) this.await(what, ms)
  }

  /** Time in which whoever reads a body behind its answer must ask for more. */
  awaitReader(): void {
    this.awaitAnew('reader', readerMs)
  }

  none(): void {
    this.what = 'nobody'
    this.#deadline = Infinity
  }

  /** Bytes of a body came: they buy time at the lowest rate allowed, never more than a fresh start would give. */
  bodyCame(bytes: number, ms: number, rate: number): void {
    const full = this.#wheel.due(ms)
    const bought = this.what === 'body' && rate > 0 ? this.#deadline + (bytes * 1000) / rate : full
    this.what = 'body'
    this.#deadline = Math.min(full, bought)
  }

  /** What is overdue; once. */
  expired(now: number): Waiting | undefined {
    if (now < this.#deadline) return undefined
    this.#deadline = Infinity
    return this.what
  }
}
