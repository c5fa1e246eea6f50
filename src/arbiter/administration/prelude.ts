/**
 * Administration is loaded beside the boot of the first workers: before, it would be in the way of the first answer, and
 * what happens until it is there is kept for it. Small: it is part of every start.
 */
import { messageOf } from '../../errors.ts'
import type { Judged } from '../loop.ts'
import type { Office } from '../office.ts'

/** Told of a turn, and of the wall clock's milliseconds then. */
export type Observer = (judged: Judged, at: number) => void

/** Turns of a start whose administration cannot be loaded: nobody will ever read them. */
const mostKept = 1000

export class Prelude {
  #phase: 'starting' | 'loading' | 'over' = 'starting'
  #kept: [Judged, number][] = []
  #observer: Observer | undefined
  readonly #office: () => Office

  constructor(office: () => Office) {
    this.#office = office
  }

  readonly judged: Observer = (judged, at) => {
    if (this.#observer) return this.#observer(judged, at)
    if (this.#kept.length < mostKept) this.#kept.push([judged, at])
    if (this.#phase === 'starting' && judged.effects.some((effect) => effect.do === 'spawn')) this.#load()
  }

  #load(): void {
    this.#phase = 'loading'
    // Behind the spawns of this turn.
    setImmediate(() => {
      const office = this.#office()
      import('./begin.ts')
        .then(({ beginAdministration }) => beginAdministration(office, (observer) => this.#hand(observer)))
        .catch((error: unknown) => {
          office.log.exception(`there is no administration: ${messageOf(error)}`, error)
        })
    })
  }

  /** From now on the observer is told at once, after all that it has missed. */
  #hand(observer: Observer): void {
    this.#phase = 'over'
    this.#observer = observer
    for (const [judged, at] of this.#kept.splice(0)) observer(judged, at)
  }
}
