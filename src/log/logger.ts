/**
 * The error log of one process: levels, formats, destinations. What it says is decided by its callers; it knows
 * no setting, no signal and no request.
 */

import { isJournal, withPriority } from '../systemd/journal.ts'
import { LogFile, type Owner } from './file.ts'
import { type Level, levels, parseLevel, type RecordKind } from './levels.ts'
import { type Facts, jsonLine, type LogRecord, textLine } from './line.ts'
import type { Engine, Mark } from './pino-engine.ts'
import { DirectLines, type LineSink } from './sink.ts'
import type { Syslog } from './syslog.ts'

export type LogFormat = 'text' | 'json'

export interface LoggerOptions {
  /** A path, or '-' for the standard error. */
  readonly destination: string
  readonly level: string
  readonly format: LogFormat
  /** Each line also goes there. Opened by the caller: most servers have none, and its modules cost 5 ms of a boot. */
  readonly syslog?: Syslog
  /** Told of each record that the level lets pass. */
  readonly onRecord?: (kind: RecordKind) => void
  readonly name?: 'master' | 'worker' | 'front'
  readonly owner?: Owner
}

type Say = (message: string, facts?: Facts) => void

export interface Logger {
  readonly critical: Say
  readonly error: Say
  readonly warning: Say
  readonly info: Say
  readonly debug: Say
  /** Level error, with what was thrown printed below. */
  readonly exception: (message: string, thrown: unknown) => void
  /** May be set while running; unknown names are TSG_SETTING_INVALID. */
  level: string
  /** Hands records in JSON to pino. To be called once, when starting is over: see pino-engine.ts. */
  readonly usePino: () => Promise<void>
  /** Goes on in a fresh file (after a rotation). Errors: TSG_LOG_UNWRITABLE; the log then stays where it was. */
  readonly reopen: () => void
  /** Lines are written before the call that says them returns; this is for symmetry with the access log. */
  readonly flush: () => void
  /** Lines are written when it returns; the promise is for the syslog daemon, half a second at most. */
  readonly close: () => Promise<void>
}

const STANDARD_ERROR = 2

/** Opens the error log. Errors: TSG_LOG_UNWRITABLE, TSG_SETTING_INVALID (level). */
export function createLogger(options: LoggerOptions): Logger {
  const threshold = parseLevel(options.level)
  return new ErrorLog(options, openSink(options), threshold)
}

function openSink({ destination, owner, format, name }: LoggerOptions): LineSink {
  const file = new LogFile({
    destination: destination === '-' ? STANDARD_ERROR : destination,
    setting: 'errorlog',
    ...(owner === undefined ? {} : { owner }),
  })
  const line = writerOf(format, markOf(destination))
  const note = (lost: number): string =>
    line(entry('warning', `${lost} log lines were lost: the log could not be written`, {}, name))
  return new DirectLines(file, note)
}

/** Lines for journald begin with their priority. */
function markOf(destination: string): Mark {
  if (destination !== '-' || !isJournal(STANDARD_ERROR)) return (_, text) => text
  return (level, text) => withPriority(levels[level].severity, text)
}

const writerOf =
  (format: LogFormat, mark: Mark) =>
  (record: LogRecord): string =>
    mark(record.level, format === 'json' ? jsonLine(record) : textLine(record))

const entry = (level: Level, message: string, facts: Facts, name: string | undefined): LogRecord => ({
  time: Date.now(),
  level,
  pid: process.pid,
  message,
  facts,
  ...(name === undefined ? {} : { name }),
})

class ErrorLog implements Logger {
  readonly #options: LoggerOptions
  readonly #sink: LineSink
  #engine: Engine
  #threshold: Level

  constructor(options: LoggerOptions, sink: LineSink, threshold: Level) {
    this.#options = options
    this.#sink = sink
    this.#threshold = threshold
    const line = writerOf(options.format, markOf(options.destination))
    this.#engine = (record) => sink.write(line(record))
  }

  // Properties, not methods: a hook may take `log.info` away from its log.
  readonly critical: Say = (message, facts) => this.#say('critical', message, facts)
  readonly error: Say = (message, facts) => this.#say('error', message, facts)
  readonly warning: Say = (message, facts) => this.#say('warning', message, facts)
  readonly info: Say = (message, facts) => this.#say('info', message, facts)
  readonly debug: Say = (message, facts) => this.#say('debug', message, facts)
  readonly exception = (message: string, thrown: unknown): void =>
    this.#say('error', message, { err: thrown }, 'exception')

  get level(): Level {
    return this.#threshold
  }

  set level(name: string) {
    this.#threshold = parseLevel(name)
  }

  readonly usePino = async (): Promise<void> => {
    const { format, name, destination } = this.#options
    if (format !== 'json') return
    const { pinoEngine } = await import('./pino-engine.ts')
    this.#engine = pinoEngine(this.#sink, name, markOf(destination))
  }

  readonly reopen = (): void => this.#sink.reopen()
  readonly flush = (): void => this.#sink.flush()

  readonly close = async (): Promise<void> => {
    this.#sink.close()
    await this.#options.syslog?.close()
  }

  #say(level: Level, message: string, facts: Facts = {}, kind: RecordKind = level): void {
    if (levels[level].rank < levels[this.#threshold].rank) return
    this.#engine(entry(level, String(message), facts, this.#options.name))
    this.#options.syslog?.send(level, message, facts['err'])
    this.#options.onRecord?.(kind)
  }
}
