/**
 * The signals of a master, from its first moment: kept until someone takes them, then handed on. A handler does
 * nothing else. Before there is a master, what ends a server ends the program.
 */
import { constants } from 'node:os'
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
    this.#hear = (signal) => {
      this.#kept.push(signal)
      if (this.#kept.length === 1) setImmediate(() => this.#handOn(hear))
    }
    this.#handOn(hear)
  }

  /**
   * What came in one turn of the loop is heard in the order of the numbers, as signal(7) delivers it: the handlers of
   * signals that are pending together run the other way round, and USR2 behind TERM would be too late.
   */
  #handOn(hear: (signal: SignalName) => void): void {
    const together = this.#kept
      .splice(0)
      .sort((one, other) => constants.signals[one] - constants.signals[other])
    for (const signal of together) hear(signal)
  }
}
