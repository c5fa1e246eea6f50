/**
 * The HTTP engine on node:http: one server beneath, one gate before it, acceptors that feed it connections.
 *
 * Node's own `server.close()` is never used: it ends connections that have not sent a request yet (Node 26.4 and
 * later), although their request may be on its way.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Application } from '../../app/application.ts'
import type { DrainOptions, Engine, EngineListener, EngineOptions, InflightRequest } from '../engine.ts'
import { compileTrust } from '../forwarded.ts'
import { createJudge } from '../judge.ts'
import { Acceptors } from './acceptors.ts'
import type { Connection } from './connection.ts'
import { Connections } from './connections.ts'
import type { Exchange } from './exchange.ts'
import { Gate } from './gate.ts'
import { Reporter } from './reporter.ts'
import { adoptClose, applyPolicy, captureRejections, serverOf } from './servers.ts'

/** How long a drain waits for the first byte of a connection. */
const silentMs = 5000

/** 'draining' waits for idle connections, 'ending' no longer does. */
type Phase = 'serving' | 'draining' | 'ending' | 'destroyed'

/** An engine for this application. Throws ServerError when `forwardedAllowIps` cannot be read. */
export const createEngine = (app: Application, options: EngineOptions): Engine => new NodeEngine(app, options)

class NodeEngine implements Engine {
  readonly #app: Application
  readonly #options: EngineOptions
  readonly #connections: Connections
  readonly #acceptors: Acceptors
  readonly #reporter: Reporter
  readonly #done: Promise<void>
  #finish: () => void = () => undefined
  #server: Server | undefined
  #gate: Gate | undefined
  #phase: Phase = 'serving'
  #closed = false
  #idleTimer: NodeJS.Timeout | undefined
  #requests = 0

  constructor(app: Application, options: EngineOptions) {
    const trust = compileTrust(options.policy.forwardedAllowIps)
    this.#app = app
    this.#options = options
    this.#reporter = new Reporter(options, trust)
    this.#connections = new Connections(trust, (connection) => this.#gone(connection))
    this.#acceptors = new Acceptors({
      onConnection: (socket) => this.accept(socket),
      onError: options.onError,
      ask: options.requestListenerDescriptor,
    })
    this.#done = new Promise((resolve) => {
      this.#finish = resolve
    })
  }

  get connections(): number {
    return this.#connections.size
  }

  get requests(): number {
    return this.#requests
  }

  async listen(listeners: readonly EngineListener[], backlog: number): Promise<void> {
    await this.#attach()
    await this.#acceptors.open(listeners, backlog)
  }

  accept(socket: Socket): void {
    if (this.#phase === 'destroyed') return void socket.destroy()
    this.#connections.add(socket)
    this.#server?.emit('connection', socket)
    // While draining the limit is no reason to leave anyone in a queue that is about to go.
    if (this.#full && this.#phase === 'serving') this.#acceptors.pause()
  }

  async drain({ emptyAcceptQueue, idleMs }: DrainOptions): Promise<void> {
    if (this.#phase === 'serving') this.#phase = 'draining'
    for (const connection of this.#connections) {
      connection.closeAfterLast()
      connection.settle()
    }
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => this.#endIdle(), idleMs)
    setTimeout(() => this.#endSilent(), Math.min(idleMs, silentMs)).unref()
    await this.#acceptors.close({ emptyQueue: emptyAcceptQueue })
    this.#closed = true
    this.#settle()
    return this.#done
  }

  destroy(): void {
    this.#phase = 'destroyed'
    this.#closed = true
    this.#acceptors.closeNow()
    for (const { socket } of this.#connections) socket.destroy()
    this.#settle()
  }

  inflight(): InflightRequest[] {
    const now = performance.now()
    return [...this.#connections].flatMap(({ exchanges }) =>
      exchanges.map((exchange) => ({
        method: exchange.method,
        target: exchange.target,
        ageMs: now - exchange.started,
        remoteAddress: this.#reporter.facts(exchange).remoteAddress,
      })),
    )
  }

  async #attach(): Promise<void> {
    if (this.#server) return
    const { policy, onError, onRefused } = this.#options
    const server = await serverOf(this.#app, policy)
    const gate = new Gate(server, {
      judge: createJudge(policy),
      connections: this.#connections,
      closing: () => policy.keepAliveMs === 0 || this.#phase !== 'serving',
      draining: () => this.#phase !== 'serving',
      onBegin: (exchange) => this.#reporter.begin(exchange),
      onOver: (exchange, completed) => this.#over(exchange, completed),
      onServe: (exchange) => this.#serve(exchange),
      onError,
      onRefused: (status, reason, { peer }) => onRefused?.(status, reason, peer),
    })
    gate.attach()
    applyPolicy(server, policy)
    captureRejections(server, (error, event, args) => gate.rejected(error, event, args))
    if (this.#app.kind === 'server') adoptClose(server, this.#done)
    this.#server = server
    this.#gate = gate
  }

  #serve(exchange: Exchange): Promise<void> | undefined {
    this.#requests += 1
    this.#options.onRequest?.()
    return this.#reporter.before(exchange)
  }

  #over(exchange: Exchange, completed: boolean): void {
    this.#reporter.over(exchange, completed)
    if (this.#phase === 'serving') return
    exchange.connection.settle()
    if (this.#phase === 'ending' && exchange.connection.idle) exchange.connection.end()
  }

  #gone(connection: Connection): void {
    this.#gate?.gone(connection)
    if (this.#phase === 'serving' && this.#roomy) this.#acceptors.resume()
    this.#settle()
  }

  /** Whoever connects and says nothing for so long is nobody's client. */
  #endSilent(): void {
    for (const connection of this.#connections) if (connection.silent) connection.end()
  }

  /** The time of idle connections is up. One whose request is half read is not idle: node's own times bound it. */
  #endIdle(): void {
    if (this.#phase === 'draining') this.#phase = 'ending'
    for (const connection of this.#connections) if (connection.idle) connection.end()
  }

  #settle(): void {
    if (!this.#closed || this.#connections.size > 0) return
    clearTimeout(this.#idleTimer)
    this.#finish()
  }

  get #full(): boolean {
    const { workerConnections } = this.#options.policy
    return workerConnections > 0 && this.#connections.size >= workerConnections
  }

  /** Some room before accepting goes on: at the very edge each connection would cost a question to the master. */
  get #roomy(): boolean {
    const { workerConnections } = this.#options.policy
    return this.#connections.size < workerConnections - Math.floor(workerConnections / 16)
  }
}
