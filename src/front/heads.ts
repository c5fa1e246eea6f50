/**
 * The heads of answers: what the text of FULL, HEAD and FILE says, checked once and kept, as an application answers
 * most requests with the same fields.
 */
import { STATUS_CODES } from 'node:http'
import { type Fields, fieldsOf } from '../http/h1/fields.ts'
import { latin1 } from '../http/h1/latin1.ts'
import type { FrameReader } from './frames.ts'

export interface Head {
  readonly status: number
  /** '' when it is the status's own. */
  readonly reason: string
  readonly fields: Fields
}

/** Heads that are kept, and the longest of them. With a cookie each is new; then all are forgotten now and then. */
const mostKept = 1000
const longestKept = 2048
const kept = new Map<string, Head>()

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
