/**
 * The gate before an application's server: every event of the server that carries a request passes it, is judged
 * by the policy, and is then emitted as node would have. It stands in for `emit` of this one server, so that
 * listeners, and whoever wrapped `emit` before, stay untouched.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { errorPage } from '../answers.ts'
import type { Refusal } from '../judge.ts'
import { brokenPassage } from './broken.ts'
import type { Connection } from './connection.ts'
import type { Exchange } from './exchange.ts'
import { exchangeKey, type Tracked } from './meter.ts'
import { type Emit, type GateOptions, isUnheard, type Passage, placeOf, strip } from './passage.ts'
import { upgradePassage } from './upgrade.ts'

const requestEvents = new Set(['request', 'checkContinue', 'checkExpectation'])
const upgradeEvents = new Set(['upgrade', 'connect'])

export class Gate {
  readonly #server: Server
  readonly #options: GateOptions
  readonly #emit: Emit
  /** One listener for all responses, which are its `this`. */
  readonly #closed: (this: Tracked) => void

  constructor(server: Server, options: GateOptions) {
    this.#server = server
    this.#options = options
    this.#emit = server.emit.bind(server) as Emit
    const over = (exchange: Exchange) => this.#over(exchange)
    this.#closed = function () {
      const exchange = this[exchangeKey]
      if (exchange) over(exchange)
    }
  }

  /** Sets the gate up. There is no way back: a server is attached for the life of its process. */
  attach(): void {
    const server = this.#server
    const emit = this.#emit
    const request = (event: string, incoming: IncomingMessage, response: ServerResponse) =>
      this.#request(event, incoming, response)
    const asRequest: Passage = (event, args) =>
      request(event, args[0] as IncomingMessage, args[1] as ServerResponse)
    const upgrade = upgradePassage(server, this.#options, emit)
    const passages: Readonly<Record<string, Passage>> = {
      checkContinue: asRequest,
      checkExpectation: asRequest,
      upgrade,
      connect: upgrade,
      clientError: brokenPassage(server, this.#options, emit),
    }
    const guarded = (event: string, ...args: unknown[]): boolean => {
      if (event === 'request') return request(event, args[0] as IncomingMessage, args[1] as ServerResponse)
      const passage = passages[event]
      return passage ? passage(event, args) : emit(event, ...args)
    }
    Object.assign(server, { emit: guarded })
  }

  /** A listener's promise was rejected. */
  rejected(error: unknown, event: string, args: readonly unknown[]): void {
    const [request, second] = args as [IncomingMessage, ServerResponse | Socket]
    if (requestEvents.has(event)) this.#failed(error, request, second as ServerResponse)
    else if (upgradeEvents.has(event)) {
      this.#options.onError(error, placeOf(request))
      second.destroy()
    } else this.#options.onError(error, `server event '${event}'`)
  }

  #request(event: string, request: IncomingMessage, response: Tracked): boolean {
    const { judge, connections, closing, draining, onBegin } = this.#options
    const connection = connections.of(request.socket)
    // Its answer could not be sent, so its work must not be done; the client sees that it was not.
    if (connection.phase === 'ending') return request.resume() !== undefined
    const target = request.url ?? ''
    const { rawHeaders, method = '' } = request
    const verdict = judge({ method, target, rawHeaders, version: request.httpVersion }, connection.trusted)
    const exchange = connection.begin(request, response)
    response[exchangeKey] = exchange
    onBegin(exchange)
    response.on('close', this.#closed)
    if (verdict.verdict === 'serve without') strip(request, verdict.names)
    if (closing()) connection.closeAfterLast()
    if (verdict.verdict === 'refuse') this.#refuse(exchange, response, verdict)
    else if (event === 'checkExpectation' && isUnheard(this.#server, event)) this.#answer(response, 417)
    else if (draining()) setImmediate(() => this.#serve(event, exchange, response))
    else this.#serve(event, exchange, response)
    return true
  }

  #serve(event: string, exchange: Exchange, response: ServerResponse): void {
    const { request, connection } = exchange
    const serve = () => !connection.socket.destroyed && this.#emit(event, request, response)
    try {
      const waiting = this.#options.onServe(exchange)
      if (waiting === undefined) serve()
      else waiting.then(serve).catch((error) => this.#failed(error, request, response))
    } catch (error) {
      this.#failed(error, request, response)
    }
  }

  #over(exchange: Exchange): void {
    const { response, request, connection } = exchange
    if (!connection.finish(exchange)) return
    // A body that failed on its way: a stream's, which nobody but the response heard of.
    if (response?.errored) this.#options.onError(response.errored, placeOf(request))
    this.#options.onOver(exchange, response?.writableFinished ?? true)
  }

  /** What was under way when its connection went: node tells it to some responses only. */
  gone(connection: Connection): void {
    for (const exchange of [...connection.exchanges]) this.#over(exchange)
  }

  #refuse(exchange: Exchange, response: ServerResponse, { status, reason }: Refusal): void {
    this.#options.onRefused(status, reason, exchange.connection)
    this.#answer(response, status)
  }

  #answer(response: ServerResponse, status: number): void {
    const page = errorPage(status)
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    response.writeHead(status, {
      'Content-Type': 'text/html',
      'Content-Length': page.length,
      Connection: 'close',
    })
    response.end(page)
  }

  /** The application failed: 500 as long as nothing was sent, else only a cut tells the client. */
  #failed(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    this.#options.onError(error, placeOf(request))
    if (response.writableFinished || response.destroyed) return
    if (!response.headersSent) this.#answer(response, 500)
    else if (!response.writableEnded) response.destroy()
  }
}
