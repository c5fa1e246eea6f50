/**
 * What is known of one request and its response when it is over. Made by the HTTP engine, read by the access
 * log, by statsd and by the `post_request` hook; whatever engine served it, the record is the same.
 */
export interface ExchangeRecord {
  /** The client's address (behind a trusted proxy, the one the proxy names); empty for unix sockets. */
  readonly remoteAddress: string
  readonly method: string
  /** The request target as it was sent: path and query, undecoded. */
  readonly target: string
  /** As `1.1`. */
  readonly httpVersion: string
  readonly scheme: 'http' | 'https'
  /** 0 when the connection ended before a status was sent. */
  readonly status: number
  /** Bytes of body sent, without headers and chunk framing. */
  readonly bodyBytes: number
  /** Wall-clock milliseconds when the request's head was complete. */
  readonly startedAt: number
  /** Microseconds from the head's completion to the end of the response. */
  readonly durationUs: number
  /** False when the client went away before the response was sent. */
  readonly completed: boolean
  /** Raw name, value, name, value ... as received. */
  readonly requestHeaders: readonly string[]
  readonly responseHeader: (lowerCaseName: string) => string | undefined
}
