/**
 * A worker's answer as the core sends it: what the text of FULL, HEAD and FILE says, checked once and kept, as an
 * application answers most requests with the same fields.
 */
import { STATUS_CODES } from 'node:http'
import type { CoreExchange } from '../http/core/types.ts'
import { type Fields, fieldsOf } from '../http/h1/fields.ts'
import { latin1 } from '../http/h1/latin1.ts'
import type { FrameReader } from './frames.ts'

export interface Head {
  readonly status: number
  /** '' when it is the status's own. */
  readonly reason: string
  readonly fields: Fields
}

/** Heads that are kept, and the longest of them. Those with cookies are new each time, and drive nothing else out for long. */
const mostKept = 1000
const longestKept = 2048
const kept = new Map<string, Head>()

/** Up to this the core makes text of a body, before the call returns. */
const copiedByCore = 4096

/** The head in a frame. Throws TypeError for what HTTP does not allow. */
export const headIn = (reader: FrameReader): Head => {
  const text = latin1(reader.bytes, reader.textStart, reader.bodyStart)
  const known = kept.get(text)
  // The text has the reason, not the status.
  if (known !== undefined && known.status === reader.index) return known
  const head = readHead(reader.index, text)
  if (text.length > longestKept) return head
  if (kept.size >= mostKept) kept.clear()
  kept.set(text, head)
  return head
}

const readHead = (status: number, text: string): Head => {
  const [reason = '', ...fields] = text.split('\n')
  return { status, reason: reason === STATUS_CODES[status] ? '' : reason, fields: fieldsOf(fields) }
}

/** The frame's body, to be kept by whoever gets it. */
const bodyIn = (reader: FrameReader): Buffer | undefined => {
  const { bodyStart, bodyEnd } = reader
  if (bodyStart === bodyEnd) return undefined
  const body = reader.bytes.subarray(bodyStart, bodyEnd)
  return reader.kept || body.length <= copiedByCore ? body : Buffer.from(body)
}

/** FULL. Throws TypeError and RangeError for what cannot be sent. */
export const answerFull = (exchange: CoreExchange, reader: FrameReader): void => {
  const { status, reason, fields } = headIn(reader)
  exchange.respond(status, reason, fields, bodyIn(reader))
}

/** HEAD. False: the client is behind. */
export const answerHead = (exchange: CoreExchange, reader: FrameReader): boolean => {
  const { status, reason, fields } = headIn(reader)
  exchange.begin(status, reason, fields)
  return answerChunk(exchange, reader)
}

/** CHUNK. False: the client is behind. Throws RangeError beyond Content-Length. */
export const answerChunk = (exchange: CoreExchange, reader: FrameReader): boolean => {
  const body = bodyIn(reader)
  return body === undefined || exchange.write(body)
}

/** INFORM. */
export const answerInform = (exchange: CoreExchange, reader: FrameReader): void =>
  exchange.inform(reader.index, fieldsOf(reader.text().split('\n')))
