/**
 * Who boots while others serve steps back behind them, and comes forward when it is ready: at the same priority it would
 * take from each of them what their requests need. Where they leave nothing over it would never be ready: it steps back
 * for a while only. Where the system would not let it come forward, nobody steps back.
 */
import { messageOf } from '../errors.ts'
import { canBeIdle, canReturn, idle, lowerPriority, raisePriority } from '../system/priority.ts'
import type { LogSwitch } from './log-switch.ts'

/** What boots on a machine with a processor to spare is ready before. */
const PATIENCE = 1000

interface Behind {
  /** How much its priority was lowered. */
  readonly by: number
  readonly patience: NodeJS.Timeout
}

export class Courtesy {
  readonly #log: Pick<LogSwitch, 'debug'>
  /** By process id. */
  readonly #behind = new Map<number, Behind>()
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
      const lowered = lowerPriority(pid, by)
      if (lowered === undefined) return
      const patience = setTimeout(() => this.comeForward(pid), PATIENCE).unref()
      this.#behind.set(pid, { by: lowered, patience })
    })
  }

  /**
   * The same for a new master, whose workers inherit its place: only where that can be seen, so that it can come forward
   * by itself when we are gone.
   */
  stepBackForHeirs(pid: number | undefined, by: number): void {
    if (by >= idle && canBeIdle()) this.stepBack(pid, by)
  }

  /** We are a new master, and ready, or alone. */
  comeForwardOurselves(): void {
    this.#attempt(() => raisePriority(process.pid, idle))
  }

  comeForward(pid: number | undefined): void {
    if (pid === undefined) return
    const behind = this.#behind.get(pid)
    if (behind === undefined) return
    this.forget(pid)
    this.#attempt(() => raisePriority(pid, behind.by))
  }

  /** It has ended. */
  forget(pid: number | undefined): void {
    if (pid === undefined) return
    clearTimeout(this.#behind.get(pid)?.patience)
    this.#behind.delete(pid)
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
