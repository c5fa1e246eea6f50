/**
 * What a parser was told, made ready to be compared with: bounds as small integers, tables by leniency. Made once
 * for all parsers that are told the same.
 */
import type { Leniency, ParserLimits, Refusal } from './events.ts'
import { conventionalMethodBytes, tokenBytes } from './grammar.ts'
import { refusals } from './refusals.ts'

export interface Rules {
  /** Bytes of the request line: of `limits.line` and `limits.head` the less, and what is answered beyond. */
  readonly line: number
  readonly beyondLine: Refusal
  readonly head: number
  readonly fields: number
  readonly fieldSize: number
  readonly chunkLine: number
  readonly chunkExtensions: number
  /** With the CRLF that ends the section. */
  readonly trailers: number
  readonly body: number
  readonly leniency: Leniency
  readonly methodBytes: Uint8Array
  readonly shortestMethod: number
  readonly longestMethod: number
}

/** Offsets and sums of offsets stay small integers below this; no head is as large. */
const most = 0x1fff_ffff
const bounded = (limit: number): number => Math.min(limit, most)

const compile = (limits: ParserLimits, leniency: Leniency): Rules => ({
  line: bounded(Math.min(limits.line, limits.head)),
  beyondLine: limits.line <= limits.head ? refusals.lineLength : refusals.headLength,
  head: bounded(limits.head),
  fields: bounded(limits.fields),
  fieldSize: bounded(limits.fieldSize),
  chunkLine: bounded(limits.chunkLine),
  chunkExtensions: bounded(limits.chunkExtensions),
  trailers: bounded(limits.trailers) + 2,
  body: limits.body,
  leniency,
  methodBytes: leniency.unconventionalMethod ? tokenBytes : conventionalMethodBytes,
  shortestMethod: leniency.unconventionalMethod ? 1 : 3,
  longestMethod: leniency.unconventionalMethod ? most : 20,
})

interface Compiled {
  readonly limits: ParserLimits
  readonly leniency: Leniency
  readonly rules: Rules
}

/** A server's parsers are all told the same two objects: the last answer is nearly always the one that is asked. */
let last: Compiled | undefined

export const rulesOf = (limits: ParserLimits, leniency: Leniency): Rules => {
  if (last?.limits !== limits || last.leniency !== leniency)
    last = { limits, leniency, rules: compile(limits, leniency) }
  return last.rules
}
