/**
 * One record of the error log as a line: Gunicorn's text, or a JSON object. Pure: who writes the line, and where,
 * is known elsewhere.
 */
import { messageOf } from '../errors.ts'
import { block, oneLine } from './escape.ts'
import type { Level } from './levels.ts'
import { errorTime } from './stamp.ts'
import { thrownFact, thrownText } from './thrown.ts'

/** Named values beside a message; `err` is what was thrown. */
export type Facts = Readonly<Record<string, unknown>>

export interface LogRecord {
  /** Wall-clock milliseconds. */
  readonly time: number
  readonly level: Level
  readonly pid: number
  /** Which process speaks; printed in JSON alone. */
  readonly name?: string
  readonly message: string
  readonly facts: Facts
}

/**
 * `[2026-11-21 12:08:02 +0000] [2415] [INFO] message`, with a `detail` fact and the stack of an `err` fact indented
 * below, and the end of line. Other facts are not printed: messages that people read say them in words.
 */
export function textLine(record: LogRecord): string {
  const { time, pid, level, message, facts } = record
  const head = `[${errorTime(time)}] [${pid}] [${level.toUpperCase()}] ${oneLine(message)}\n`
  const below = [
    ...(typeof facts['detail'] === 'string' ? [block(facts['detail'])] : []),
    ...(facts['err'] === undefined ? [] : [block(thrownText(facts['err']))]),
  ]
  return `${[head.slice(0, -1), ...below].join('\n')}\n`
}

/** One object: level, time, pid and name, then the facts, then msg, as pino orders them; and the end of line. */
export function jsonLine(record: LogRecord): string {
  const { time, pid, name, level, message, facts } = record
  const named = name === undefined ? {} : { name }
  const head = { level, time: new Date(time).toISOString(), pid, ...named }
  return `${JSON.stringify({ ...head, ...plainFacts(facts), msg: message })}\n`
}

const taken: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'name', 'msg'])

/** The facts as JSON can say them. One that has a name of the record's own is written with `_` behind. */
export function plainFacts(facts: Facts): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(facts)) {
    plain[taken.has(name) ? `${name}_` : name] = plainValue(name, value)
  }
  return plain
}

function plainValue(name: string, value: unknown): unknown {
  if (name === 'err' || value instanceof Error) return thrownFact(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null')
  } catch (error) {
    // Rings, big integers within, a toJSON that throws: the record is worth more than the fact.
    return `[not JSON: ${messageOf(error)}]`
  }
}
