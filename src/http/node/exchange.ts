/**
 * One request and its response while they are under way, and the record of them afterwards. Nothing is counted
 * and nothing is built unless someone wants the record.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { forwardedClient, type SecureHeaders, schemeOf, type Trust } from '../forwarded.ts'
import type { Outcome } from '../reporter.ts'
import type { RequestFacts } from '../views.ts'
import type { Connection } from './connection.ts'

export class Exchange {
  readonly connection: Connection
  readonly request: IncomingMessage
  /** None for an upgraded connection, which the application writes to itself. */
  readonly response: ServerResponse | undefined
  readonly number: number
  readonly started = performance.now()
  /** What node had decided before any policy did. */
  readonly keepable: boolean
  /** The headers as received: the request's own may have lost some to `header_map`. */
  readonly rawHeaders: readonly string[]
  /** Bytes of body, as far as they were counted (see meter.ts). */
  sent = 0
  /** What was seen of an upgraded connection's own status line. */
  rawStatus = 0
  /** 'begun': the meter was told so, and is owed its end. */
  phase: 'new' | 'begun' | 'over' = 'new'

  constructor(connection: Connection, request: IncomingMessage, response: ServerResponse | undefined) {
    this.connection = connection
    this.request = request
    this.response = response
    this.rawHeaders = request.rawHeaders
    this.number = connection.requests += 1
    this.keepable = response?.shouldKeepAlive ?? false
  }

  get method(): string {
    return this.request.method ?? ''
  }

  get target(): string {
    return this.request.url ?? ''
  }
}

/** Responses without a body, whatever the application wrote: RFC 9110, 6.4.1. */
const isBodyless = (method: string, status: number): boolean =>
  method === 'HEAD' || status === 304 || status === 204 || status < 200

/** The raw head as it was sent; empty when none was. `_header` is how node keeps it, on every version. */
const headSent = (response: ServerResponse | undefined): string => {
  const head: unknown = (response as { readonly _header?: unknown } | undefined)?._header
  return typeof head === 'string' ? head : ''
}

/** Bytes of body that were sent, framing apart. */
export const bodySent = ({ method, response, sent }: Exchange): number =>
  response && isBodyless(method, response.statusCode) ? 0 : sent

/** 0 when none was. */
export const statusSent = ({ response, rawStatus }: Exchange): number => {
  if (!response) return rawStatus
  return response.headersSent ? response.statusCode : 0
}

export interface ForwardingPolicy {
  readonly trust: Trust
  readonly secure: SecureHeaders
}

/** What the request said, seen through the proxies that are trusted. */
export const factsOf = (exchange: Exchange, forwarding: ForwardingPolicy): RequestFacts => {
  const { connection, request, rawHeaders } = exchange
  const trusted = connection.trusted()
  const named = trusted ? schemeOf(rawHeaders, forwarding.secure) : undefined
  const own = connection.encrypted ? 'https' : 'http'
  return {
    method: exchange.method,
    target: exchange.target,
    httpVersion: request.httpVersion,
    rawHeaders: request.rawHeaders,
    scheme: named === undefined || named === 'contradictory' ? own : named,
    remoteAddress: trusted ? forwardedClient(connection.peer, rawHeaders, forwarding.trust) : connection.peer,
    requestNumber: exchange.number,
  }
}

/** What is told of an exchange that is over. */
export const outcomeOf = (exchange: Exchange, forwarding: ForwardingPolicy): Outcome => ({
  facts: factsOf(exchange, forwarding),
  requestHeaders: exchange.rawHeaders,
  started: exchange.started,
  status: statusSent(exchange),
  bodyBytes: bodySent(exchange),
  head: headSent(exchange.response),
})
