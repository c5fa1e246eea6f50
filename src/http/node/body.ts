/**
 * Guards a chunked body while it streams in: its size, which no head announced, and the fields behind it. It stands
 * in for `push`, by which node gives a request its body, so that what is refused never reaches the application.
 */
import type { IncomingMessage } from 'node:http'
import type { ParserLimits } from '../h1/events.ts'
import { isForbiddenTrailer } from '../h1/trailer-fields.ts'

interface Fault {
  readonly status: 400 | 413 | 431
  readonly reason: string
}

/** Told once, instead of the rest of the body. */
export type RefuseBody = (fault: Fault) => void

/** Bytes, and a number of fields; Infinity where there is no limit. */
export type BodyLimits = Pick<ParserLimits, 'body' | 'chunkExtensions' | 'fields' | 'fieldSize' | 'trailers'>

/** `: ` and CRLF. */
const fieldOverhead = 4
/** What the framing of a chunk may take without being counted as extensions; with the record it came in, under TLS. */
const framing = { plain: 16, encrypted: 64 } as const
/** Bytes of other things that one read from a socket may have brought. */
const readAhead = 65_536
const endless: Fault = { status: 413, reason: 'the chunk extensions are longer than limit_chunk_extensions' }
const tooLarge: Fault = { status: 413, reason: 'the body is larger than limit_request_body' }

/** What is wrong with the fields behind a body: name, value, name, value ... */
const faultOfTrailers = (trailers: readonly string[], limits: BodyLimits): Fault | undefined => {
  if (trailers.length > limits.fields * 2)
    return { status: 431, reason: 'there are more trailer fields than limit_request_fields' }
  let total = 0
  for (let index = 0; index < trailers.length; index += 2) {
    const name = trailers[index] ?? ''
    const size = name.length + (trailers[index + 1] ?? '').length + fieldOverhead
    total += size
    if (isForbiddenTrailer(name)) return { status: 400, reason: 'a trailer field is one of the head' }
    if (size > limits.fieldSize)
      return { status: 431, reason: 'a trailer field is longer than limit_request_field_size' }
  }
  return total > limits.trailers
    ? { status: 431, reason: 'the trailers are longer than limit_request_trailers' }
    : undefined
}

/**
 * Node bounds the extensions of each chunk and not of all; nor does it show them. So they are taken to be what came
 * from the socket and is no body, with room for the rest of the framing.
 */
export const guardBody = (request: IncomingMessage, limits: BodyLimits, refuse: RefuseBody): void => {
  const { socket } = request
  const base = socket.bytesRead
  const perChunk = framing['encrypted' in socket ? 'encrypted' : 'plain']
  let received = 0
  let room = limits.chunkExtensions + readAhead
  const faultOf = (chunk: Buffer | null): Fault | undefined => {
    if (chunk === null) return faultOfTrailers(request.rawTrailers, limits)
    received += chunk.length
    room += perChunk
    if (received > limits.body) return tooLarge
    return socket.bytesRead - base - received > room ? endless : undefined
  }
  const push = request.push.bind(request)
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    const fault = faultOf(chunk)
    if (fault === undefined) return push(chunk, encoding)
    refuse(fault)
    return true
  }
}

/**
 * Has the reading of a body fail as if its client had gone, while the connection lives on for the answer. What
 * still comes of it is thrown away. Node's own way, `destroy`, takes the socket with it.
 */
export const failBody = (request: IncomingMessage): void => {
  if (request.destroyed) return
  request.push = () => true
  request._destroy = (error, callback) => {
    // As node does it: an error that nobody listens to is none.
    process.nextTick(() => callback(request.listenerCount('error') === 0 ? null : error))
  }
  request.aborted = true
  request.emit('aborted')
  request.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
}
