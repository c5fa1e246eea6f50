/**
 * A request's body as a ReadableStream of bytes. Nothing is read before someone reads the stream (so that 100
 * (Continue) is sent no earlier), and the connection is paused when they are slow.
 */
import type { UnderlyingByteSource } from 'node:stream/web'
import type { BodySink, CoreBody } from '../core/types.ts'
import { Pieces } from '../pieces.ts'

/** Bytes that may wait for a reader before the connection is paused. */
const mostWaiting = 64 * 1024

/** A byte stream takes a chunk's buffer away from whoever else has it: of Node's pool, a copy is given. */
const ownBytes = (chunk: Buffer): Uint8Array<ArrayBuffer> =>
  chunk.buffer instanceof ArrayBuffer && chunk.byteLength === chunk.buffer.byteLength
    ? new Uint8Array(chunk.buffer)
    : new Uint8Array(chunk)

/** 'ended': all of the body is here, and the reader has not taken all of it. */
type Flow = 'unread' | 'flowing' | 'paused' | 'ended' | 'over'

class BodySource implements BodySink {
  readonly type = 'bytes'
  readonly #body: CoreBody
  #controller: ReadableByteStreamController | undefined
  #flow: Flow = 'unread'
  /** What came while nobody was reading. It waits here: a queue of the stream's is slow when pieces are many. */
  readonly #waiting = new Pieces()
  /** Whether someone reads, and gets what comes next. */
  #wanted = false

  constructor(body: CoreBody) {
    this.#body = body
  }

  start(controller: ReadableByteStreamController): void {
    this.#controller = controller
  }

  pull(): void {
    const piece = this.#waiting.take()
    this.#wanted = piece === undefined
    if (piece !== undefined) this.#controller?.enqueue(ownBytes(piece))
    if (this.#flow === 'ended') this.#close()
    else if (this.#flow === 'unread') {
      this.#flow = 'flowing'
      this.#body.read(this)
    } else if (this.#flow === 'paused' && this.#waiting.bytes < mostWaiting) {
      this.#flow = 'flowing'
      this.#body.resume()
    }
  }

  /** The rest is of no interest. */
  cancel(): void {
    this.#flow = 'over'
    this.#waiting.clear()
    this.#body.cancel()
  }

  data(chunk: Buffer): void {
    if (this.#flow === 'over' || chunk.byteLength === 0) return
    if (this.#wanted) {
      this.#wanted = false
      this.#controller?.enqueue(ownBytes(chunk))
      return
    }
    this.#waiting.add(chunk)
    if (this.#flow !== 'flowing' || this.#waiting.bytes < mostWaiting) return
    this.#flow = 'paused'
    this.#body.pause()
  }

  ended(): void {
    if (this.#flow === 'over') return
    this.#flow = 'ended'
    this.#close()
  }

  failed(error: Error): void {
    if (this.#flow === 'over') return
    this.#flow = 'over'
    this.#waiting.clear()
    this.#controller?.error(error)
  }

  /** Once all is taken, so that the reader who takes the last of it is told no later than that. */
  #close(): void {
    if (this.#waiting.bytes > 0) return
    this.#flow = 'over'
    this.#controller?.close()
    // A reader with a buffer of its own (BYOB) is told of the end by the answer to its request.
    this.#controller?.byobRequest?.respond(0)
  }
}

export const streamOf = (body: CoreBody): ReadableStream<Uint8Array> =>
  new ReadableStream(new BodySource(body) as UnderlyingByteSource, { highWaterMark: 0 })
