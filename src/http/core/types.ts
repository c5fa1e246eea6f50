/**
 * What the core and its consumers (the fetch adapter, the WSGI bridge's front) say to one another: one exchange at
 * a time for each connection, pushed by the core, answered by the consumer. Types only.
 */
import type { Socket } from 'node:net'
import type { Fields } from '../h1/fields.ts'
import type { HeaderBlock } from '../h1/header-block.ts'
import type { Proxied } from '../intake/proxied.ts'

/** Takes every request that is complete in its head and in order. What it throws is answered with 500. */
export type Consumer = (exchange: CoreExchange) => void

/** What a consumer is told of the response's fate, when it asks. */
export interface ResponseListener {
  /** The client takes bytes again, after `write` had answered false. */
  drained(): void
  /** The client has ended its side: it may be gone, though an answer is still sent. Called once, before `gone`. */
  left?(): void
  /** The connection is gone before the response was complete; called once, nothing after it. */
  gone(): void
}

/** The state of a response: nothing sent; head sent, body to come; complete; never to be completed. */
export type ResponsePhase = 'waiting' | 'streaming' | 'complete' | 'gone'

/** What is the same for all requests of a connection. */
export interface Guest {
  /** Whether the peer's word about the client is taken (`forwarded_allow_ips`); computed when asked for. */
  readonly trusted: boolean
  /** What a PROXY header said of the address that the client connected to; undefined without one. */
  readonly proxied: Proxied | undefined
  /** The consumer's own: what it wants to know again at the next request. */
  memory: unknown
}

/**
 * One request, and the means to answer it. All methods for the response are without effect once it is 'gone'; using
 * them out of order throws TypeError. Statuses are 100 to 999; a statusText of '' stands for the status's own phrase.
 */
export interface CoreExchange {
  readonly method: string
  /** As sent, latin1: path and query, or an absolute URI. */
  readonly target: string
  /** As `1.1`. */
  readonly version: string
  /** What the application may see: `header_map` has been applied. */
  readonly headers: HeaderBlock
  /** Through trusted proxies; computed when asked for. */
  readonly scheme: 'http' | 'https'
  /** The client's address through trusted proxies, empty for unix sockets; computed when asked for. */
  readonly remoteAddress: string
  /** The peer of the connection, and its port (0 for unix sockets). */
  readonly peerAddress: string
  readonly peerPort: number
  /** Our end of the connection; empty and 0 for unix sockets. */
  readonly localAddress: string
  readonly localPort: number
  /** 1 for the first request of a connection. */
  readonly number: number
  /** undefined when no body was announced, or one of length 0. */
  readonly body: CoreBody | undefined
  /** Whether the client asks for another protocol (`Upgrade`), or for a tunnel (CONNECT). */
  readonly upgradable: boolean
  readonly phase: ResponsePhase
  /** When its head was there: milliseconds of `performance.now()`. */
  readonly started: number
  readonly guest: Guest
  /** Whether the client has ended its side, as those do that go and those that only have said all they have to say. */
  readonly left: boolean
  listener: ResponseListener | undefined

  /**
   * The whole response in one write. `body` is text (UTF-8) or bytes; undefined is none. Content-Length is added,
   * or kept when it is right (of HEAD and 304: kept as it is). Bodies of HEAD, 1xx, 204 and 304 are left out.
   */
  respond(status: number, statusText: string, fields: Fields, body: string | Uint8Array | undefined): void
  /** The head of a response whose body is to come: chunked, unless `fields` has a Content-Length. */
  begin(status: number, statusText: string, fields: Fields): void
  /** A piece of body. False: wait for `drained` before the next. Bytes beyond Content-Length throw RangeError. */
  write(chunk: string | Uint8Array): boolean
  /** The end of the body. With less than Content-Length said the connection is cut, so that the client knows. */
  end(): void
  /** An interim response, as 103 (RFC 8297); left out for 1.0 clients, and after the head. */
  inform(status: number, fields: Fields): void
  /** The response cannot be completed: cuts the connection when its head was sent, or with `cut`; else answers 500. */
  fail(cut?: boolean): void
  /**
   * Answers with the page, or the problem, of an error status, and ends the connection with it. `more` are further
   * fields: name, value, name, value ...
   */
  answer(status: number, more?: readonly string[]): void
  /** The connection for whoever speaks the other protocol, with what was read of it already; nothing is sent. */
  upgrade(): { readonly socket: Socket; readonly head: Buffer }
}

/** Gets a body's pieces, each its own to keep, in order; then one of `ended` and `failed`, once. */
export interface BodySink {
  data(chunk: Buffer): void
  /** `trailers` of a chunked body: name, value, name, value ... as sent. */
  ended(trailers: readonly string[]): void
  /** The body did not arrive whole: cut short, malformed, too large, too slow. */
  failed(error: Error): void
}

/**
 * A request's body. Nothing is read ahead of the consumer but a bounded rest of what came with the head.
 * A body that is never read is drained for a moment after the answer, then the connection is closed. One that is being
 * read may be read on behind the answer, by a reader who asks for more at least every two seconds.
 */
export interface CoreBody {
  /** Content-Length, -1 when chunked. */
  readonly length: number
  /** Whether all of it has been received: then `read` gives all of it before it returns. */
  readonly complete: boolean
  /** Gives all that came and is to come to `sink`; sends the 100 (Continue) that was asked for. Once. */
  read(sink: BodySink): void
  /** Stops and restarts the flow to the sink; at most a bounded rest still comes. */
  pause(): void
  resume(): void
  /** The rest is of no interest: the sink is told nothing any more. */
  cancel(): void
}
