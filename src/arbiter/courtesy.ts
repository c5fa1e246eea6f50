/**
 * Who boots while others serve steps back behind them, and comes forward when it is ready: at the same priority it would
 * take from each of them what their requests need. Where the system would not let it come forward, nobody steps back.
 */
import { messageOf } from '../errors.ts'
import { canReturn, lowerPriority, raisePriority } from '../system/priority.ts'
import type { LogSwitch } from './log-switch.ts'

export class Courtesy {
  readonly #log: Pick<LogSwitch, 'debug'>
  /** Process id -> how much its priority was lowered. */
  readonly #behind = new Map<number, number>()
  #able: boolean | undefined

  constructor(log: Pick<LogSwitch, 'debug'>) {
    this.#log = log
  }

  /** Setting boot_nice; 0: it stays where it is. */
  stepBack(pid: number | undefined, by: number): void {
    if (pid === undefined || by === 0) return
    this.#able ??= canReturn()
    if (!this.#able) return
    this.#attempt(() => {
      if (lowerPriority(pid, by)) this.#behind.set(pid, by)
    })
  }

  comeForward(pid: number | undefined): void {
    if (pid === undefined) return
    const by = this.#behind.get(pid)
    if (by === undefined) return
    this.#behind.delete(pid)
    this.#attempt(() => raisePriority(pid, by))
  }

  /** It has ended. */
  forget(pid: number | undefined): void {
    if (pid !== undefined) this.#behind.delete(pid)
  }

  #attempt(deed: () => void): void {
    try {
      deed()
    } catch (error) {
      this.#able = false
      this.#log.debug(`a priority could not be changed: ${messageOf(error)}`)
    }
  }
}
