/**
 * Frames as bytes, both ways: a writer that puts many into one buffer, and a reader that finds them in whatever
 * pieces they come. They know the header and its bounds (README.md), and nothing of what frames mean.
 */
import { headerSize, mostLength } from './protocol.ts'

interface Writing {
  latin1Write?(text: string, offset: number): number
}

/** Node's own primitive beneath `write`; public, but missing from the types of Node 20. */
const writes = typeof (Buffer.prototype as Writing).latin1Write === 'function'

const writeLatin1 = (buffer: Buffer, text: string, at: number): void => {
  if (writes) (buffer as unknown as Required<Writing>).latin1Write(text, at)
  else buffer.write(text, at, 'latin1')
}

const empty = Buffer.alloc(0)

const firstSize = 16_384
/** A buffer that grew beyond this is not kept for the next batch. */
const mostKept = 262_144
/** What is left of a frame is read to its place from this size on: reading more at once is worth a copy of less. */
const leastDirect = 65_536

/** Frames for one channel, gathered until they are taken. */
export class FrameWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(firstSize)
  /** Bytes gathered. */
  used = 0

  /** Adds a frame; `text` is latin1, one byte for each character. */
  add(type: number, flags: number, index: number, id: number, text: string, body?: Uint8Array): void {
    const bodyLength = body === undefined ? 0 : body.length
    const at = this.#begin(type, flags, index, id, text, bodyLength, bodyLength)
    if (body !== undefined) this.#buffer.set(body, at)
  }

  /** Adds a frame but for its body of so many bytes, which has to follow what is taken next. */
  addHead(type: number, flags: number, index: number, id: number, text: string, bodyLength: number): void {
    this.#begin(type, flags, index, id, text, bodyLength, 0)
  }

  /** Writes all but the body, for which it makes `room`; answers where that is. */
  #begin(
    type: number,
    flags: number,
    index: number,
    id: number,
    text: string,
    bodyLength: number,
    room: number,
  ): number {
    const textLength = text.length
    const at = this.used
    const end = at + headerSize + textLength + room
    const buffer = end > this.#buffer.length ? this.#grow(end) : this.#buffer
    buffer.writeUInt32LE(textLength + bodyLength, at)
    buffer[at + 4] = type
    buffer[at + 5] = flags
    buffer[at + 6] = index & 255
    buffer[at + 7] = index >>> 8
    buffer.writeUInt32LE(id, at + 8)
    buffer.writeUInt32LE(textLength, at + 12)
    if (textLength > 0) writeLatin1(buffer, text, at + headerSize)
    this.used = end
    return end - room
  }

  /** What was gathered. It is the taker's to read until `reuse`, or for good when that is not called. */
  take(): Buffer {
    return this.#buffer.subarray(0, this.used)
  }

  /** After `take`: `again` says that its bytes are not needed any more, so that the next batch may lie there. */
  reuse(again: boolean): void {
    this.used = 0
    if (!again || this.#buffer.length > mostKept) this.#buffer = Buffer.allocUnsafeSlow(firstSize)
  }

  #grow(needed: number): Buffer {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    larger.set(this.#buffer.subarray(0, this.used))
    this.#buffer = larger
    return larger
  }
}

/** Takes a frame that stands in the reader; its bytes are to be copied unless `reader.kept`. */
export interface FrameSink {
  frame(reader: FrameReader): void
}

/** The frame in hand is told by the fields, which hold until the sink returns. */
export class FrameReader {
  type = 0
  flags = 0
  /** A shape, a status or a thread. */
  index = 0
  id = 0
  bytes: Buffer = empty
  textStart = 0
  /** Where the text ends and the body begins. */
  bodyStart = 0
  bodyEnd = 0
  /** Whether `bytes` are this frame's own; else they are overwritten when the sink has returned. */
  kept = false
  readonly #sink: FrameSink
  readonly #most: number
  /** A header that came in pieces. */
  readonly #header = Buffer.allocUnsafeSlow(headerSize)
  #headerLength = 0
  /** A frame that came in pieces, and how much of it is there. */
  #partial: Buffer | undefined
  #filled = 0
  #stopped = false

  /** `most`: bytes of the longest frame that may come here. */
  constructor(sink: FrameSink, most = mostLength) {
    this.#sink = sink
    this.#most = most
  }

  /** The body of the frame in hand; kept by whoever likes when `kept`. */
  get body(): Buffer {
    return this.bytes.subarray(this.bodyStart, this.bodyEnd)
  }

  /** The text of the frame in hand. */
  text(encoding: 'latin1' | 'utf8' = 'latin1'): string {
    return this.bytes.toString(encoding, this.textStart, this.bodyStart)
  }

  /** No frame is given out any more, also of those that were fed already. */
  stop(): void {
    this.#stopped = true
    this.#partial = undefined
  }

  /** Where the next bytes belong, when it is better that they are put there: then `filled` is told of them. */
  get place(): Buffer | undefined {
    const partial = this.#partial
    if (partial === undefined || partial.length - this.#filled < leastDirect) return undefined
    return partial.subarray(this.#filled)
  }

  /** So many bytes were put to `place`. */
  filled(count: number): void {
    const partial = this.#partial
    if (partial === undefined) return
    this.#filled += count
    if (this.#filled === partial.length) this.#completed(partial)
  }

  /** Reads bytes 0 to `end`, which may be overwritten afterwards. Answers what is wrong with them, in words. */
  feed(bytes: Buffer, end: number): string | undefined {
    let at = 0
    while (at < end && !this.#stopped) {
      if (this.#partial !== undefined) at = this.#fill(this.#partial, bytes, at, end)
      else if (this.#headerLength > 0 || end - at < headerSize) at = this.#fillHeader(bytes, at, end)
      else {
        const length = this.#open(bytes, at)
        if (length < 0) return this.#fault(bytes, at)
        const stop = at + headerSize + length
        if (stop > end) at = this.#begin(length, bytes, at + headerSize, end)
        else {
          this.#give(bytes, at + headerSize, stop, false)
          at = stop
        }
      }
    }
    if (this.#headerLength === headerSize && !this.#stopped) return this.#fault(this.#header, 0)
    return undefined
  }

  /** Takes the header at `at` to heart; answers the length of what follows, -1 when that cannot be. */
  #open(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32LE(at)
    const textLength = bytes.readUInt32LE(at + 12)
    if (length > this.#most || textLength > length) return -1
    this.type = bytes[at + 4] ?? 0
    this.flags = bytes[at + 5] ?? 0
    this.index = bytes.readUInt16LE(at + 6)
    this.id = bytes.readUInt32LE(at + 8)
    this.bodyStart = textLength
    return length
  }

  #fillHeader(bytes: Buffer, at: number, end: number): number {
    const stop = Math.min(end, at + headerSize - this.#headerLength)
    bytes.copy(this.#header, this.#headerLength, at, stop)
    this.#headerLength += stop - at
    if (this.#headerLength < headerSize) return stop
    const length = this.#open(this.#header, 0)
    // Its header stays whole, which `feed` takes for what it is.
    if (length < 0) return end
    this.#headerLength = 0
    return this.#begin(length, bytes, stop, end)
  }

  /** The rest of a frame of which not all is there yet; one without anything behind its header may be. */
  #begin(length: number, bytes: Buffer, at: number, end: number): number {
    this.#filled = 0
    this.#partial = Buffer.allocUnsafe(length)
    return this.#fill(this.#partial, bytes, at, end)
  }

  #fill(partial: Buffer, bytes: Buffer, at: number, end: number): number {
    const stop = Math.min(end, at + partial.length - this.#filled)
    bytes.copy(partial, this.#filled, at, stop)
    this.#filled += stop - at
    if (this.#filled === partial.length) this.#completed(partial)
    return stop
  }

  #completed(partial: Buffer): void {
    this.#partial = undefined
    this.#give(partial, 0, partial.length, true)
  }

  #give(bytes: Buffer, start: number, end: number, kept: boolean): void {
    this.bytes = bytes
    this.textStart = start
    this.bodyStart += start
    this.bodyEnd = end
    this.kept = kept
    this.#sink.frame(this)
    // A large frame is not to be held by a channel that is idle.
    this.bytes = empty
  }

  #fault(bytes: Buffer, at: number): string {
    this.stop()
    return `a frame of type ${bytes[at + 4]} says ${bytes.readUInt32LE(at)} bytes, ${bytes.readUInt32LE(at + 12)} of them text`
  }
}
