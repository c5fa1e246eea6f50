/**
 * The HTTP engine on node:http: one server beneath, one gate before it, a pool that feeds it connections.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { answerOptionsOf, errorResponse } from '../answers.ts'
import type { DrainOptions, Engine, EngineListener, EngineOptions, InflightRequest } from '../engine.ts'
import { compileSecureHeaders, compileTrust } from '../forwarded.ts'
import { createJudge } from '../judge.ts'
import { Pool } from '../pool.ts'
import { Reporter } from '../reporter.ts'
import { owesNothing } from '../resting.ts'
import type { Connection } from './connection.ts'
import { Connections } from './connections.ts'
import { bodySent, type Exchange, type ForwardingPolicy, factsOf, outcomeOf, statusSent } from './exchange.ts'
import { Gate } from './gate.ts'
import { watchSent } from './meter.ts'
import { cutShort, type GateOptions } from './passage.ts'
import { betweenRequests } from './resting.ts'
import { adoptClose, applyPolicy, captureRejections, type NodeApplication, serverOf } from './servers.ts'
import { Watch } from './watch.ts'

/** An engine for this application. Throws ServerError when `forwardedAllowIps` cannot be read. */
export const createEngine = (app: NodeApplication, options: EngineOptions): Engine =>
  new NodeEngine(app, options)

class NodeEngine implements Engine {
  readonly #app: NodeApplication
  readonly #options: EngineOptions
  readonly #connections: Connections
  readonly #pool: Pool<Connection>
  readonly #reporter: Reporter
  readonly #forwarding: ForwardingPolicy
  #server: Server | undefined
  #gate: Gate | undefined
  #requests = 0

  constructor(app: NodeApplication, options: EngineOptions) {
    const trust = compileTrust(options.policy.forwardedAllowIps)
    this.#app = app
    this.#options = options
    this.#reporter = new Reporter(options)
    this.#forwarding = { trust, secure: compileSecureHeaders(options.policy.secureSchemeHeaders) }
    this.#pool = new Pool({ engine: options, open: (socket) => this.#open(socket) })
    this.#connections = new Connections({
      trust,
      onStranger: (connection) => this.#pool.add(connection),
      onGone: (connection) => this.#gone(connection),
    })
  }

  get connections(): number {
    return this.#pool.size
  }

  get requests(): number {
    return this.#requests
  }

  async listen(listeners: readonly EngineListener[], backlog: number): Promise<void> {
    await this.#attach()
    await this.#pool.listen(listeners, backlog)
  }

  accept(socket: Socket): void {
    this.#pool.accept(socket)
  }

  drain(options: DrainOptions): Promise<void> {
    return this.#pool.drain(options)
  }

  destroy(): void {
    this.#pool.destroy()
  }

  inflight(): InflightRequest[] {
    const now = performance.now()
    return [...this.#pool].flatMap(({ exchanges }) =>
      exchanges.map((exchange) => ({
        method: exchange.method,
        target: exchange.target,
        ageMs: now - exchange.started,
        remoteAddress: factsOf(exchange, this.#forwarding).remoteAddress,
        responding: exchange.response?.headersSent ?? false,
      })),
    )
  }

  resting(): Socket[] {
    if (!this.#server) return []
    const between = betweenRequests(this.#server)
    return this.#pool.movable.flatMap((connection) => {
      const { socket, silent, rests } = connection
      return rests && (silent || between.has(socket)) && owesNothing(socket) ? [socket] : []
    })
  }

  share(of: number): void {
    this.#pool.share(of)
  }

  adopt(handle: object): boolean {
    return this.#pool.adopt(handle)
  }

  #open(socket: Socket): Connection {
    const connection = this.#connections.open(socket)
    this.#server?.emit('connection', socket)
    return connection
  }

  async #attach(): Promise<void> {
    if (this.#server) return
    const { policy, onError, onRefused, meter } = this.#options
    const counted = this.#reporter.records || meter !== undefined
    const server = serverOf(this.#app)
    const answer: GateOptions['answer'] = (status, accept) =>
      errorResponse(status, answerOptionsOf(policy, accept))
    const options: GateOptions = {
      judge: createJudge(policy),
      policy,
      answer,
      connections: this.#connections,
      closing: (connection) => policy.keepAliveMs === 0 || !this.#pool.keeps(connection),
      leaving: (connection) => !this.#pool.keeps(connection),
      onBegin: (exchange) => counted && watchSent(exchange),
      onOver: (exchange, completed) => this.#over(exchange, completed),
      onServe: (exchange) => this.#serve(exchange),
      onError,
      onRefused: (status, reason, { peer }, seen) => {
        if (!seen) meter?.refused()
        onRefused?.(status, reason, peer)
      },
    }
    const gate = new Gate(server, options)
    gate.attach()
    this.#watch(options)
    applyPolicy(server, policy)
    captureRejections(server, (error, event, args) => gate.rejected(error, event, args))
    if (this.#app.kind === 'server') adoptClose(server, this.#pool.done)
    this.#server = server
    this.#gate = gate
  }

  #watch(options: GateOptions): void {
    const watch = new Watch({
      policy: this.#options.policy,
      connections: this.#pool,
      onSlowBody: (connection, reason) => cutShort(connection, 408, reason, options),
      onSlowReader: (connection) => {
        options.onRefused(0, 'the client took nothing of its response for write_timeout', connection, true)
        connection.socket.destroy()
      },
    })
    watch.start()
    void this.#pool.done.then(() => watch.stop())
  }

  #serve(exchange: Exchange): Promise<void> | undefined {
    const { meter, onRequest } = this.#options
    this.#requests += 1
    onRequest?.()
    // While draining it may have ended before it was its turn.
    if (meter && exchange.phase === 'new') {
      exchange.phase = 'begun'
      meter.begun()
    }
    return this.#reporter.before(exchange, () => factsOf(exchange, this.#forwarding))
  }

  #over(exchange: Exchange, completed: boolean): void {
    this.#count(exchange)
    if (this.#reporter.records) {
      this.#reporter.over(exchange, outcomeOf(exchange, this.#forwarding), completed)
    }
    this.#pool.over(exchange.connection)
  }

  #count(exchange: Exchange): void {
    const { phase } = exchange
    exchange.phase = 'over'
    if (phase !== 'begun') return
    const elapsed = performance.now() - exchange.started
    this.#options.meter?.over(statusSent(exchange), bodySent(exchange), elapsed)
  }

  #gone(connection: Connection): void {
    this.#gate?.gone(connection)
    this.#pool.gone(connection)
  }
}
