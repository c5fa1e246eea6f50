/**
 * Tells the outside what happens to exchanges, on either engine: the record for the access log, and the hooks before
 * and after a request. Builds nothing for which nobody asked.
 */
import type { EngineOptions } from './engine.ts'
import type { ExchangeRecord } from './exchange.ts'
import {
  headerOf,
  type RequestFacts,
  type RequestView,
  viewEnviron,
  viewRequest,
  viewResponse,
} from './views.ts'

/** What an engine knows of an exchange that is over. */
export interface Outcome {
  readonly facts: RequestFacts
  /** Raw name, value, name, value ... as received; the facts' may have lost some to `header_map`. */
  readonly requestHeaders: readonly string[]
  /** `performance.now()` when the head was complete. */
  readonly started: number
  /** 0 when the connection ended before a status was sent. */
  readonly status: number
  /** Bytes of body sent, without framing. */
  readonly bodyBytes: number
  /** The raw head of the response as sent; empty when none was. */
  readonly head: string
}

const recordOf = (outcome: Outcome, completed: boolean): ExchangeRecord => {
  const { facts, started, status, bodyBytes, requestHeaders, head } = outcome
  const elapsed = performance.now() - started
  return {
    remoteAddress: facts.remoteAddress,
    method: facts.method,
    target: facts.target,
    httpVersion: facts.httpVersion,
    scheme: facts.scheme,
    status,
    bodyBytes,
    startedAt: Date.now() - elapsed,
    durationUs: Math.round(elapsed * 1000),
    completed,
    requestHeaders,
    responseHeader: (name) => headerOf(head, name),
  }
}

export class Reporter {
  readonly #options: EngineOptions
  /** What `pre_request` was given, by exchange: `post_request` is given the same, with what was kept on it. */
  readonly #seen = new WeakMap<object, RequestView>()
  /** Whether anybody wants to know when an exchange began and ended. */
  readonly records: boolean

  constructor(options: EngineOptions) {
    this.#options = options
    this.records = options.onExchange !== undefined || options.postRequest !== undefined
  }

  /** Runs `preRequest`; undefined when there is nothing to wait for. Throws, or rejects with, what the hook does. */
  before(exchange: object, facts: () => RequestFacts): Promise<void> | undefined {
    const { preRequest, postRequest } = this.#options
    if (!preRequest) return undefined
    const request = viewRequest(facts())
    if (postRequest) this.#seen.set(exchange, request)
    const result = preRequest(request)
    return result instanceof Promise ? result.then(() => undefined) : undefined
  }

  /** Called where `records` says so. Never throws: what becomes of a connection must not depend on who writes of it. */
  over(exchange: object, outcome: Outcome, completed: boolean): void {
    const { onExchange, onError } = this.#options
    try {
      onExchange?.(recordOf(outcome, completed))
    } catch (error) {
      onError(error, 'access log')
    }
    this.#after(exchange, outcome)
  }

  #after(exchange: object, { facts, head, status, bodyBytes }: Outcome): void {
    const { postRequest, onError } = this.#options
    if (!postRequest) return
    const request = this.#seen.get(exchange) ?? viewRequest(facts)
    this.#seen.delete(exchange)
    const failed = (error: unknown) => onError(error, 'post_request')
    try {
      const result = postRequest(request, viewEnviron(facts), viewResponse(head, status, bodyBytes))
      if (result instanceof Promise) result.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
