/**
 * One coarse clock for all connections: every deadline is a time that is compared when it next ticks, so that a
 * request costs no timer. It stands still while nobody is there to be watched.
 *
 * Deadlines are met late by up to one period, never early. Its time is not the machine's: when the loop was blocked,
 * or the process stopped, nobody was slow but we, and what clients sent meanwhile is yet to be read.
 */

/** Something that has deadlines; told the time, it looks at them. */
export interface Swept {
  sweep(now: number): void
}

const periodMs = 500

export class Wheel {
  readonly #members = new Set<Swept>()
  readonly #onTick: () => void
  #timer: NodeJS.Timeout | undefined
  /** Milliseconds in which the loop was at work, as of the last tick. */
  now = 0
  /** Monotonic milliseconds, as of the last tick. */
  seen = 0

  /** `onTick` is called at every tick before the members are, and when the wheel starts. */
  constructor(onTick: () => void) {
    this.#onTick = onTick
  }

  add(member: Swept): void {
    this.#members.add(member)
    if (this.#timer) return
    this.#advance(periodMs)
    this.#timer = setInterval(() => this.#tick(), periodMs).unref()
  }

  remove(member: Swept): void {
    this.#members.delete(member)
    if (this.#members.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** When something that begins now and may take `ms` is due; never, for 0. */
  due(ms: number): number {
    return ms === 0 ? Infinity : this.now + ms + periodMs
  }

  #advance(most: number): void {
    const seen = performance.now()
    this.now += Math.min(seen - this.seen, most)
    this.seen = seen
    this.#onTick()
  }

  #tick(): void {
    this.#advance(2 * periodMs)
    for (const member of this.#members) member.sweep(this.now)
  }
}
