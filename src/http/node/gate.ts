/**
 * The gate before an application's server: every event of the server that carries a request passes it, is judged
 * by the policy, and is then emitted as node would have. It stands in for `emit` of this one server, so that
 * listeners, and whoever wrapped `emit` before, stay untouched.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type HttpPolicy, parserLimitsOf } from '../policy.ts'
import { type BodyLimits, guardBody } from './body.ts'
import { brokenPassage } from './broken.ts'
import type { Connection } from './connection.ts'
import type { Exchange } from './exchange.ts'
import { exchangeKey, type Tracked } from './meter.ts'
import {
  cutShort,
  type Emit,
  type GateOptions,
  isUnheard,
  type Passage,
  placeOf,
  sayStatus,
  strip,
} from './passage.ts'
import { upgradePassage } from './upgrade.ts'

const requestEvents = new Set(['request', 'checkContinue', 'checkExpectation'])
const upgradeEvents = new Set(['upgrade', 'connect'])

interface Reason {
  readonly status: number
  readonly reason: string
}

const tooMany: Reason = {
  status: 503,
  reason: 'more requests wait on the connection than limit_pipelined_requests',
}
const unmet: Reason = { status: 417, reason: 'the expectation is not 100-continue' }

/** What every response gets before the application has it; undefined when there is nothing. */
const preparationOf = ({
  serverHeader,
  dateHeader,
}: HttpPolicy): ((response: ServerResponse) => void) | undefined => {
  if (serverHeader === '' && dateHeader) return undefined
  return (response) => {
    if (serverHeader !== '') response.setHeader('Server', serverHeader)
    if (!dateHeader) response.sendDate = false
  }
}

/** RFC 9112, 9.3: `close` counts before `keep-alive`; node's parser takes it otherwise in 1.0. */
const isLast = ({ httpVersionMinor, headers }: IncomingMessage): boolean =>
  httpVersionMinor === 0 && /(?:^|[,\s])close(?:[,\s]|$)/i.test(headers.connection ?? '')

const endWith = (connection: Connection, response: ServerResponse): void => {
  connection.refuseMore()
  response.shouldKeepAlive = false
}

export class Gate {
  readonly #server: Server
  readonly #options: GateOptions
  readonly #emit: Emit
  readonly #prepare: ((response: ServerResponse) => void) | undefined
  readonly #limits: BodyLimits
  readonly #most: number
  /** One listener for all responses, which are its `this`. */
  readonly #closed: (this: Tracked) => void

  constructor(server: Server, options: GateOptions) {
    this.#server = server
    this.#options = options
    this.#emit = server.emit.bind(server) as Emit
    this.#prepare = preparationOf(options.policy)
    this.#limits = parserLimitsOf(options.policy)
    this.#most = options.policy.limitPipelinedRequests || Infinity
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
    const { judge, connections, closing, leaving, onBegin } = this.#options
    const connection = connections.of(request.socket)
    // Its answer could not be sent, so its work must not be done; the client sees that it was not.
    if (connection.phase !== 'open') return request.resume() !== undefined
    const target = request.url ?? ''
    const { rawHeaders, method = '' } = request
    const verdict = judge({ method, target, rawHeaders, version: request.httpVersion }, connection.trusted)
    const ahead = connection.exchanges.length
    const exchange = connection.begin(request, response)
    response[exchangeKey] = exchange
    onBegin(exchange)
    response.on('close', this.#closed)
    this.#prepare?.(response)
    if (verdict.verdict === 'serve without') strip(request, verdict.names)
    if (closing(connection)) connection.closeAfterLast()
    if (isLast(request)) endWith(connection, response)
    const refusal = verdict.verdict === 'refuse' ? verdict : this.#refusalOf(event, request, ahead)
    if (refusal) this.#refuse(exchange, response, refusal)
    else {
      if (request.headers['transfer-encoding'] !== undefined) this.#guard(connection, request)
      if (leaving(connection)) setImmediate(() => this.#serve(event, exchange, response))
      else this.#serve(event, exchange, response)
    }
    return true
  }

  /** Refusals that the head alone does not decide. */
  #refusalOf(event: string, { headers }: IncomingMessage, ahead: number): Reason | undefined {
    if (ahead >= this.#most) return tooMany
    if (event === 'request') return undefined
    // Node takes a field for 100-continue when it holds that word.
    if (event === 'checkContinue') return /^100-continue$/i.test(headers.expect ?? '') ? undefined : unmet
    return isUnheard(this.#server, event) ? unmet : undefined
  }

  #guard(connection: Connection, request: IncomingMessage): void {
    guardBody(request, this.#limits, ({ status, reason }) =>
      cutShort(connection, status, reason, this.#options),
    )
  }

  #serve(event: string, exchange: Exchange, response: ServerResponse): void {
    const { request, connection } = exchange
    const serve = () => !connection.socket.destroyed && this.#give(event, request, response)
    try {
      const waiting = this.#options.onServe(exchange)
      if (waiting === undefined) serve()
      else waiting.then(serve).catch((error) => this.#failed(error, request, response))
    } catch (error) {
      this.#failed(error, request, response)
    }
  }

  #give(event: string, request: IncomingMessage, response: ServerResponse): boolean {
    if (event !== 'checkContinue' || !isUnheard(this.#server, event))
      return this.#emit(event, request, response)
    // What node does where nobody listens; here it is done after the judgement.
    response.writeContinue()
    return this.#emit('request', request, response)
  }

  #over(exchange: Exchange): void {
    const { response, request, connection } = exchange
    if (!connection.finish(exchange)) return
    // A body that failed on its way: a stream's, which nobody but the response heard of.
    if (response?.errored) this.#options.onError(response.errored, placeOf(request))
    // To node a response is finished, too, when its socket was destroyed with all of it still waiting.
    const completed = response ? response.writableFinished && !connection.socket.destroyed : true
    this.#options.onOver(exchange, completed)
  }

  /** What was under way when its connection went: node tells it to some responses only. */
  gone(connection: Connection): void {
    for (const exchange of [...connection.exchanges]) this.#over(exchange)
  }

  #refuse({ connection, request }: Exchange, response: ServerResponse, { status, reason }: Reason): void {
    this.#options.onRefused(status, reason, connection)
    connection.refuseMore()
    sayStatus(response, status, request.headers.accept)
  }

  /** The application failed: 500 as long as nothing was sent, else only a cut tells the client. */
  #failed(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    // A body that did not arrive is the client's error, though it comes by way of whoever read it.
    if (error === undefined || error !== request.errored) this.#options.onError(error, placeOf(request))
    if (response.writableFinished || response.destroyed) return
    if (!response.headersSent) sayStatus(response, 500, request.headers.accept)
    else if (!response.writableEnded) response.destroy()
  }
}
