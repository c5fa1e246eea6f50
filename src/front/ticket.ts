/**
 * One request on its way: from the core's exchange through the queue to a thread of a worker, and perhaps another's.
 * Knows where it stands and what it is made of; who decides is the front, who answers is the channel.
 */
import type { CoreExchange, ResponseListener } from '../http/core/types.ts'
import type { BodyStream } from './body.ts'
import type { Environ } from './environ.ts'
import type { Queued } from './queue.ts'

/**
 * `collecting`: its body is on its way; `waiting`: in the queue; `given`: a channel has it; `begun`: so has the client,
 * the head of its answer; `over`: answered, or the client is gone, and what is still said of it is dropped.
 */
export type TicketPhase = 'collecting' | 'waiting' | 'given' | 'begun' | 'over'

/** What the channel that a ticket was given to does for it. */
export interface Keeper {
  /** The client takes bytes again. */
  resume(): void
  /** The client is gone. */
  abort(ticket: Ticket): void
}

/** RFC 9110, 9.2.2. */
const idempotent = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])

export class Ticket implements ResponseListener, Queued {
  readonly exchange: CoreExchange
  readonly id: number
  readonly idempotent: boolean
  phase: TicketPhase = 'collecting'
  /** From when it waits on. */
  environ: Environ | undefined = undefined
  /** The whole body, where there is one and it was collected. */
  body: Buffer | undefined = undefined
  /** The body that comes by and by. */
  stream: BodyStream | undefined = undefined
  keeper: Keeper | undefined = undefined
  /** Since when it waits for a worker, `performance.now()`, also where it was given to one that died; 0: it never did. */
  since = 0
  /** Channels that died beneath it, by the ages of their workers: all of one die together. */
  #deaths: number[] | undefined
  readonly #queue: { left(): void }

  /** `queue` is told when the client goes while this waits. */
  constructor(exchange: CoreExchange, id: number, queue: { left(): void }) {
    this.exchange = exchange
    this.id = id
    const { method } = exchange
    this.idempotent = method === 'GET' || idempotent.has(method)
    this.#queue = queue
  }

  /** A channel of this worker died beneath it. Gives how many channels did before, and of how many other workers. */
  losesTo(age: number): { readonly lanes: number; readonly deaths: number } {
    const before = this.#deaths ?? []
    const others = new Set(before.filter((other) => other !== age))
    this.#deaths = [...before, age]
    return { lanes: before.length, deaths: others.size }
  }

  get alone(): boolean {
    return !this.idempotent || this.stream !== undefined
  }

  get waiting(): boolean {
    return this.phase === 'waiting'
  }

  /** As logs name it. */
  get where(): string {
    return `${this.exchange.method} ${this.exchange.target}`
  }

  drained(): void {
    this.keeper?.resume()
  }

  /**
   * The client has ended its side. While its request waits for a worker that is taken for going: who went is not to
   * be served before those who stayed, nor to keep them out of the queue.
   */
  left(): void {
    if (this.phase !== 'waiting') return
    this.#queue.left()
    this.drop()
  }

  /** Nobody is there to be answered. */
  drop(): void {
    this.end()
    this.exchange.fail(true)
  }

  gone(): void {
    const before = this.phase
    this.phase = 'over'
    this.stream?.cancel()
    if (before === 'waiting') this.#queue.left()
    else this.keeper?.abort(this)
  }

  /** Back to the queue. */
  wait(): void {
    this.phase = 'waiting'
    if (this.since === 0) this.since = performance.now()
    this.keeper = undefined
  }

  /** The answer is complete, or never will be. */
  end(): void {
    this.phase = 'over'
    this.keeper = undefined
    this.stream?.cancel()
  }
}
