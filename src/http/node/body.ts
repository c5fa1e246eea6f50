/**
 * Guards a chunked body while it streams in: its size, which no head announced, and the fields behind it. It stands
 * in for `push`, by which node gives a request its body, so that what is refused never reaches the application.
 */
import type { IncomingMessage } from 'node:http'

/** Told once, instead of the rest of the body. */
export type RefuseBody = (status: 400 | 413, reason: string) => void

/** RFC 9110, 6.5.1: fields of framing, routing, authentication, of the request's meaning and of its content. */
const forbidden = new Set([
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'host',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
])

const isForbidden = (name: string, index: number): boolean =>
  index % 2 === 0 && forbidden.has(name.toLowerCase())

/** `most` is bytes, Infinity where there is no limit. */
export const guardBody = (request: IncomingMessage, most: number, refuse: RefuseBody): void => {
  let left = most
  let refused = false
  const push = request.push.bind(request)
  const stop = (status: 400 | 413, reason: string): boolean => {
    refused = true
    refuse(status, reason)
    return true
  }
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    if (refused) return true
    if (chunk === null) {
      if (request.rawTrailers.some(isForbidden)) return stop(400, 'a trailer field is one of the head')
    } else if (chunk.length > left) return stop(413, 'the body is larger than limit_request_body')
    else left -= chunk.length
    return push(chunk, encoding)
  }
}
