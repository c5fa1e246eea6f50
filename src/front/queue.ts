/**
 * Requests that wait for a worker, oldest first: those that may wait behind others, and those that need an idle
 * thread. What came back goes to its old place. Those that are over are left lying until they are met.
 */

export interface Queued {
  /** Rises with every request. */
  readonly id: number
  /** Whether it goes to idle threads alone. */
  readonly alone: boolean
  readonly waiting: boolean
}

/** At so many places those that are over are taken out. */
const fewPlaces = 1000

class Line<Q extends Queued> {
  #list: (Q | undefined)[] = []
  #next = 0
  #most = fewPlaces

  /** The oldest that still waits. */
  first(): Q | undefined {
    for (; this.#next < this.#list.length; this.#next += 1) {
      const one = this.#list[this.#next]
      if (one?.waiting) return one
      this.#list[this.#next] = undefined
    }
    this.#list = []
    this.#next = 0
    return undefined
  }

  /** Takes the one that `first` answered. */
  shift(): void {
    this.#list[this.#next] = undefined
    this.#next += 1
  }

  push(one: Q): void {
    // While all workers hang clients come and go: only those that wait are bounded by anyone else.
    if (this.#list.length >= this.#most) this.#compact()
    this.#list.push(one)
  }

  /** Puts these, which came back, where their age puts them. */
  restore(came: readonly Q[]): void {
    this.#compact()
    this.#list = [...this.#list, ...came].sort((a, b) => (a?.id ?? 0) - (b?.id ?? 0))
  }

  get places(): number {
    return this.#list.length
  }

  *[Symbol.iterator](): Generator<Q> {
    for (const one of this.#list) if (one?.waiting) yield one
  }

  /** As often as the list doubles, so that it costs each of them little. */
  #compact(): void {
    this.#list = this.#list.slice(this.#next).filter((one) => one?.waiting)
    this.#next = 0
    this.#most = Math.max(fewPlaces, this.#list.length * 2)
  }
}

export class Queue<Q extends Queued> {
  /** Those that may wait behind others, and those that need an idle thread. */
  readonly shared = new Line<Q>()
  readonly alone = new Line<Q>()
  /** Requests that wait. Whoever lets one go says so with `left`. */
  size = 0

  /** Places of both lines, also of those that wait no more and were not met yet. */
  get places(): number {
    return this.shared.places + this.alone.places
  }

  add(request: Q): void {
    this.size += 1
    if (request.alone) this.alone.push(request)
    else this.shared.push(request)
  }

  /** Those that were given to a thread and came back. */
  restore(requests: readonly Q[]): void {
    this.size += requests.length
    this.shared.restore(requests.filter(({ alone }) => !alone))
    this.alone.restore(requests.filter(({ alone }) => alone))
  }

  /** One that waited was taken by its client's leaving. */
  left(): void {
    this.size -= 1
  }

  /** All that wait. */
  *[Symbol.iterator](): Generator<Q> {
    yield* this.shared
    yield* this.alone
  }
}
