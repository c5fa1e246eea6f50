/**
 * What the request parser says, and what it is told. Types and codes only: every consumer of the parser reads
 * this file, and nothing in it knows a socket, a clock or a setting.
 */
import type { HeaderBlock } from './header-block.ts'

/**
 * What one call of `RequestParser.read` came to.
 *
 * - `more`: all bytes were read, and the message needs more of them.
 * - `head`: a head is complete and in order; it is in `parser.head`. A body, if `head.body` announces one, follows.
 * - `body`: a piece of body, at `bodyStart` to `bodyEnd` of the buffer that was given. Copy what is kept.
 * - `end`: the message is complete (a message without a body says so right after `head`); chunked bodies have
 *   their trailer fields in `parser.trailers`. The next call reads the next message.
 * - `refused`: the bytes are not HTTP/1.1 as it must be; `parser.refusal` says why. The parser reads nothing more.
 */
export const event = { more: 0, head: 1, body: 2, end: 3, refused: 4 } as const
export type Event = (typeof event)[keyof typeof event]

/** `status` is the answer's; `reason` is for logs, a fixed sentence without a byte of the request. */
export interface Refusal {
  readonly status: 400 | 413 | 414 | 417 | 431 | 501 | 505
  readonly reason: string
}

/** Upper bounds; Infinity where there is none. */
export interface ParserLimits {
  /** Bytes of the request line with its CRLF: 414. */
  readonly line: number
  /** Number of header fields, and of trailer fields: 431. */
  readonly fields: number
  /** Bytes of one field line with its CRLF, of head or trailer: 431. */
  readonly fieldSize: number
  /** Bytes of the whole head: 431. Never Infinity. */
  readonly head: number
  /** Bytes of one chunk-size line with its extensions and CRLF: 400. */
  readonly chunkLine: number
  /** Bytes of all chunk extensions of one body: 413. */
  readonly chunkExtensions: number
  /** Bytes of the trailer section: 431. */
  readonly trailers: number
  /** Bytes of a body, without framing: 413. */
  readonly body: number
}

/** Gunicorn's relaxing settings; all false but `requireHost` is as the RFCs demand. */
export interface Leniency {
  /** obs-fold (RFC 9112, 5.2) is joined with one space. */
  readonly obsoleteFolding: boolean
  /** Methods with small letters or `#`, shorter than 3 or longer than 20; still tokens. */
  readonly unconventionalMethod: boolean
  /** Versions other than 1.0 and 1.1, as `HTTP/1.7` or `HTTP/3.2`; one digit, dot, one digit. */
  readonly unconventionalVersion: boolean
  /** The method is turned into capitals. */
  readonly casefoldMethod: boolean
  /** Spaces and tabs between a field's name and its colon are left out. */
  readonly headerSpaces: boolean
  /** A 1.1 request without Host is refused (RFC 9112, 3.2). More than one, or a malformed one, always is. */
  readonly requireHost: boolean
}

/** A request's head: plain data, kept by whoever wants it, never changed by the parser again. */
export interface RequestHead {
  readonly method: string
  /** The target as sent, latin1. */
  readonly target: string
  /** RFC 9112, 3.2: how the target is written. */
  readonly form: 'origin' | 'absolute' | 'authority' | 'asterisk'
  /** As `1.1`. */
  readonly version: string
  /** Whether it counts as 1.1 (chunked, 100-continue, keep-alive by default). */
  readonly modern: boolean
  readonly fields: HeaderBlock
  /** 0: none was announced, or its length is 0; -1: chunked; else Content-Length. */
  readonly bodyLength: number
  /** What the message's own version and Connection field say about the connection (RFC 9112, 9.3). */
  readonly keepAlive: boolean
  /** `Expect: 100-continue` of a 1.1 request with a body; other expectations are refused with 417 (in 1.0: ignored). */
  readonly expectContinue: boolean
  /** Whether Connection lists `upgrade` and an Upgrade field is there, in 1.1; or the method is CONNECT. */
  readonly upgrade: boolean
}
