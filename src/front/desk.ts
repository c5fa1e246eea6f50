/**
 * Where requests are handed out: at once when a thread has room, else from the queue, oldest first. It opens no
 * socket: whoever has lanes tells it of them and is told what to give to which.
 */
import { choose, type Lane, soonest } from './dispatch.ts'
import { Queue, type Queued } from './queue.ts'

export interface DeskOptions<Q extends Queued, L extends Lane> {
  /** The most that wait; those that come back are not counted out. */
  readonly limit: number
  /** Gives a request to a lane that has room for it: the lane shows it when this returns. */
  readonly give: (lane: L, request: Q) => void
  /** Milliseconds, the lanes' own. */
  readonly clock: () => number
}

export class Desk<Q extends Queued, L extends Lane> {
  /** Those that may be given requests. */
  lanes: readonly L[] = []
  readonly #options: DeskOptions<Q, L>
  readonly #queue = new Queue<Q>()

  constructor(options: DeskOptions<Q, L>) {
    this.#options = options
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#queue.size
  }

  /** Places in the queue, also of those that wait no more and were not met yet. */
  get places(): number {
    return this.#queue.places
  }

  /** The one that waits longest. */
  get oldest(): Q | undefined {
    const [shared, alone] = [this.#queue.shared.first(), this.#queue.alone.first()]
    return shared && alone ? (shared.id < alone.id ? shared : alone) : (shared ?? alone)
  }

  /** All that wait. */
  get queued(): Iterable<Q> {
    return this.#queue
  }

  /** Gives it to a lane, if one has room and nobody waits. */
  passes(request: Q): boolean {
    if (this.#queue.size > 0) return false
    const lane = choose(this.lanes, request.alone, this.#options.clock())
    if (lane === undefined) return false
    this.#options.give(lane, request)
    return true
  }

  /** Whether one more may wait. */
  get hasRoom(): boolean {
    return this.#queue.size < this.#options.limit
  }

  /** One that waits now. */
  wait(request: Q): void {
    this.#queue.add(request)
    this.pump()
  }

  /** Those that wait again, before those that came after them. */
  waitAgain(requests: readonly Q[]): void {
    this.#queue.restore(requests)
    this.pump()
  }

  /** One that waited does not any more. */
  left(): void {
    this.#queue.left()
  }

  /** Hands out what waits; for what needs an idle thread one is kept free of those that came later. */
  pump(): void {
    const { alone, shared, size } = this.#queue
    if (size === 0) return
    const now = this.#options.clock()
    for (;;) {
      const first = alone.first()
      const other = shared.first()
      if (first !== undefined && (other === undefined || first.id < other.id)) {
        const lane = choose(this.lanes, true, now)
        if (lane !== undefined) this.#handOut(first, lane)
        else if (!this.#passesBy(other, now)) return
      } else if (other === undefined) return
      else {
        const lane = choose(this.lanes, false, now)
        if (lane === undefined) return
        this.#handOut(other, lane)
      }
    }
  }

  /** Lets one go before an older one that needs an idle thread, but not to the lane that will be idle first. */
  #passesBy(request: Q | undefined, now: number): boolean {
    if (request === undefined) return false
    const lane = choose(this.lanes, false, now, soonest(this.lanes))
    if (lane === undefined) return false
    this.#handOut(request, lane)
    return true
  }

  #handOut(request: Q, lane: L): void {
    if (request.alone) this.#queue.alone.shift()
    else this.#queue.shared.shift()
    this.#queue.left()
    this.#options.give(lane, request)
  }
}
