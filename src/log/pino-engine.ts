/**
 * The error log's records by pino, over a sink of ours. Importing pino costs 17 ms, a quarter of a worker's boot:
 * the logger writes its first lines with `line.ts`, in the same two formats, and takes this engine when there is
 * time. Pino's transports are never used: their threads cut lines of files that processes share.
 */
import { pino } from 'pino'
import { type Level, levels } from './levels.ts'
import { type LogRecord, plainFacts, textLine } from './line.ts'
import type { LineSink } from './sink.ts'

export type LogFormat = 'text' | 'json'

/** Carries the whole record past pino, for which keys that are symbols do not exist. */
const whole = Symbol('record')

type Carried = Record<string, unknown> & { readonly [whole]: LogRecord }

/** Writes a record; the sink gets one line. */
export type Engine = (record: LogRecord) => void

/** What stands before the lines of a record, if anything. */
export type Mark = (level: Level, lines: string) => string

/** Pino, of our levels, writing `format` into `sink`. `name` is printed in JSON alone. */
export function pinoEngine(
  sink: LineSink,
  format: LogFormat,
  name: string | undefined,
  mark: Mark = (_, lines) => lines,
): Engine {
  const logger = pino<Level>(
    {
      level: 'debug',
      customLevels: ranks(),
      useOnlyCustomLevels: true,
      base: name === undefined ? { pid: process.pid } : { pid: process.pid, name },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      // Pino's own would take our plain error for an Error again, and mix the messages of its causes.
      serializers: { err: (fact: unknown) => fact },
      formatters: { level: (label) => ({ level: label }) },
    },
    recordStream((record, json) => {
      sink.write(mark(record.level, format === 'json' ? json : textLine(record)))
    }),
  )
  return (record) => logger[record.level](carry(record), record.message)
}

const carry = (record: LogRecord): Carried => ({ ...plainFacts(record.facts), [whole]: record })

const ranks = (): Record<Level, number> => ({
  debug: levels.debug.rank,
  info: levels.info.rank,
  warning: levels.warning.rank,
  error: levels.error.rank,
  critical: levels.critical.rank,
})

/** A stream that asks pino for what it logged last (pino's metadata protocol). */
function recordStream(write: (record: LogRecord, json: string) => void): {
  lastObj: Carried | undefined
  write(json: string): void
} {
  return Object.assign(
    {
      lastObj: undefined as Carried | undefined,
      write(json: string): void {
        const record = this.lastObj?.[whole]
        if (record !== undefined) write(record, json)
      },
    },
    { [Symbol.for('pino.metadata')]: true },
  )
}
