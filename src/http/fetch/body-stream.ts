/**
 * A request's body as a ReadableStream of bytes. Nothing is read before someone reads the stream (so that 100
 * (Continue) is sent no earlier), and the connection is paused when they are slow.
 */
import type { UnderlyingByteSource } from 'node:stream/web'
import type { BodySink, CoreBody } from '../core/types.ts'

/** Bytes that may wait in a stream before the connection is paused. */
const mostWaiting = 64 * 1024

/** A byte stream takes a chunk's buffer away from whoever else has it: of Node's pool, a copy is given. */
const ownBytes = (chunk: Buffer): Uint8Array<ArrayBuffer> =>
  chunk.buffer instanceof ArrayBuffer && chunk.byteLength === chunk.buffer.byteLength
    ? new Uint8Array(chunk.buffer)
    : new Uint8Array(chunk)

type Flow = 'unread' | 'flowing' | 'paused' | 'over'

class BodySource implements BodySink {
  readonly type = 'bytes'
  readonly #body: CoreBody
  #controller: ReadableByteStreamController | undefined
  #flow: Flow = 'unread'

  constructor(body: CoreBody) {
    this.#body = body
  }

  start(controller: ReadableByteStreamController): void {
    this.#controller = controller
  }

  pull(): void {
    if (this.#flow === 'unread') {
      this.#flow = 'flowing'
      this.#body.read(this)
    } else if (this.#flow === 'paused') {
      this.#flow = 'flowing'
      this.#body.resume()
    }
  }

  /** The rest is of no interest: it is left where it is, and the core does with it what it does with unread bodies. */
  cancel(): void {
    const flow = this.#flow
    this.#flow = 'over'
    if (flow === 'flowing') this.#body.pause()
  }

  data(chunk: Buffer): void {
    const controller = this.#controller
    if (controller === undefined || this.#flow === 'over' || chunk.byteLength === 0) return
    controller.enqueue(ownBytes(chunk))
    if (this.#flow !== 'flowing' || (controller.desiredSize ?? 0) > -mostWaiting) return
    this.#flow = 'paused'
    this.#body.pause()
  }

  ended(): void {
    if (this.#flow === 'over') return
    this.#flow = 'over'
    this.#controller?.close()
    // A reader with a buffer of its own (BYOB) is told of the end by the answer to its request.
    this.#controller?.byobRequest?.respond(0)
  }

  failed(error: Error): void {
    if (this.#flow === 'over') return
    this.#flow = 'over'
    this.#controller?.error(error)
  }
}

export const streamOf = (body: CoreBody): ReadableStream<Uint8Array> =>
  new ReadableStream(new BodySource(body) as UnderlyingByteSource, { highWaterMark: 0 })
