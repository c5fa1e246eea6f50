/** The master's log: one object for everybody, over whichever log the serving configuration names. */
import type { Logger } from '../log/logger.ts'

export class LogSwitch implements Logger {
  #current: Logger

  constructor(current: Logger) {
    this.#current = current
  }

  /** Goes over to another log; returns the one before, to be closed. */
  swap(next: Logger): Logger {
    const before = this.#current
    this.#current = next
    return before
  }

  get level(): string {
    return this.#current.level
  }
  set level(level: string) {
    this.#current.level = level
  }

  readonly critical: Logger['critical'] = (message, facts) => this.#current.critical(message, facts)
  readonly error: Logger['error'] = (message, facts) => this.#current.error(message, facts)
  readonly warning: Logger['warning'] = (message, facts) => this.#current.warning(message, facts)
  readonly info: Logger['info'] = (message, facts) => this.#current.info(message, facts)
  readonly debug: Logger['debug'] = (message, facts) => this.#current.debug(message, facts)
  readonly exception: Logger['exception'] = (message, thrown) => this.#current.exception(message, thrown)
  readonly usePino: Logger['usePino'] = () => this.#current.usePino()
  readonly reopen: Logger['reopen'] = () => this.#current.reopen()
  readonly flush: Logger['flush'] = () => this.#current.flush()
  readonly close: Logger['close'] = () => this.#current.close()
}
