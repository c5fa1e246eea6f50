/**
 * The arbiter's one queue: whatever happens becomes an event here, is judged in order, and its effects are begun
 * before the next is judged. The loop sleeps until the next event or the next deadline; it has no other timer.
 */
import type { Decision } from './decide.ts'
import type { Effect, Event, State } from './state.ts'

export interface LoopParts {
  readonly decide: (state: State, event: Event, now: number) => Decision
  readonly nextDeadline: (state: State) => number
  readonly now: () => number
  /** The last beat of serving workers, by age. */
  readonly beats: (state: State) => ReadonlyMap<number, number>
  /** Begins an effect. What takes time answers later by an event; it must not throw. */
  readonly perform: (effect: Effect) => void
  /** Told of each judgement, before its effects are begun; it must not throw. */
  readonly observe: (judged: Judged) => void
}

/** One turn of the judgement, as it is told to who watches. */
export interface Judged {
  readonly before: State
  readonly after: State
  readonly event: Event
  readonly effects: readonly Effect[]
  /** Monotonic milliseconds. */
  readonly now: number
}

/** setTimeout cannot count further. */
const LONGEST_SLEEP = 2 ** 31 - 1

export class Loop {
  #state: State
  readonly #parts: LoopParts
  readonly #queue: Event[] = []
  #judging = false
  #alarm: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined

  constructor(state: State, parts: LoopParts) {
    this.#state = state
    this.#parts = parts
  }

  get state(): State {
    return this.#state
  }

  /** Safe from anywhere, also from within an effect: events are judged one after the other. */
  enqueue(event: Event): void {
    this.#queue.push(event)
    if (this.#judging) return
    this.#judging = true
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#judge(next)
    } finally {
      this.#judging = false
    }
    this.#sleep()
  }

  #judge(event: Event): void {
    const { decide, now, perform, observe } = this.#parts
    const judged = { before: this.#state, event, now: now() }
    const [state, effects] = decide(judged.before, event, judged.now)
    this.#state = state
    observe({ ...judged, after: state, effects })
    for (const effect of effects) perform(effect)
  }

  #sleep(): void {
    const { nextDeadline, now } = this.#parts
    const at = nextDeadline(this.#state)
    if (this.#alarm?.at === at) return
    clearTimeout(this.#alarm?.timer)
    this.#alarm = undefined
    if (at === Number.POSITIVE_INFINITY) return
    const span = Math.min(LONGEST_SLEEP, Math.max(0, Math.ceil(at - now())))
    this.#alarm = { at, timer: setTimeout(() => this.#wake(), span) }
  }

  #wake(): void {
    this.#alarm = undefined
    this.enqueue({ type: 'tick', beats: this.#parts.beats(this.#state) })
  }
}
