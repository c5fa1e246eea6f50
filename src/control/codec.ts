/**
 * The two dialects that are messages in turn: Gunicorn's frames (four bytes of length, big-endian, then JSON) and JSON
 * lines. Bytes in, texts of messages out, however the bytes are split. They know no command and no socket.
 */
import { bounds } from './bounds.ts'
import { Held } from './held.ts'
import { Refusal } from './refusal.ts'

export interface Decoder {
  push(chunk: Buffer): void
  /** The next message's text; undefined when none is whole. Throws a Refusal `usage` when one is too long. */
  next(): string | undefined
  /** Bytes of a message that is not whole. */
  readonly size: number
}

const headLength = 4

export class FrameDecoder implements Decoder {
  readonly #held = new Held()

  get size(): number {
    return this.#held.size
  }

  push(chunk: Buffer): void {
    this.#held.push(chunk)
  }

  next(): string | undefined {
    if (this.#held.size < headLength) return undefined
    const length = this.#held.length()
    if (length > bounds.request) throw new Refusal('usage', `Message too large: ${length}`)
    return this.#held.size < headLength + length ? undefined : this.#held.take(length, headLength)
  }
}

export const encodeFrame = (message: unknown): Buffer => {
  const text = JSON.stringify(message)
  const length = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(headLength + length)
  frame.writeUInt32BE(length)
  frame.write(text, headLength)
  return frame
}

const newline = 0x0a

export class LineDecoder implements Decoder {
  readonly #held = new Held()
  /** What was looked at before holds no end of a line. */
  #searched = 0

  get size(): number {
    return this.#held.size
  }

  push(chunk: Buffer): void {
    this.#held.push(chunk)
  }

  /** Empty lines are no messages. */
  next(): string | undefined {
    for (;;) {
      const end = this.#held.indexOf(newline, this.#searched)
      if (Math.max(end, end < 0 ? this.#held.size : 0) > bounds.request)
        throw new Refusal('usage', `A line may have ${bounds.request} bytes.`)
      this.#searched = end < 0 ? this.#held.size : 0
      if (end < 0) return undefined
      const line = this.#held.take(end + 1).trim()
      if (line !== '') return line
    }
  }
}

/** A line of JSON: JSON.stringify leaves no end of a line in its text. */
export const encodeLine = (message: unknown): Buffer => Buffer.from(`${JSON.stringify(message)}\n`)
