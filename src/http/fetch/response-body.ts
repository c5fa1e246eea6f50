/**
 * What a Response may be made of, and what becomes of it: text and bytes stay what they are, the rest is a stream
 * or a Blob. Knows the kinds of body of the Fetch standard, and nothing of responses.
 */
import type { ReadableByteStreamController, UnderlyingByteSource } from 'node:stream/web'
import { writeForm } from './form.ts'
import { tagOf } from './real.ts'

export type Source = string | Uint8Array | Blob | ReadableStream<Uint8Array> | null

export interface Extracted {
  readonly source: Source
  /** The Content-Type that goes with it, unless the application names one. */
  readonly type: string | undefined
}

export const textType = 'text/plain;charset=UTF-8'
export const jsonType = 'application/json'

/**
 * Anything that the standard, or Node, takes for a body (async iterables are Node's). Bytes are not copied: they must
 * not be changed before they are sent. What is nothing of it is made a string.
 */
export const extract = (body: unknown): Extracted => {
  if (body === null || body === undefined) return { source: null, type: undefined }
  if (typeof body !== 'object') return { source: String(body), type: textType }
  if (body instanceof Uint8Array) return { source: body, type: undefined }
  if (body instanceof ArrayBuffer) return { source: new Uint8Array(body), type: undefined }
  if (ArrayBuffer.isView(body))
    return { source: new Uint8Array(body.buffer, body.byteOffset, body.byteLength), type: undefined }
  if (body instanceof URLSearchParams)
    return { source: body.toString(), type: 'application/x-www-form-urlencoded;charset=UTF-8' }
  return extractRare(body)
}

const extractRare = (body: object): Extracted => {
  if (body instanceof ReadableStream) return { source: usable(body), type: undefined }
  const tag = tagOf(body)
  if (tag === 'Blob' || tag === 'File')
    return { source: body as Blob, type: (body as Blob).type || undefined }
  if (tag === 'FormData') return writeForm(body as FormData)
  if (Symbol.asyncIterator in body)
    return { source: ReadableStream.from(body as AsyncIterable<Uint8Array>), type: undefined }
  return { source: String(body), type: textType }
}

const usable = (stream: ReadableStream): ReadableStream => {
  if (stream.locked) throw new TypeError('Response: the stream given as body is locked to a reader.')
  return stream
}

/** Streams that were made of text or bytes, and of what: who sends one of these need not read it. */
const made = new WeakMap<ReadableStream, string | Uint8Array>()

export const sourceOf = (stream: ReadableStream): string | Uint8Array | undefined => made.get(stream)

export const streamOfSource = (source: Exclude<Source, null>): ReadableStream<Uint8Array> => {
  if (source instanceof ReadableStream) return source
  if (typeof source === 'object' && 'stream' in source) return source.stream() as ReadableStream<Uint8Array>
  const stream = new ReadableStream(
    {
      type: 'bytes',
      pull: (controller: ReadableByteStreamController) => {
        const bytes = new Uint8Array(typeof source === 'string' ? Buffer.from(source) : source)
        if (bytes.byteLength > 0) controller.enqueue(bytes)
        controller.close()
        controller.byobRequest?.respond(0)
      },
    } as UnderlyingByteSource,
    { highWaterMark: 0 },
  )
  made.set(stream, source)
  return stream
}
