/**
 * What HTTP is allowed to be: the numbers and names every engine goes by. Plain data; which settings they come
 * from, and their defaults for users, are not this file's business.
 */
import type { Leniency, ParserLimits } from './h1/events.ts'

export interface HttpPolicy {
  /** How long an idle connection waits for its next request; 0 closes after every response. */
  readonly keepAliveMs: number
  /** Time for a request's head to arrive, from its first byte (of a new connection: from its start); 0: no end. */
  readonly headersMs: number
  /**
   * Time for a piece of body to arrive that keeps `bodyMinRate`: `bodyMs` without end at 0. Time in which nobody
   * reads the body does not count.
   */
  readonly bodyMs: number
  /** Bytes of body a second that a client must send on the average, after the first `bodyMs`; 0: any. */
  readonly bodyMinRate: number
  /** How long a client may take nothing of what it is sent; 0: no end. */
  readonly writeMs: number
  /** Bytes of `METHOD target HTTP/1.1` and its CRLF; 0 is unlimited, above 8190 counts as 8190. */
  readonly limitRequestLine: number
  /** Number of header fields; 0, or above 32768, counts as 32768. */
  readonly limitRequestFields: number
  /** Bytes of one `Name: value` and its CRLF; 0 is unlimited. */
  readonly limitRequestFieldSize: number
  /** Bytes of a whole head; 0 is as much as the other limits allow. */
  readonly limitRequestHead: number
  /** Bytes of a body; 0 is unlimited. */
  readonly limitRequestBody: number
  /** Bytes of one chunk-size line, with extensions and CRLF. */
  readonly limitChunkLine: number
  /** Bytes of all chunk extensions of one body. */
  readonly limitChunkExtensions: number
  /** Bytes of the trailer section of one body. */
  readonly limitRequestTrailers: number
  /** Pipelined requests of one connection in hand at once; 0 is unlimited. */
  readonly limitPipelinedRequests: number
  /** Whether a 1.1 request without Host is refused, as RFC 9112, 3.2 demands. */
  readonly requireHost: boolean
  /** Gunicorn's relaxing settings, all off by default; see `h1/events.ts`. */
  readonly obsoleteFolding: boolean
  readonly unconventionalMethod: boolean
  readonly unconventionalVersion: boolean
  readonly casefoldMethod: boolean
  readonly headerSpaces: boolean
  /** The value of the `Server` field of responses that have none; '' sends none. */
  readonly serverHeader: string
  /** Whether responses get a `Date` (RFC 9110, 6.6.1 asks for it wherever there is a clock). */
  readonly dateHeader: boolean
  /** Connections held at once; at this many, accepting stops. 0 is unlimited. */
  readonly workerConnections: number
  /** Peers whose word about the client is taken: addresses, CIDR blocks, or `*`. Unix peers are trusted. */
  readonly forwardedAllowIps: readonly string[]
  /** Header name -> the value that means https, as `{ 'X-FORWARDED-PROTO': 'https' }`. */
  readonly secureSchemeHeaders: Readonly<Record<string, string>>
  /** Names with `_` that a trusted peer may send whatever `headerMap` says; `*` is any. */
  readonly forwarderHeaders: readonly string[]
  /** What becomes of header names with `_`, which CGI cannot tell from `-`. */
  readonly headerMap: 'drop' | 'refuse' | 'dangerous'
}

/** Gunicorn's defaults where it has the setting. */
export const defaultPolicy: HttpPolicy = {
  keepAliveMs: 2000,
  headersMs: 60_000,
  bodyMs: 60_000,
  bodyMinRate: 240,
  writeMs: 60_000,
  limitRequestLine: 4094,
  limitRequestFields: 100,
  limitRequestFieldSize: 8190,
  limitRequestHead: 65_536,
  limitRequestBody: 0,
  limitChunkLine: 1024,
  limitChunkExtensions: 16_384,
  limitRequestTrailers: 16_384,
  limitPipelinedRequests: 100,
  requireHost: true,
  obsoleteFolding: false,
  unconventionalMethod: false,
  unconventionalVersion: false,
  casefoldMethod: false,
  headerSpaces: false,
  serverHeader: '',
  dateHeader: true,
  workerConnections: 1000,
  forwardedAllowIps: ['127.0.0.1', '::1'],
  secureSchemeHeaders: {
    'X-FORWARDED-PROTOCOL': 'ssl',
    'X-FORWARDED-PROTO': 'https',
    'X-FORWARDED-SSL': 'on',
  },
  forwarderHeaders: ['SCRIPT_NAME', 'PATH_INFO'],
  headerMap: 'drop',
}

/** Limits ready to compare with: what was "unlimited" is Infinity, but for `head` and `held`. */
export interface Limits {
  readonly line: number
  readonly fields: number
  readonly fieldSize: number
  /** Bytes of a whole head; never Infinity: it bounds all of it. */
  readonly head: number
  /** Bytes a reader may hold of a head before it is judged; some more, so that a little too much is read and answered. */
  readonly held: number
}

const longestLine = 8190
const mostFields = 32_768
/** Unlimited is still bounded: nobody needs a larger head, and a client must not choose our memory. */
const largestHead = 16 * 1024 * 1024
/** The empty line that ends a head. */
const headEnd = 2

const unlimited = (wanted: number): number => (wanted <= 0 ? Infinity : wanted)

export const limitsOf = (policy: HttpPolicy): Limits => {
  const line = policy.limitRequestLine <= 0 ? Infinity : Math.min(policy.limitRequestLine, longestLine)
  const fields = Math.min(unlimited(policy.limitRequestFields), mostFields)
  const fieldSize = unlimited(policy.limitRequestFieldSize)
  const head = Math.min(largestHead, unlimited(policy.limitRequestHead), line + fields * fieldSize + headEnd)
  const held = Math.min(largestHead, head + 2 * Math.min(line, longestLine) + 8192)
  return { line, fields, fieldSize, head, held }
}

/** What the parser of `h1/` is told of a policy's limits. */
export const parserLimitsOf = (policy: HttpPolicy): ParserLimits => {
  const { line, fields, fieldSize, head } = limitsOf(policy)
  return {
    line,
    fields,
    fieldSize,
    head,
    chunkLine: unlimited(policy.limitChunkLine),
    chunkExtensions: unlimited(policy.limitChunkExtensions),
    trailers: unlimited(policy.limitRequestTrailers),
    body: unlimited(policy.limitRequestBody),
  }
}

/** What the parser of `h1/` is told of a policy's rules. */
export const leniencyOf = (policy: HttpPolicy): Leniency => ({
  obsoleteFolding: policy.obsoleteFolding,
  unconventionalMethod: policy.unconventionalMethod,
  unconventionalVersion: policy.unconventionalVersion,
  casefoldMethod: policy.casefoldMethod,
  headerSpaces: policy.headerSpaces,
  requireHost: policy.requireHost,
})
