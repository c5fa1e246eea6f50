/**
 * Requests in the order in which they came, across connections. A turn of Node's loop begins all requests that it finds
 * on open connections, and accepts one new connection: with handlers of a millisecond and clients that keep theirs,
 * newcomers wait for seconds in the kernel's queue where the others wait for milliseconds. So a turn that has taken a
 * while begins no more: the loop looks for newcomers first, and what was read waits for its place in the line.
 */

/** Milliseconds. */
const longTurn = 2

export class Turns {
  readonly #now: () => number
  readonly #line: (() => void)[] = []
  #began = 0
  #open = false

  /** Monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Whether a request that came at this moment may begin in this turn; else it is to wait `inLine`. */
  admits(started: number): boolean {
    if (this.#line.length > 0) return false
    if (this.#open) return started - this.#began < longTurn
    this.#open = true
    this.#began = started
    setImmediate(this.#next)
    return true
  }

  /** `begin` must not throw. */
  inLine(begin: () => void): void {
    this.#line.push(begin)
  }

  /** Between two looks at the sockets. */
  readonly #next = (): void => {
    this.#open = this.#line.length > 0
    if (!this.#open) return
    this.#began = this.#now()
    do this.#line.shift()?.()
    while (this.#line.length > 0 && this.#now() - this.#began < longTurn)
    setImmediate(this.#next)
  }
}
