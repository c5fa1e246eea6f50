/**
 * The gate before an application's server: every event of the server that carries a request passes it, is judged
 * by the policy, and is then emitted as node would have. It stands in for `emit` of this one server, so that
 * listeners, and whoever wrapped `emit` before, stay untouched.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { errorPage, errorResponse, statusOfParseError } from '../answers.ts'
import { type Judge, type Refusal, withoutFields } from '../judge.ts'
import type { Connection } from './connection.ts'
import type { Connections } from './connections.ts'
import type { Exchange } from './exchange.ts'
import { exchangeKey, type Tracked } from './meter.ts'
import { noListener } from './servers.ts'

/** What the gate needs of the engine. */
export interface GateOptions {
  readonly judge: Judge
  readonly connections: Connections
  /** Whether connections end with the requests under way. */
  readonly closing: () => boolean
  /** Whether to look for pipelined requests before one is given on, so that they, too, are answered. */
  readonly draining: () => boolean
  readonly onBegin: (exchange: Exchange) => void
  readonly onOver: (exchange: Exchange, completed: boolean) => void
  /** Called before the application sees a request; throws, or rejects, to have it answered with 500. */
  readonly onServe: (exchange: Exchange) => Promise<void> | undefined
  readonly onError: (error: unknown, where: string) => void
  readonly onRefused: (status: number, reason: string, connection: Connection) => void
}

type Emit = (event: string, ...args: unknown[]) => boolean
type ParseError = Error & { readonly code?: unknown }
type Passage = (emit: Emit, event: string, args: readonly unknown[]) => boolean

const requestEvents = new Set(['request', 'checkContinue', 'checkExpectation'])
const upgradeEvents = new Set(['upgrade', 'connect'])

/** Where a request came from, for whoever reads the error. */
const placeOf = (request: IncomingMessage): string => `${request.method} ${request.url}`

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
    const passages: Readonly<Record<string, Passage>> = {
      checkContinue: (_, event, args) =>
        request(event, args[0] as IncomingMessage, args[1] as ServerResponse),
      checkExpectation: (_, event, args) =>
        request(event, args[0] as IncomingMessage, args[1] as ServerResponse),
      upgrade: (_, event, args) => this.#upgrade(event, args),
      connect: (_, event, args) => this.#upgrade(event, args),
      clientError: (_, event, args) => this.#clientError(event, args),
    }
    const guarded = (event: string, ...args: unknown[]): boolean => {
      if (event === 'request') return request(event, args[0] as IncomingMessage, args[1] as ServerResponse)
      const passage = passages[event]
      return passage ? passage(emit, event, args) : emit(event, ...args)
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
    const verdict = judge({ method, target, rawHeaders }, connection.trusted)
    const exchange = connection.begin(request, response)
    response[exchangeKey] = exchange
    onBegin(exchange)
    response.on('close', this.#closed)
    if (verdict.verdict === 'serve without') strip(request, verdict.names)
    if (closing()) connection.closeAfterLast()
    if (verdict.verdict === 'refuse') this.#refuse(exchange, response, verdict)
    else if (event === 'checkExpectation' && this.#unheard(event)) this.#answer(response, 417)
    else if (draining()) setImmediate(() => this.#serve(event, exchange, response))
    else this.#serve(event, exchange, response)
    return true
  }

  #serve(event: string, exchange: Exchange, response: ServerResponse): void {
    const { request } = exchange
    try {
      const waiting = this.#options.onServe(exchange)
      if (waiting === undefined) return void this.#emit(event, request, response)
      waiting
        .then(() => this.#emit(event, request, response))
        .catch((error) => this.#failed(error, request, response))
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

  #upgrade(event: string, args: readonly unknown[]): boolean {
    const [request, socket] = args as [IncomingMessage, Socket]
    const { judge, connections, onBegin, onOver, onServe, onError, onRefused } = this.#options
    const connection = connections.of(socket)
    const { rawHeaders, method = '', url = '' } = request
    const verdict = judge({ method, target: url, rawHeaders }, connection.trusted)
    if (verdict.verdict === 'serve without') strip(request, verdict.names)
    if (verdict.verdict === 'refuse') {
      onRefused(verdict.status, verdict.reason, connection)
      connection.end(errorResponse(verdict.status))
      return true
    }
    if (this.#unheard(event)) {
      connection.end(errorResponse(501))
      return true
    }
    const exchange = connection.begin(request)
    connection.phase = 'upgraded'
    onBegin(exchange)
    socket.once('close', () => connection.finish(exchange) && onOver(exchange, true))
    const failed = (error: unknown) => {
      onError(error, placeOf(request))
      socket.destroy()
    }
    try {
      const waiting = onServe(exchange)
      if (waiting === undefined) return this.#emit(event, ...args)
      waiting.then(() => this.#emit(event, ...args)).catch(failed)
    } catch (error) {
      failed(error)
    }
    return true
  }

  /** A request that node could not read, or that did not come in time. */
  #clientError(event: string, args: readonly unknown[]): boolean {
    if (this.#server.listenerCount(event) > 0) return this.#emit(event, ...args)
    const [error, socket] = args as [ParseError, Socket]
    const connection = this.#options.connections.of(socket)
    if (connection.phase === 'ending') return true
    if (!socket.writable || error.code === 'ECONNRESET' || connection.phase === 'upgraded') socket.destroy()
    else if (connection.exchanges.length > 0) this.#brokenBehind(connection, error)
    else this.#brokenHead(connection, error)
    return true
  }

  #brokenHead(connection: Connection, error: ParseError): void {
    // A client that never sent a byte has asked nothing: silence ends in silence.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && connection.silent) connection.end()
    else {
      const status = statusOfParseError(error.code)
      this.#options.onRefused(status, String(error.code), connection)
      connection.end(errorResponse(status))
    }
  }

  /**
   * Nonsense on a connection with requests under way. Behind whole requests: they are answered, then it is over. In
   * the middle of a body: the application must learn that no more comes, and an answer into the middle of another
   * would be read as part of it.
   */
  #brokenBehind(connection: Connection, error: ParseError): void {
    const [first, ...more] = connection.exchanges
    const last = connection.exchanges.at(-1)
    if (last?.request.complete !== false) {
      connection.closeAfterLast()
      return
    }
    const status = statusOfParseError(error.code)
    this.#options.onRefused(status, String(error.code), connection)
    const unsaid = more.length === 0 && first?.response?.headersSent === false
    connection.cut(unsaid ? errorResponse(status) : undefined)
  }

  #unheard(event: string): boolean {
    return this.#server.listeners(event).every((listener) => listener === noListener)
  }
}

/**
 * Takes fields out of a request. Node has built `headers` by now (it looks for Expect and Host), and would build
 * `headersDistinct` later by a count of fields that it keeps to itself: so both are built first, then cleaned.
 */
const strip = (request: IncomingMessage, names: ReadonlySet<string>): void => {
  const { headers, headersDistinct } = request
  for (const name of names) {
    delete headers[name.toLowerCase()]
    delete headersDistinct[name.toLowerCase()]
  }
  request.rawHeaders = withoutFields(request.rawHeaders, names)
}
