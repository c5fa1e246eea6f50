/**
 * HTTP/1.1 requests out of bytes (RFC 9112): fed a buffer, it says one event at a time; `events.ts` has the words.
 * Knows no socket, no clock and no setting. Whatever way the same bytes are split, it says the same.
 *
 * A head that is whole in the buffer it is given is read where it stands, by the one scan that all parsers share;
 * only what comes in pieces is copied, and has a scan of its own until it is complete. Between requests a parser
 * holds the last head, and nothing else.
 */
import { ChunkFraming } from './chunks.ts'
import {
  type Event,
  event,
  type Leniency,
  type ParserLimits,
  type Refusal,
  type RequestHead,
} from './events.ts'
import { Gathering } from './gathering.ts'
import { HeadScan } from './head-scan.ts'
import { emptyBlock, type HeaderBlock } from './header-block.ts'
import { needsMore } from './outcome.ts'
import { refusals } from './refusals.ts'
import { type Rules, rulesOf } from './rules.ts'

const cr = 0x0d
const lf = 0x0a

/**
 * `between`: no byte of a message was read; `emptyLine`: the CR of an empty line was; `head`: some of a head;
 * `announced`: a head was given out, what follows is to be said; `counted`, `framing`, `data`, `trailers`: in a body
 * with Content-Length, or in the parts of a chunked one; `ended`: all of a message was read, `end` is to be said.
 */
type Phase =
  | 'between'
  | 'emptyLine'
  | 'head'
  | 'counted'
  | 'framing'
  | 'data'
  | 'trailers'
  | 'ended'
  | 'refused'

/** RFC 9112, 2.2: a server should ignore at least one empty line before a request line. */
const mostEmptyLines = 8
/** How much is copied at a time of what may be a head's rest, or far more than that. */
const pieceSize = 4096

/** Characters of a last head that a waiting connection keeps. */
const mostKept = 4096

/** A head or trailer section that did not come whole. */
interface Held {
  readonly scan: HeadScan
  readonly bytes: Gathering
}

/** Free between calls of `read`; a parser that goes on with it later takes it away. */
let shared: HeadScan | undefined

const takeShared = (rules: Rules): HeadScan => {
  const scan = shared ?? new HeadScan(rules)
  shared = scan
  return scan
}

const noHead: RequestHead = {
  method: '',
  target: '',
  form: 'origin',
  version: '1.1',
  modern: true,
  fields: emptyBlock,
  bodyLength: 0,
  keepAlive: false,
  expectContinue: false,
  upgrade: false,
}

export class RequestParser {
  /** Where the last call stopped reading; the next goes on there. Without meaning after `event.refused`. */
  offset = 0
  /** After `event.head`, until the next. */
  head: RequestHead = noHead
  /** After `event.body`: offsets into the buffer of that call. */
  bodyStart = 0
  bodyEnd = 0
  /** After `event.end`: a chunked body's trailer fields, else an empty block. */
  trailers: HeaderBlock = emptyBlock
  /** After `event.refused`. */
  refusal: Refusal = refusals.cutShort
  /** After `event.refused`: the head, when each of its lines is in order and it was refused as a whole. */
  refusedHead: RequestHead | undefined
  readonly #rules: Rules
  #phase: Phase = 'between'
  #emptyLines = 0
  /** Bytes to come of a body with Content-Length, or of a chunk. */
  #remaining = 0
  #held: Held | undefined
  #chunks: ChunkFraming | undefined

  constructor(limits: ParserLimits, leniency: Leniency) {
    this.#rules = rulesOf(limits, leniency)
  }

  /** Whether no byte of a next message was read yet; empty lines before it do not count. */
  get idle(): boolean {
    return this.#phase === 'between'
  }

  /** Whether some of a head was read, and its end was not. */
  get inHead(): boolean {
    return this.#phase === 'head' || this.#phase === 'emptyLine'
  }

  /** Whether a head was read whose body, trailers included, was not read to its end. */
  get inBody(): boolean {
    const phase = this.#phase
    return phase === 'counted' || phase === 'framing' || phase === 'data' || phase === 'trailers'
  }

  /**
   * Reads bytes `start` to `end` of `buffer` up to the next event; call it again with `offset` for `start`, also
   * when that is `end`, until it answers `more` or `refused`. The buffer is the caller's again afterwards.
   */
  read(buffer: Buffer, start: number, end: number): Event {
    switch (this.#phase) {
      case 'between':
      case 'emptyLine':
        return this.#readStart(buffer, start, end)
      case 'head':
      case 'trailers':
        return this.#readHeld(buffer, start, end)
      case 'counted':
      case 'data':
        return this.#readData(start, end)
      case 'framing':
        return this.#readFraming(buffer, start, end)
      case 'ended':
        this.offset = start
        this.#phase = 'between'
        this.#emptyLines = 0
        return event.end
      case 'refused':
        return event.refused
    }
  }

  /**
   * The input has ended. undefined when that is between two messages, else why the unfinished one is refused; the
   * parser reads nothing more then.
   */
  finish(): Refusal | undefined {
    if (this.#phase === 'between' || this.#phase === 'ended') return undefined
    if (this.#phase !== 'refused') this.#refuse(refusals.cutShort)
    return this.refusal
  }

  /**
   * The connection is about to wait for its next request: a large head is let go, and `head` is an empty one. A
   * usual one is kept, as the next request is likely to have the same fields.
   */
  rest(): void {
    if (this.idle && this.head.fields.text.length + this.head.target.length > mostKept) this.head = noHead
  }

  #refuse(refusal: Refusal): Event {
    this.refusal = refusal
    this.#phase = 'refused'
    this.#held = undefined
    this.#chunks = undefined
    return event.refused
  }

  #more(end: number): Event {
    this.offset = end
    return event.more
  }

  #readStart(buffer: Buffer, start: number, end: number): Event {
    let position = start
    while (position < end) {
      const code = buffer[position]
      if (this.#phase === 'emptyLine') {
        if (code !== lf) return this.#refuse(refusals.lineEnd)
        this.#emptyLines += 1
        if (this.#emptyLines > mostEmptyLines) return this.#refuse(refusals.emptyLines)
        this.#phase = 'between'
      } else if (code === cr) this.#phase = 'emptyLine'
      else return this.#readHead(buffer, position, end)
      position += 1
    }
    return this.#more(end)
  }

  #readHead(buffer: Buffer, start: number, end: number): Event {
    const scan = takeShared(this.#rules)
    scan.beginHead(start, this.#rules)
    const position = scan.readHead(buffer, start, end, this.head)
    return position === needsMore
      ? this.#hold('head', scan, buffer, start, end)
      : this.#headEnded(scan, position)
  }

  #readTrailers(buffer: Buffer, start: number, end: number): Event {
    this.#chunks = undefined
    const scan = takeShared(this.#rules)
    scan.beginTrailers(start, this.#rules)
    const position = scan.readTrailers(buffer, start, end)
    if (position === needsMore) return this.#hold('trailers', scan, buffer, start, end)
    return this.#trailersEnded(scan, position)
  }

  #hold(phase: 'head' | 'trailers', scan: HeadScan, buffer: Buffer, start: number, end: number): Event {
    shared = undefined
    scan.moveToStart()
    this.#held = { scan, bytes: new Gathering(buffer, start, end) }
    this.#phase = phase
    return this.#more(end)
  }

  #readHeld(buffer: Buffer, start: number, end: number): Event {
    const isHead = this.#phase === 'head'
    for (let at = start; at < end && this.#held !== undefined; ) {
      const { scan, bytes } = this.#held
      const piece = Math.min(end, at + pieceSize)
      const before = bytes.length
      bytes.append(buffer, at, piece)
      const position = isHead
        ? scan.readHead(bytes.buffer, before, bytes.length, this.head)
        : scan.readTrailers(bytes.buffer, before, bytes.length)
      if (position !== needsMore) {
        this.#held = undefined
        const behind = position < 0 ? position : at + position - before
        return isHead ? this.#headEnded(scan, behind) : this.#trailersEnded(scan, behind)
      }
      at = piece
    }
    return this.#more(end)
  }

  #headEnded(scan: HeadScan, position: number): Event {
    const { head } = scan
    scan.head = undefined
    if (position < 0 || head === undefined) {
      this.refusedHead = head
      return this.#refuse(scan.refusal)
    }
    this.offset = position
    this.head = head
    this.trailers = emptyBlock
    this.#remaining = head.bodyLength
    if (head.bodyLength === 0) this.#phase = 'ended'
    else if (head.bodyLength > 0) this.#phase = 'counted'
    else {
      this.#phase = 'framing'
      this.#chunks = new ChunkFraming(this.#rules)
    }
    return event.head
  }

  #trailersEnded(scan: HeadScan, position: number): Event {
    const { fields } = scan
    scan.fields = undefined
    if (position < 0 || fields === undefined) return this.#refuse(scan.refusal)
    this.trailers = fields.count === 0 ? emptyBlock : fields
    this.#phase = 'between'
    this.#emptyLines = 0
    this.offset = position
    return event.end
  }

  #readData(start: number, end: number): Event {
    if (start >= end) return this.#more(end)
    const stop = Math.min(end, start + this.#remaining)
    this.#remaining -= stop - start
    this.bodyStart = start
    this.bodyEnd = stop
    this.offset = stop
    if (this.#remaining === 0) this.#dataEnded()
    return event.body
  }

  #dataEnded(): void {
    if (this.#phase === 'counted') this.#phase = 'ended'
    else {
      this.#phase = 'framing'
      this.#chunks?.dataEnded()
    }
  }

  #readFraming(buffer: Buffer, start: number, end: number): Event {
    const chunks = this.#chunks ?? new ChunkFraming(this.#rules)
    const position = chunks.read(buffer, start, end)
    if (position === needsMore) return this.#more(end)
    if (position < 0) return this.#refuse(chunks.refusal ?? refusals.chunkSize)
    this.#remaining = chunks.size
    if (chunks.size === 0) return this.#readTrailers(buffer, position, end)
    this.#phase = 'data'
    return this.#readData(position, end)
  }
}
