/** The corpus read by our own parser, without any socket: what it makes of bytes, in the corpus' words. */

import type { Leniency, ParserLimits, RequestHead } from '../../src/http/h1/events.ts'
import { event } from '../../src/http/h1/events.ts'
import { RequestParser } from '../../src/http/h1/parser.ts'
import { defaultPolicy, type HttpPolicy } from '../../src/http/policy.ts'
import type { Message, Outcome } from './entry.ts'

/** What came of the bytes, and why the last of it was refused. */
export interface Reading {
  readonly outcomes: readonly Outcome[]
  readonly reason: string
}

const orNone = (limit: number): number => (limit === 0 ? Infinity : limit)

/** Written out here and not taken from the server: the corpus judges the parser, not the translation. */
const limitsOf = (policy: HttpPolicy): ParserLimits => ({
  line: orNone(policy.limitRequestLine),
  fields: policy.limitRequestFields === 0 ? 32_768 : policy.limitRequestFields,
  fieldSize: orNone(policy.limitRequestFieldSize),
  head: policy.limitRequestHead === 0 ? 16 * 1024 * 1024 : policy.limitRequestHead,
  chunkLine: policy.limitChunkLine,
  chunkExtensions: policy.limitChunkExtensions,
  trailers: policy.limitRequestTrailers,
  body: orNone(policy.limitRequestBody),
})

const leniencyOf = (policy: HttpPolicy): Leniency => policy

interface Open {
  readonly head: RequestHead
  readonly pieces: Buffer[]
}

const messageOf = ({ head, pieces }: Open, trailers: readonly string[]): Message => ({
  method: head.method,
  target: head.target,
  version: head.version,
  body: Buffer.concat(pieces).toString('latin1'),
  keepAlive: head.keepAlive,
  upgrade: head.upgrade,
  expectContinue: head.expectContinue,
  headers: [...head.fields.raw()],
  trailers: [...trailers],
})

/** Reads these pieces one by one, then the client's FIN; stops where a server would stop reading. */
export const readPieces = (pieces: readonly Buffer[], overrides: Partial<HttpPolicy> = {}): Reading => {
  const policy = { ...defaultPolicy, ...overrides }
  const parser = new RequestParser(limitsOf(policy), leniencyOf(policy))
  const outcomes: Outcome[] = []
  let open: Open | undefined
  const refuse = ({ status, reason }: { status: number; reason: string }): Reading => {
    const within = open && { method: open.head.method, target: open.head.target }
    return { outcomes: [...outcomes, within ? { status, within } : { status }], reason }
  }
  for (const piece of pieces) {
    // A copy that is spoilt afterwards, as a shared read buffer is: who keeps a view of it is found out.
    const buffer = Buffer.concat([Buffer.from('#'), piece, Buffer.from('#')])
    let start = 1
    // An end may come without a byte: the parser is asked until it wants more.
    for (;;) {
      const said = parser.read(buffer, start, piece.length + 1)
      if (said === event.more) break
      if (said === event.refused) return refuse(parser.refusal)
      start = parser.offset
      if (said === event.head) open = { head: parser.head, pieces: [] }
      else if (said === event.body)
        open?.pieces.push(Buffer.from(buffer.subarray(parser.bodyStart, parser.bodyEnd)))
      else if (open) {
        const message = messageOf(open, parser.trailers.raw())
        open = undefined
        outcomes.push(message)
        if (!message.keepAlive || message.method === 'CONNECT') return { outcomes, reason: '' }
      }
    }
    buffer.fill(0x23)
  }
  const refusal = parser.finish()
  return refusal ? refuse(refusal) : { outcomes, reason: '' }
}
