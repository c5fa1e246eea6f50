/** Ends by reason and reloads by outcome, as long as nothing else keeps them. */
import type { Status } from '../../control/status.ts'
import type { Tallies } from './journal.ts'

export class MemoryTallies implements Tallies {
  readonly #restarts = new Map<string, number>()
  readonly #reloads = { ok: 0, failed: 0 }

  restart(reason: string): void {
    this.#restarts.set(reason, (this.#restarts.get(reason) ?? 0) + 1)
  }

  reload(outcome: 'ok' | 'failed'): void {
    this.#reloads[outcome] += 1
  }

  get all(): Pick<Status['totals'], 'restarts' | 'reloads'> {
    return { restarts: Object.fromEntries(this.#restarts), reloads: { ...this.#reloads } }
  }
}
