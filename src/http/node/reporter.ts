/**
 * Tells the outside what happens to exchanges: the record for the access log, and the hooks before and after a
 * request. Does nothing, and builds nothing, for which nobody asked.
 */
import type { EngineOptions } from '../engine.ts'
import { compileSecureHeaders, type Trust } from '../forwarded.ts'
import { noteStatus } from '../upgrade-status.ts'
import { type RequestFacts, viewEnviron, viewRequest, viewResponse } from '../views.ts'
import {
  bodySent,
  type Exchange,
  type ForwardingPolicy,
  factsOf,
  headSent,
  recordOf,
  statusSent,
} from './exchange.ts'
import { meter } from './meter.ts'

export class Reporter {
  readonly #options: EngineOptions
  readonly #forwarding: ForwardingPolicy
  readonly #records: boolean

  constructor(options: EngineOptions, trust: Trust) {
    this.#options = options
    this.#forwarding = { trust, secure: compileSecureHeaders(options.policy.secureSchemeHeaders) }
    this.#records = options.onExchange !== undefined || options.postRequest !== undefined
  }

  facts(exchange: Exchange): RequestFacts {
    return factsOf(exchange, this.#forwarding)
  }

  begin(exchange: Exchange): void {
    if (!this.#records) return
    if (exchange.response) meter(exchange.response)
    else
      noteStatus(exchange.connection.socket, (status) => {
        exchange.rawStatus = status
      })
  }

  /** Runs `preRequest`; undefined when there is nothing to wait for. Throws, or rejects with, what the hook does. */
  before(exchange: Exchange): Promise<void> | undefined {
    const { preRequest } = this.#options
    if (!preRequest) return undefined
    const result = preRequest(viewRequest(this.facts(exchange)))
    return result instanceof Promise ? result.then(() => undefined) : undefined
  }

  /** Never throws: what becomes of a connection must not depend on who writes about it. */
  over(exchange: Exchange, completed: boolean): void {
    if (!this.#records) return
    const { onExchange, postRequest, onError } = this.#options
    const facts = this.facts(exchange)
    try {
      onExchange?.(recordOf(exchange, facts, completed))
    } catch (error) {
      onError(error, 'access log')
    }
    if (postRequest) this.#after(exchange, facts, postRequest)
  }

  #after(exchange: Exchange, facts: RequestFacts, hook: NonNullable<EngineOptions['postRequest']>): void {
    const failed = (error: unknown) => this.#options.onError(error, 'post_request')
    const response = viewResponse(headSent(exchange.response), statusSent(exchange), bodySent(exchange))
    try {
      const result = hook(viewRequest(facts), viewEnviron(facts), response)
      if (result instanceof Promise) result.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
