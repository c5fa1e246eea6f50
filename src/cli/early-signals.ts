/**
 * The signals of a master, from its first moment: kept until someone takes them, then handed on. A handler does
 * nothing else. Before there is a master, what ends a server ends the program.
 */
import { signalNames } from '../arbiter/signals.ts'
import type { SignalName } from '../arbiter/state.ts'
import { exit } from './exit.ts'

const ending: ReadonlySet<SignalName> = new Set(['SIGTERM', 'SIGINT', 'SIGQUIT'])

export class EarlySignals {
  #hear: (signal: SignalName) => void
  readonly #kept: SignalName[] = []

  constructor() {
    this.#hear = (signal) => {
      // Nothing has been started yet: there is nothing to stop first.
      if (ending.has(signal)) exit(0)
      this.#kept.push(signal)
    }
    for (const signal of signalNames) process.on(signal, () => this.#hear(signal))
  }

  /** Hands on what was kept, and from now on what comes. */
  handTo(hear: (signal: SignalName) => void): void {
    this.#hear = hear
    for (const signal of this.#kept.splice(0)) hear(signal)
  }
}
