/**
 * A worker's answer passed on to the client, frame by frame. Judges which frame may come when; whose frame it is, and
 * what follows from its end, is the channel's affair.
 */
import { fieldsOf } from '../http/h1/fields.ts'
import type { FrameReader } from './frames.ts'
import { headIn } from './heads.ts'
import { failedFlag, toFront } from './protocol.ts'
import type { Ticket } from './ticket.ts'

/**
 * `more`: of this answer, or the next frame of it, is to come; `behind`: the same, but the client does not take it;
 * `complete`: the thread is done with the request; `fault`: no worker says this here.
 */
export type Outcome = 'more' | 'behind' | 'complete' | 'fault'

/** Up to this the core makes text of a body before its call returns. */
const copiedByCore = 4096

/** The frame's body, to be kept by whoever gets it. */
const bodyIn = (reader: FrameReader): Buffer | undefined => {
  const { bodyStart, bodyEnd } = reader
  if (bodyStart === bodyEnd) return undefined
  const body = reader.bytes.subarray(bodyStart, bodyEnd)
  return reader.kept || body.length <= copiedByCore ? body : Buffer.from(body)
}

/**
 * FULL: the whole answer. Like all of these it throws TypeError and RangeError for what cannot be sent; the ticket has
 * its phase by then.
 */
export const takeFull = (ticket: Ticket, reader: FrameReader): Outcome => {
  if (ticket.phase === 'begun') return 'fault'
  if (ticket.phase === 'over') return 'complete'
  ticket.end()
  const { status, reason, fields } = headIn(reader)
  ticket.exchange.respond(status, reason, fields, bodyIn(reader))
  return 'complete'
}

const takeHead = (ticket: Ticket, reader: FrameReader): Outcome => {
  if (ticket.phase === 'begun') return 'fault'
  if (ticket.phase === 'over') return 'more'
  const { status, reason, fields } = headIn(reader)
  ticket.phase = 'begun'
  ticket.exchange.begin(status, reason, fields)
  return takeChunk(ticket, reader)
}

const takeChunk = (ticket: Ticket, reader: FrameReader): Outcome => {
  if (ticket.phase === 'given') return 'fault'
  if (ticket.phase === 'over') return 'more'
  const body = bodyIn(reader)
  return body === undefined || ticket.exchange.write(body) ? 'more' : 'behind'
}

const takeEnd = (ticket: Ticket, reader: FrameReader): Outcome => {
  if (ticket.phase === 'given') return 'fault'
  if (ticket.phase === 'over') return 'complete'
  ticket.end()
  if (reader.flags & failedFlag) ticket.exchange.fail(true)
  else ticket.exchange.end()
  return 'complete'
}

/** The server's own page for what the worker has logged. */
const takeError = (ticket: Ticket, { index }: FrameReader): Outcome => {
  if (ticket.phase === 'begun') return 'fault'
  if (ticket.phase === 'over') return 'complete'
  ticket.end()
  ticket.exchange.answer(index >= 400 && index <= 599 ? index : 500)
  return 'complete'
}

const takeInform = (ticket: Ticket, reader: FrameReader): Outcome => {
  if (ticket.phase === 'given') ticket.exchange.inform(reader.index, fieldsOf(reader.text().split('\n')))
  return 'more'
}

/** What makes up an answer, but for FULL, which needs no look at a table, and FILE, which takes its time. */
export const answerFrames: ReadonlyMap<number, (ticket: Ticket, reader: FrameReader) => Outcome> = new Map([
  [toFront.head, takeHead],
  [toFront.chunk, takeChunk],
  [toFront.end, takeEnd],
  [toFront.error, takeError],
  [toFront.inform, takeInform],
])
