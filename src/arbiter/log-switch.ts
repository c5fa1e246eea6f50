/** The master's log: one object for everybody, over whichever log the serving configuration names. */
import type { Logger } from '../log/logger.ts'
import type { Level } from './state.ts'

export class LogSwitch implements Logger {
  /** Told of each line as well, while somebody follows the log. */
  heard: ((level: Level, message: string) => void) | undefined
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

  readonly critical: Logger['critical'] = (message, facts) => {
    this.#current.critical(message, facts)
    this.heard?.('critical', message)
  }
  readonly error: Logger['error'] = (message, facts) => {
    this.#current.error(message, facts)
    this.heard?.('error', message)
  }
  readonly warning: Logger['warning'] = (message, facts) => {
    this.#current.warning(message, facts)
    this.heard?.('warning', message)
  }
  readonly info: Logger['info'] = (message, facts) => {
    this.#current.info(message, facts)
    this.heard?.('info', message)
  }
  readonly debug: Logger['debug'] = (message, facts) => {
    this.#current.debug(message, facts)
    this.heard?.('debug', message)
  }
  readonly exception: Logger['exception'] = (message, thrown) => {
    this.#current.exception(message, thrown)
    this.heard?.('error', message)
  }
  readonly usePino: Logger['usePino'] = () => this.#current.usePino()
  readonly reopen: Logger['reopen'] = () => this.#current.reopen()
  readonly flush: Logger['flush'] = () => this.#current.flush()
  readonly close: Logger['close'] = () => this.#current.close()
}
