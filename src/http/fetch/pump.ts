/**
 * Sends a stream as the body of a response, no faster than the client takes it, and cancels it when the client goes.
 */
import type { CoreExchange } from '../core/types.ts'
import type { Fields } from '../h1/fields.ts'
import type { Ties } from './ties.ts'

/** A head and the stream that follows it. */
export interface Streamed {
  readonly status: number
  readonly statusText: string
  readonly fields: Fields
  readonly stream: ReadableStream<unknown>
}

const goneReason = () =>
  new DOMException('The client went away before the response was complete.', 'AbortError')

/**
 * Sends it all. Rejects with what the stream, or a piece that is not bytes, fails of: the exchange is then the
 * caller's to fail. A stream that fails in the turn it is taken up in has had no head sent, so 500 can be answered.
 */
export const pump = async (exchange: CoreExchange, ties: Ties, streamed: Streamed): Promise<void> => {
  const reader = streamed.stream.getReader()
  const cancelled = whenGone(ties, reader)
  const head = new LateHead(exchange, streamed)
  try {
    await copy(exchange, ties, reader, head)
  } catch (error) {
    head.forget()
    // A stream that failed rejects with that again: it is this error that counts.
    await reader.cancel(error).catch(() => undefined)
    throw error
  }
  await cancelled.reason
}

/** Cancels when the client goes; what the application's own `cancel` throws is in `reason`. */
const whenGone = (ties: Ties, reader: ReadableStreamDefaultReader<unknown>) => {
  const cancelled: { reason: Promise<void> | undefined } = { reason: undefined }
  ties.whenGone(() => {
    cancelled.reason = reader.cancel(goneReason())
    // Its rejection is awaited only when the pump comes round.
    cancelled.reason.catch(() => undefined)
  })
  return cancelled
}

/**
 * Pieces and bytes that a stream may give before the loop has a turn. One that has its pieces ready is read in
 * microtasks alone: nobody else would be served meanwhile, nor the client's going be heard of.
 */
const mostPieces = 64
const mostBytes = 262_144

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const copy = async (
  exchange: CoreExchange,
  ties: Ties,
  reader: ReadableStreamDefaultReader<unknown>,
  head: LateHead,
): Promise<void> => {
  for (let pieces = 1, bytes = 0; ; pieces += 1) {
    const { done, value } = await reader.read()
    if (exchange.phase === 'gone') return head.forget()
    // Before the head is sent: what is no piece can still be answered with 500.
    const piece = done ? undefined : checked(value)
    head.send()
    if (piece === undefined) return finish(exchange)
    bytes += piece.length
    const ready = exchange.write(piece)
    if (!ready && (exchange.phase as string) === 'streaming') await ties.whenDrained()
    if (pieces < mostPieces && bytes < mostBytes) continue
    await turn()
    pieces = 0
    bytes = 0
  }
}

/** The core cuts an answer that is shorter than it said; whoever wrote the application wants to know why. */
const finish = (exchange: CoreExchange): void => {
  exchange.end()
  if (exchange.phase === 'streaming')
    throw new RangeError("the response's body stream ended before the bytes that its Content-Length says")
}

/** The standard has bytes alone; strings are what everyone tries first. */
const checked = (chunk: unknown): string | Uint8Array => {
  if (chunk instanceof Uint8Array || typeof chunk === 'string') return chunk
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk)
  throw new TypeError(`The response's body stream gave a ${typeof chunk}. Enqueue Uint8Arrays.`)
}

/** Sends the head with the first piece, or at the end of the loop's turn: a client may wait for it alone. */
class LateHead {
  readonly #exchange: CoreExchange
  readonly #streamed: Streamed
  #due: NodeJS.Immediate | undefined

  constructor(exchange: CoreExchange, streamed: Streamed) {
    this.#exchange = exchange
    this.#streamed = streamed
    this.#due = setImmediate(() => this.send())
  }

  send(): void {
    if (this.#due === undefined) return
    this.forget()
    if (this.#exchange.phase !== 'waiting') return
    const { status, statusText, fields } = this.#streamed
    this.#exchange.begin(status, statusText, fields)
  }

  forget(): void {
    clearImmediate(this.#due)
    this.#due = undefined
  }
}
