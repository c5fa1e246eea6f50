/** What a connection waits for, and until when. One deadline at a time; times are the wheel's. */
import type { Wheel } from './wheel.ts'

/**
 * 'nobody' has no deadline: the application is at work. 'left': the same, for a client that has ended its side.
 * 'end' is the client's, after ours.
 */
export type Waiting = 'nobody' | 'head' | 'request' | 'body' | 'left' | 'end'

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
