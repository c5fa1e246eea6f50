/** An exchange of the core as hooks and records are told of it. */
import type { Outcome } from '../reporter.ts'
import type { RequestFacts } from '../views.ts'
import type { Exchange } from './exchange.ts'

export const factsOf = (exchange: Exchange): RequestFacts => ({
  method: exchange.method,
  target: exchange.target,
  httpVersion: exchange.version,
  rawHeaders: exchange.headers.raw(),
  scheme: exchange.scheme,
  remoteAddress: exchange.remoteAddress,
  requestNumber: exchange.number,
})

export const outcomeOf = (exchange: Exchange): Outcome => ({
  facts: factsOf(exchange),
  requestHeaders: exchange.request.fields.raw(),
  started: exchange.started,
  status: exchange.status,
  bodyBytes: exchange.sent,
  head: exchange.headText,
})
