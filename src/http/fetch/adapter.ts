/**
 * Serves a fetch application on the HTTP core: a request becomes a Request, what the application returns is sent.
 * Knows neither sockets nor settings.
 */
import type { FetchApplication, FetchHandler } from '../../app/application.ts'
import { BodyFailure } from '../core/body-failure.ts'
import type { Consumer, CoreExchange } from '../core/types.ts'
import { fieldsOf } from '../h1/fields.ts'
import { FetchContext } from './context.ts'
import { type LightRequest, serveRequest } from './request.ts'
import { send } from './send.ts'
import { Waiting } from './waiting.ts'

export interface FetchAdapterOptions {
  /** Told of everything the application fails of; `where` is as `GET /path`. */
  onError(error: unknown, where: string): void
}

export interface FetchAdapter {
  readonly consumer: Consumer
  /** Work handed to `waitUntil` and not yet settled. */
  readonly pending: number
  /** Resolves when no such work is left. */
  settled(): Promise<void>
}

/** An adapter for this application. What the application throws is answered with 500 and told to `onError`. */
export const createFetchAdapter = (app: FetchApplication, options: FetchAdapterOptions): FetchAdapter =>
  new Adapter(app, options)

const closing = fieldsOf(['Connection', 'close'])

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

/** What the application gave up because `request.signal` told it to, or no whole body came, is no error of its own. */
const isTheClients = ({ phase, left }: CoreExchange, error: unknown): boolean => {
  if (!(error instanceof Error)) return false
  if (error.name === 'AbortError') return left || phase === 'gone'
  return error instanceof BodyFailure || error.cause instanceof BodyFailure
}

class Adapter implements FetchAdapter {
  readonly #app: FetchApplication
  readonly #fetch: FetchHandler
  readonly #options: FetchAdapterOptions
  readonly #waiting: Waiting

  constructor(app: FetchApplication, options: FetchAdapterOptions) {
    this.#app = app
    this.#fetch = app.fetch
    this.#options = options
    this.#waiting = new Waiting((error, where) => options.onError(error, where))
  }

  get pending(): number {
    return this.#waiting.pending
  }

  settled(): Promise<void> {
    return this.#waiting.settled()
  }

  readonly consumer: Consumer = (exchange) => {
    if (exchange.upgradable && this.#passes(exchange)) return
    const request = serveRequest(exchange, this.#waiting)
    try {
      const context = new FetchContext(exchange, this.#waiting)
      const fetch = this.#fetch
      const answer: unknown = fetch(request as unknown as Request, context, context)
      if (isThenable(answer)) this.#later(exchange, request, answer)
      else this.#send(exchange, request, answer)
    } catch (error) {
      this.#fail(exchange, error)
    }
  }

  #later(exchange: CoreExchange, request: LightRequest, answer: PromiseLike<unknown>): void {
    answer.then(
      (late) => {
        try {
          this.#send(exchange, request, late)
        } catch (error) {
          this.#fail(exchange, error)
        }
      },
      (error: unknown) => this.#fail(exchange, error),
    )
  }

  #send(exchange: CoreExchange, request: LightRequest, answer: unknown): void {
    send(exchange, request, answer)?.catch((error: unknown) => this.#fail(exchange, error))
  }

  #fail(exchange: CoreExchange, error: unknown): void {
    const clients = isTheClients(exchange, error)
    if (!clients) this.#options.onError(error, `${exchange.method} ${exchange.target}`)
    // Complete, when it was cleaning up that failed.
    if (exchange.phase === 'waiting' || exchange.phase === 'streaming') exchange.fail(clients)
  }

  /** Whether the request is no longer ours: handed over, or a tunnel that nobody is there to open. */
  #passes(exchange: CoreExchange): boolean {
    const { upgrade } = this.#app
    if (upgrade === undefined) {
      // RFC 9110, 7.8: an Upgrade may be ignored; 9.3.6: without a tunnel, CONNECT cannot be anything else.
      if (exchange.method !== 'CONNECT') return false
      // What follows may be meant for the tunnel: none of it may be read as a request.
      exchange.respond(501, '', closing, undefined)
      return true
    }
    const request = serveRequest(exchange, this.#waiting) as unknown as Request
    const { socket, head } = exchange.upgrade()
    const failed = (error: unknown): void => {
      this.#options.onError(error, `${exchange.method} ${exchange.target}`)
      socket.destroy()
    }
    try {
      const done: unknown = upgrade(request, socket, head)
      if (isThenable(done)) done.then(undefined, failed)
    } catch (error) {
      failed(error)
    }
    return true
  }
}
