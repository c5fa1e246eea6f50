/**
 * How much of what the workers can do they do, for who spreads requests over several machines. Pure; it reads no clock
 * and no board.
 */

/** What is true at a moment, of all that serve. */
export interface Burden {
  /** Processors' worth of time that their processes had lately: 1.5 is one and a half. */
  readonly processors: number
  /** As many as they could use at a time. */
  readonly usable: number
  /** Requests that they run or have waiting, and workers that hang. */
  readonly taken: number
  /** Requests that they can run at a time; where there is no such limit, workers. */
  readonly places: number
}

const shareOf = (part: number, whole: number): number => (whole > 0 ? Math.min(1, part / whole) : 0)

/** The scarcer of the two says how full they are: 0 to 1. */
export const burdenShare = ({ processors, usable, taken, places }: Burden): number =>
  Math.max(shareOf(processors, usable), shareOf(taken, places))

/** Milliseconds after which a change has come through by two thirds. */
const inertia = 10_000

/** A mean that forgets: looks may come at any pace. It begins at 0: who has just started is idle. */
export class Smoothed {
  #value = 0
  #at: number | undefined

  /** `now`: monotonic milliseconds. */
  note(value: number, now: number): number {
    const passed = this.#at === undefined ? 0 : Math.max(0, now - this.#at)
    this.#at = now
    this.#value += (value - this.#value) * (1 - Math.exp(-passed / inertia))
    return this.#value
  }
}
