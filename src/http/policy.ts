/**
 * What HTTP is allowed to be: the numbers and names every engine goes by. Plain data; which settings they come
 * from, and their defaults for users, are not this file's business.
 */
export interface HttpPolicy {
  /** How long an idle connection waits for its next request; 0 closes after every response. */
  readonly keepAliveMs: number
  /** Time for a request's head to arrive, and for the whole request; 0 is without end. */
  readonly headersMs: number
  readonly requestMs: number
  /** Bytes of `METHOD target HTTP/1.1` and its CRLF; 0 is unlimited, above 8190 counts as 8190. */
  readonly limitRequestLine: number
  /** Number of header fields; 0, or above 32768, counts as 32768. */
  readonly limitRequestFields: number
  /** Bytes of one `Name: value` and its CRLF; 0 is unlimited. */
  readonly limitRequestFieldSize: number
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

/** Gunicorn's defaults, with node's times for a head and a request. */
export const defaultPolicy: HttpPolicy = {
  keepAliveMs: 2000,
  headersMs: 60_000,
  requestMs: 300_000,
  limitRequestLine: 4094,
  limitRequestFields: 100,
  limitRequestFieldSize: 8190,
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

/** Limits ready to compare with: what was "unlimited" is Infinity, but for `head`, which bounds all of it. */
export interface Limits {
  readonly line: number
  readonly fields: number
  readonly fieldSize: number
  /** Bytes of a whole head: what a client can make us hold. */
  readonly head: number
}

const longestLine = 8190
const mostFields = 32_768
/** Unlimited is still bounded: nobody needs a larger head, and a client must not choose our memory. */
const largestHead = 16 * 1024 * 1024

export const limitsOf = (policy: HttpPolicy): Limits => {
  const line = policy.limitRequestLine === 0 ? Infinity : Math.min(policy.limitRequestLine, longestLine)
  const wanted = policy.limitRequestFields
  const fields = wanted <= 0 || wanted > mostFields ? mostFields : wanted
  const fieldSize = policy.limitRequestFieldSize === 0 ? Infinity : policy.limitRequestFieldSize
  // Room to spare, so that a head that is a little too large is read, judged and answered by its own limit.
  const head = Math.min(largestHead, 2 * line + (fields + 8) * (fieldSize + 4) + 8192)
  return { line, fields, fieldSize, head }
}
