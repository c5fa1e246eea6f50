/**
 * Tells the outside what happens to exchanges on the core: the record for the access log, and the hooks before and
 * after a request. Builds nothing for which nobody asked.
 */
import type { EngineOptions } from '../engine.ts'
import type { ExchangeRecord } from '../exchange.ts'
import { headerOf, type RequestFacts, viewEnviron, viewRequest, viewResponse } from '../views.ts'
import type { Exchange } from './exchange.ts'

const factsOf = (exchange: Exchange): RequestFacts => ({
  method: exchange.method,
  target: exchange.target,
  httpVersion: exchange.version,
  rawHeaders: exchange.headers.raw(),
  scheme: exchange.scheme,
  remoteAddress: exchange.remoteAddress,
  requestNumber: exchange.number,
})

const recordOf = (exchange: Exchange, facts: RequestFacts, completed: boolean): ExchangeRecord => {
  const elapsed = performance.now() - exchange.started
  return {
    remoteAddress: facts.remoteAddress,
    method: facts.method,
    target: facts.target,
    httpVersion: facts.httpVersion,
    scheme: facts.scheme,
    status: exchange.status,
    bodyBytes: exchange.sent,
    startedAt: Date.now() - elapsed,
    durationUs: Math.round(elapsed * 1000),
    completed,
    requestHeaders: exchange.request.fields.raw(),
    responseHeader: (name) => headerOf(exchange.headText, name),
  }
}

export class Reporter {
  readonly #options: EngineOptions
  /** Whether anybody wants to know when an exchange began and ended. */
  readonly records: boolean

  constructor(options: EngineOptions) {
    this.#options = options
    this.records = options.onExchange !== undefined || options.postRequest !== undefined
  }

  /** Runs `preRequest`; undefined when there is nothing to wait for. Throws, or rejects with, what the hook does. */
  before(exchange: Exchange): Promise<void> | undefined {
    const { preRequest } = this.#options
    if (!preRequest) return undefined
    const result = preRequest(viewRequest(factsOf(exchange)))
    return result instanceof Promise ? result.then(() => undefined) : undefined
  }

  /** Never throws: what becomes of a connection must not depend on who writes about it. */
  over(exchange: Exchange, completed: boolean): void {
    if (!this.records) return
    const { onExchange, onError } = this.#options
    const facts = factsOf(exchange)
    try {
      onExchange?.(recordOf(exchange, facts, completed))
    } catch (error) {
      onError(error, 'access log')
    }
    this.#after(exchange, facts)
  }

  #after(exchange: Exchange, facts: RequestFacts): void {
    const { postRequest, onError } = this.#options
    if (!postRequest) return
    const failed = (error: unknown) => onError(error, 'post_request')
    const response = viewResponse(exchange.headText, exchange.status, exchange.sent)
    try {
      const result = postRequest(viewRequest(facts), viewEnviron(facts), response)
      if (result instanceof Promise) result.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
