/**
 * The error log's records in JSON by pino, over a sink of ours. Importing pino costs 20 to 40 ms, a third of a worker's
 * boot: the logger writes its first lines with `line.ts`, in the same format, and takes this engine when there is time.
 * Pino's transports are never used: their threads cut lines of files that processes share.
 */
import { pino } from 'pino'
import { type Level, levels } from './levels.ts'
import { type LogRecord, plainFacts } from './line.ts'
import type { LineSink } from './sink.ts'

/** Carries the level past pino, for which keys that are symbols do not exist. */
const ofLevel = Symbol('level')

type Carried = Record<string, unknown> & { readonly [ofLevel]: Level }

/** Writes a record; the sink gets one line. */
export type Engine = (record: LogRecord) => void

/** What stands before the lines of a record, if anything. */
export type Mark = (level: Level, lines: string) => string

/** Pino, of our levels, writing into `sink`. */
export function pinoEngine(
  sink: LineSink,
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
    levelStream((level, json) => sink.write(mark(level, json))),
  )
  return (record) => logger[record.level](carry(record), record.message)
}

const carry = ({ facts, level }: LogRecord): Carried => ({ ...plainFacts(facts), [ofLevel]: level })

const ranks = (): Record<Level, number> => ({
  debug: levels.debug.rank,
  info: levels.info.rank,
  warning: levels.warning.rank,
  error: levels.error.rank,
  critical: levels.critical.rank,
})

/** A stream that asks pino for what it logged last (pino's metadata protocol). */
function levelStream(write: (level: Level, json: string) => void): {
  lastObj: Carried | undefined
  write(json: string): void
} {
  return Object.assign(
    {
      lastObj: undefined as Carried | undefined,
      write(json: string): void {
        const level = this.lastObj?.[ofLevel]
        if (level !== undefined) write(level, json)
      },
    },
    { [Symbol.for('pino.metadata')]: true },
  )
}
