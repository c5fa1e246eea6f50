/**
 * The HTTP engine on our own core: a pool of connections, and a consumer that answers their requests.
 */
import type { Socket } from 'node:net'
import type { DrainOptions, Engine, EngineListener, EngineOptions, InflightRequest } from '../engine.ts'
import { leniencyOf, parserLimitsOf } from '../policy.ts'
import { Pool } from '../pool.ts'
import { Reporter } from '../reporter.ts'
import { owesNothing } from '../resting.ts'
import { Admission } from './admission.ts'
import { Connection } from './connection.ts'
import type { Exchange } from './exchange.ts'
import { Heads } from './heads.ts'
import { isAllReceived, openHandle } from './io.ts'
import { factsOf, outcomeOf } from './outcome.ts'
import type { CoreParts } from './parts.ts'
import type { Consumer } from './types.ts'
import { Wheel } from './wheel.ts'

export interface CoreOptions extends EngineOptions {
  /** Resolves when what the application does beside its answers is done; a drain waits for it. */
  readonly settled?: () => Promise<void>
}

/** One who pipelines may not keep others waiting, even where the setting allows for more. */
const mostPerTurn = 32

/** An engine for this consumer. Throws ServerError when `forwardedAllowIps` cannot be read. */
export const createCoreEngine = (consumer: Consumer, options: CoreOptions): Engine =>
  new CoreEngine(consumer, options)

class CoreEngine implements Engine {
  readonly #consumer: Consumer
  readonly #options: CoreOptions
  readonly #pool: Pool<Connection>
  readonly #reporter: Reporter
  #requests = 0

  constructor(consumer: Consumer, options: CoreOptions) {
    this.#consumer = consumer
    this.#options = options
    this.#reporter = new Reporter(options)
    const parts = this.#parts()
    this.#pool = new Pool({
      engine: options,
      open: (socket) => new Connection(socket, parts),
      openHandle: (handle) => new Connection(openHandle(handle), parts),
    })
  }

  get connections(): number {
    return this.#pool.size
  }

  get requests(): number {
    return this.#requests
  }

  listen(listeners: readonly EngineListener[], backlog: number): Promise<void> {
    return this.#pool.listen(listeners, backlog)
  }

  accept(socket: Socket): void {
    this.#pool.accept(socket)
  }

  async drain(options: DrainOptions): Promise<void> {
    await this.#pool.drain(options)
    await this.#options.settled?.()
  }

  destroy(): void {
    this.#pool.destroy()
  }

  inflight(): InflightRequest[] {
    const now = performance.now()
    return [...this.#pool].flatMap(({ exchange }) =>
      exchange
        ? [
            {
              method: exchange.method,
              target: exchange.target,
              ageMs: now - exchange.started,
              remoteAddress: exchange.remoteAddress,
              responding: exchange.phase !== 'waiting',
            },
          ]
        : [],
    )
  }

  resting(): Socket[] {
    return this.#pool.movable.flatMap(({ socket, idle, outbox }) =>
      idle && outbox.isEmpty && isAllReceived(socket) && owesNothing(socket) ? [socket] : [],
    )
  }

  share(of: number): void {
    this.#pool.share(of)
  }

  adopt(handle: object): boolean {
    return this.#pool.adopt(handle)
  }

  #parts(): CoreParts {
    const { policy, onRefused, meter } = this.#options
    const heads = new Heads(policy)
    const wheel = new Wheel(() => heads.refresh())
    const exact = this.#reporter.records || meter !== undefined
    return {
      policy,
      perTurn: Math.min(policy.limitPipelinedRequests || Infinity, mostPerTurn),
      limits: parserLimitsOf(policy),
      leniency: leniencyOf(policy),
      admission: new Admission(policy),
      heads,
      wheel,
      // The clock is dear: without records and meter the age of a request is only looked at when a worker hangs.
      clock: exact ? () => performance.now() : () => wheel.seen,
      keeps: (connection) => this.#pool.keeps(connection),
      serve: (exchange) => this.#serve(exchange),
      over: (connection, exchange, completed) => {
        this.#count(exchange)
        if (this.#reporter.records) this.#reporter.over(exchange, outcomeOf(exchange), completed)
        this.#pool.over(connection)
      },
      refused: (status, reason, peer, unseen) => {
        if (unseen) meter?.refused()
        onRefused?.(status, reason, peer.address)
      },
      gone: (connection) => this.#pool.gone(connection),
    }
  }

  #serve(exchange: Exchange): void {
    if (exchange.phase !== 'waiting') return
    const { meter, onRequest } = this.#options
    this.#requests += 1
    onRequest?.()
    if (meter) {
      exchange.metered = true
      meter.begun()
    }
    try {
      const waiting = this.#reporter.before(exchange, () => factsOf(exchange))
      if (waiting === undefined) this.#consumer(exchange)
      else waiting.then(() => this.#consume(exchange)).catch((error) => this.#failed(error, exchange))
    } catch (error) {
      this.#failed(error, exchange)
    }
  }

  /** Of those that were refused or lost before the application saw them nobody told the meter. */
  #count(exchange: Exchange): void {
    if (!exchange.metered) return
    exchange.metered = false
    this.#options.meter?.over(exchange.status, exchange.sent, performance.now() - exchange.started)
  }

  #consume(exchange: Exchange): void {
    if (exchange.phase === 'waiting') this.#consumer(exchange)
  }

  #failed(error: unknown, exchange: Exchange): void {
    this.#options.onError(error, `${exchange.method} ${exchange.target}`)
    exchange.fail()
  }
}
