/** Feeds a parser bytes in pieces, and tells what it said as plain data. */
import { event, type Leniency, type ParserLimits, type Refusal } from '../../../../src/http/h1/events.ts'
import { RequestParser } from '../../../../src/http/h1/parser.ts'
import { defaultPolicy, leniencyOf, parserLimitsOf } from '../../../../src/http/policy.ts'

export const limits: ParserLimits = parserLimitsOf(defaultPolicy)
export const strict: Leniency = leniencyOf(defaultPolicy)

export interface Told {
  readonly method: string
  readonly target: string
  readonly form: string
  readonly version: string
  readonly modern: boolean
  readonly keepAlive: boolean
  readonly expectContinue: boolean
  readonly upgrade: boolean
  readonly bodyLength: number
  readonly fields: readonly string[]
  body: string
  trailers: readonly string[]
  complete: boolean
}
export interface Outcome {
  readonly messages: readonly Told[]
  readonly refusal: Refusal | undefined
}
export interface Rules {
  readonly limits?: Partial<ParserLimits>
  readonly leniency?: Partial<Leniency>
}

const toldOf = ({ head }: RequestParser): Told => {
  const { fields, ...rest } = head
  return { ...rest, fields: fields.raw(), body: '', trailers: [], complete: false }
}

/** Gives the pieces to one parser, each in a buffer that is spoilt afterwards, then the end of the input. */
export const feed = (pieces: readonly Buffer[], rules: Rules = {}): Outcome => {
  const parser = new RequestParser({ ...limits, ...rules.limits }, { ...strict, ...rules.leniency })
  const messages: Told[] = []
  for (const piece of pieces) {
    const margin = 3
    const buffer = Buffer.concat([Buffer.alloc(margin, 'x'), piece, Buffer.alloc(margin, '\r\n')])
    const end = margin + piece.length
    let at = margin
    for (let bound = 10 * piece.length + 10; ; bound -= 1) {
      if (bound === 0) throw new Error('the parser does not get on')
      const said = parser.read(buffer, at, end)
      const current = messages.at(-1)
      if (said === event.more) break
      if (said === event.refused) return { messages, refusal: parser.refusal }
      if (said === event.head) messages.push(toldOf(parser))
      else if (current === undefined) throw new Error('a body without a head')
      else if (said === event.body)
        current.body += buffer.toString('latin1', parser.bodyStart, parser.bodyEnd)
      else {
        current.complete = true
        current.trailers = parser.trailers.raw()
      }
      if (parser.offset < at || parser.offset > end) throw new Error('the offset left the bytes')
      at = parser.offset
    }
    buffer.fill(0)
  }
  return { messages, refusal: parser.finish() }
}

export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

/** The bytes in pieces of these lengths; the last piece has the rest. */
export const cut = (whole: Buffer, lengths: readonly number[]): Buffer[] => {
  const pieces: Buffer[] = []
  let at = 0
  for (const length of lengths) {
    if (at >= whole.length) break
    pieces.push(whole.subarray(at, at + length))
    at += length
  }
  return [...pieces, whole.subarray(at)]
}
export const singly = (whole: Buffer): Buffer[] => Array.from(whole, (_, at) => whole.subarray(at, at + 1))

/** Whole and byte by byte; throws when they differ. */
export const parse = (text: string, rules: Rules = {}): Outcome => {
  const whole = feed([bytes(text)], rules)
  const split = feed(singly(bytes(text)), rules)
  if (JSON.stringify(whole) !== JSON.stringify(split))
    throw new Error(`whole: ${JSON.stringify(whole)}\nsplit: ${JSON.stringify(split)}`)
  return whole
}

/** `200` when every message was complete, else the refusal's status and reason. */
export const verdict = (text: string, rules: Rules = {}): string => {
  const { refusal } = parse(text, rules)
  return refusal === undefined ? '200' : `${refusal.status} ${refusal.reason}`
}
