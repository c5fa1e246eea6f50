/**
 * The boundary between a worker and whatever serves HTTP in it. An engine knows no configuration, no log and no
 * worker: it is given an application, a policy and functions to tell what happened.
 */
import type { Socket } from 'node:net'
import type { ExchangeRecord } from './exchange.ts'
import type { IntakeStep } from './intake/intake.ts'
import type { HttpPolicy } from './policy.ts'
import type { RequestView, ResponseView } from './views.ts'

/**
 * Counts, on the hot path: nothing is built for it, and what it is told is in numbers. Every request that has begun is
 * over once, however it ends. It must not throw.
 */
export interface ExchangeMeter {
  /** A connection was accepted. */
  accepted(): void
  /** A request is given to the application. */
  begun(): void
  /** It is over. `status` is 0 when none was sent; `milliseconds` since its head was complete. */
  over(status: number, bodyBytes: number, milliseconds: number): void
  /** A request was answered by the server, and the application never saw it. */
  refused(): void
}

export interface EngineOptions {
  readonly policy: HttpPolicy
  /** What happens to accepted sockets before HTTP: PROXY protocol, TLS. */
  readonly intake?: IntakeStep | undefined
  readonly meter?: ExchangeMeter | undefined
  /** Called once when an exchange is over. Without it (and without `postRequest`) nothing is recorded. */
  readonly onExchange?: (record: ExchangeRecord) => void
  /** Called for every request that is given to the application, before it is. */
  readonly onRequest?: () => void
  /** Told of every error that is not a client's. `where` is as `GET /path`, or names the part that failed. */
  readonly onError: (error: unknown, where: string) => void
  /** Told of every request refused before the application saw it, and (status 0) of clients cut without an answer. */
  readonly onRefused?: (status: number, reason: string, remoteAddress: string) => void
  /** Called before the application, awaited; what it throws is told to `onError` and answered with 500. */
  readonly preRequest?: (request: RequestView) => unknown
  /** Called when an exchange is over; what it throws, or rejects with, is told to `onError`. */
  readonly postRequest?: (
    request: RequestView,
    environ: Record<string, string>,
    response: ResponseView,
  ) => unknown
  /**
   * Asks for a listening handle (or descriptor) of the listener with this index again, after accepting was stopped
   * at `workerConnections`. Without it that limit is not enforced: a closed descriptor cannot be had back.
   */
  readonly requestListenerDescriptor?: (index: number) => Promise<ListeningHandle>
}

/** A descriptor, or a handle as a process receives it over IPC. */
export type ListeningHandle = number | object

export interface EngineListener {
  readonly fd: ListeningHandle
}

export interface DrainOptions {
  /** Accept what already waits in the kernel's queue before the listeners are closed: when nobody else will. */
  readonly emptyAcceptQueue: boolean
  /**
   * Nobody will listen on these sockets again: newcomers are turned away before they are in the queue. Otherwise clients
   * are let go one part after the other, as they connect anew to those who do.
   */
  readonly givenUp?: boolean
  /** The longest that an idle connection may still be waited on, from now. */
  readonly idleMs: number
}

/** A request in the application's hands. */
export interface InflightRequest {
  readonly method: string
  readonly target: string
  readonly ageMs: number
  readonly remoteAddress: string
  /** The head of its response was sent. */
  readonly responding: boolean
}

export interface Engine {
  /** Accepts on inherited listening descriptors, which it owns from then on. Rejects with the system's error. */
  listen(listeners: readonly EngineListener[], backlog: number): Promise<void>
  /** Serves a connection that was accepted elsewhere. */
  accept(socket: Socket): void
  /** Stops accepting, finishes what is under way; resolves when the last connection is gone. Repeatable. */
  drain(options: DrainOptions): Promise<void>
  /** Cuts everything off. */
  destroy(): void
  /** Connections held now. */
  readonly connections: number
  /** Requests given to the application since the start. */
  readonly requests: number
  inflight(): InflightRequest[]
  /**
   * Plain connections that another process could go on with: their client waits for nothing, and not a byte of a next
   * request was read. For a process that is stopped in the debugger: what a running one answers is past at once.
   */
  resting(): Socket[]
  /** `of` processes share the clients from now on: that part of the kept connections ends with their next answers. */
  share(of: number): void
  /** Takes a connection that another process has accepted, as if it came by a listener; false: there is no place here. */
  adopt(handle: object): boolean
}
