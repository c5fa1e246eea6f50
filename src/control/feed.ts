/**
 * What happens, told to many: each event gets a number, and the last are kept, so that who lost its connection can ask
 * for what it missed. It watches from the first who asks on.
 */
import type { Administration } from './administration.ts'
import type { PublicEvent } from './status.ts'

export interface Told {
  /** From 1; of this master. */
  readonly id: number
  readonly event: PublicEvent
}

/** Events that are kept. */
const kept = 256

export class Feed {
  readonly #administration: Administration
  readonly #listeners = new Set<(told: Told) => void>()
  #recent: readonly Told[] = []
  #last = 0
  #unwatch: (() => void) | undefined

  constructor(administration: Administration) {
    this.#administration = administration
  }

  /**
   * Tells each event from now on, and before it those since the number `after`, as far as they are kept. Ends by calling
   * the answer.
   */
  subscribe(listener: (told: Told) => void, after?: number): () => void {
    this.#unwatch ??= this.#administration.watch((event) => this.#tell(event))
    // A number of another master says nothing here.
    if (after !== undefined && after <= this.#last)
      for (const told of this.#recent) if (told.id > after) listener(told)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#unwatch?.()
    this.#unwatch = undefined
    this.#listeners.clear()
  }

  #tell(event: PublicEvent): void {
    this.#last += 1
    const told = { id: this.#last, event }
    this.#recent = [...this.#recent.slice(1 - kept), told]
    for (const listener of this.#listeners) listener(told)
  }
}
