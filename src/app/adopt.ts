/**
 * Takes over the HTTP server of a program that calls `listen()` itself: the first plain-text HTTP server that
 * listens is not bound anywhere, but believes it is, and is handed to whoever feeds it connections
 * (`server.emit('connection', socket)`).
 *
 * It knows neither where the sockets come from nor what the program is. It patches one method of one process,
 * for good: nothing here is for a process that does anything but run an application.
 */

import type { Server as HttpServer } from 'node:http'
import { Server as NetServer } from 'node:net'
import { hasCode } from '../errors.ts'
import { unmasked } from './cluster-mask.ts'
import { type ListenRequest, readListen } from './listen-request.ts'
import { isOffered, type ListenAddress, pretendListening, stopPretending } from './pretend.ts'
import { isPlainHttp, isTls } from './server-kinds.ts'

export interface AdoptionOptions {
  /** What `server.address()` answers; undefined: what the program asked for. */
  readonly address: (() => ListenAddress | undefined) | undefined
  readonly warn: (message: string) => void
  readonly onListen: ((server: HttpServer) => void) | undefined
}

type State =
  | { readonly phase: 'waiting' }
  | { readonly phase: 'adopted'; readonly server: HttpServer; readonly request: ListenRequest }
  /** The application is known and is not this: only servers that serve it are kept from listening. */
  | {
      readonly phase: 'settled'
      readonly places: ReadonlySet<string>
      readonly isApps: (server: HttpServer) => boolean
    }

type Listen = (this: NetServer, ...args: unknown[]) => NetServer

const original = NetServer.prototype.listen as unknown as Listen

/**
 * Really listens, whatever was patched and masked. Two ways round node:cluster, as neither does alone: a host name is
 * looked up first, so net asks it later (`exclusive` tells it not to); for descriptors it ignores `exclusive`.
 */
export const listenForReal = (server: NetServer, ...args: unknown[]): NetServer => {
  const { byDescriptor, options, callback } = readListen(args)
  if (byDescriptor) return unmasked(() => original.apply(server, args))
  if (callback !== undefined) server.once('listening', callback)
  return unmasked(() => original.apply(server, [options]))
}

export class ListenAdoption {
  readonly #options: AdoptionOptions
  #state: State = { phase: 'waiting' }
  readonly #first: Promise<HttpServer>
  #found: (server: HttpServer) => void = () => undefined

  constructor(options: AdoptionOptions) {
    this.#options = options
    this.#first = new Promise((resolve) => {
      this.#found = resolve
    })
  }

  /** Patches `net.Server.prototype.listen`. Before the application is imported. */
  install(): void {
    const intercept = (server: NetServer, args: unknown[]): NetServer => this.#listen(server, args)
    Object.assign(NetServer.prototype, {
      listen(this: NetServer, ...args: unknown[]) {
        return intercept(this, args)
      },
    })
  }

  /** Resolves with the first HTTP server that listens; pending for ever when none does. */
  get first(): Promise<HttpServer> {
    return this.#first
  }

  get adopted(): HttpServer | undefined {
    return this.#state.phase === 'adopted' ? this.#state.server : undefined
  }

  /**
   * Says that the application is something else than the adopted server. A server that `isApps` knows to be the
   * application's stays unbound; any other, as one for metrics, now really listens where it wanted to.
   */
  settle(isApps: (server: HttpServer) => boolean): void {
    const state = this.#state
    if (state.phase === 'settled') return
    const mine = state.phase === 'adopted' && (isApps(state.server) || this.#isBound(state.request))
    const places = state.phase === 'adopted' && mine ? [state.request.place] : []
    this.#state = { phase: 'settled', places: new Set(places), isApps }
    if (state.phase !== 'adopted' || mine || !state.server.listening) return
    stopPretending(state.server)
    this.#warnOfCollision(state.server, state.request)
    // Its callback ran when it believed to listen.
    listenForReal(state.server, state.request.options)
  }

  #listen(server: NetServer, args: unknown[]): NetServer {
    const request = readListen(args)
    if (isPlainHttp(server) && isOffered(server)) stopPretending(server)
    // Node throws ERR_SERVER_ALREADY_LISTEN.
    if (server.listening) return original.apply(server, args)
    if (isPlainHttp(server) && this.#isTaken(server, request)) return this.#pretend(server, request)
    if (!request.byDescriptor) this.#warnOfCollision(server, request)
    return listenForReal(server, ...args)
  }

  #isTaken(server: HttpServer, request: ListenRequest): boolean {
    const state = this.#state
    if (state.phase === 'waiting') return true
    if (state.phase === 'adopted') return server === state.server || request.place === state.request.place
    return (
      state.places.has(request.place) ||
      (!request.byDescriptor && (state.isApps(server) || this.#isBound(request)))
    )
  }

  /** Whether the place is where tsgunicorn listens, as with the PORT of the environment: nobody else can be meant. */
  #isBound(request: ListenRequest): boolean {
    const bound = this.#options.address?.()
    if (bound === undefined) return false
    return typeof bound === 'string' ? bound === request.path : bound.port === request.port
  }

  #pretend(server: HttpServer, request: ListenRequest): HttpServer {
    pretendListening(server, () => this.#options.address?.() ?? addressOf(request))
    if (request.callback !== undefined) server.once('listening', request.callback)
    request.signal?.addEventListener('abort', () => server.close(), { once: true })
    if (this.#state.phase === 'waiting') this.#adopt(server, request)
    return server
  }

  #adopt(server: HttpServer, request: ListenRequest): void {
    this.#state = { phase: 'adopted', server, request }
    this.#found(server)
    this.#options.onListen?.(server)
  }

  #warnOfCollision(server: NetServer, request: ListenRequest): void {
    if (request.port === 0) return
    const { warn } = this.#options
    const tls = isTls(server) ? ' with TLS of its own (tsgunicorn adopts plain HTTP)' : ''
    warn(
      `The application listens on ${request.place} by itself${tls}: every worker does, and all but one will fail.`,
    )
    forgiveInUse(server, request, warn)
  }
}

/** Another worker has the port: said, but no reason for this one to die of it. */
const forgiveInUse = (server: NetServer, request: ListenRequest, warn: (message: string) => void): void => {
  const emit = server.emit
  const forgiving = (name: string, ...args: unknown[]): boolean => {
    if (name !== 'error' || !hasCode(args[0], 'EADDRINUSE'))
      return Reflect.apply(emit, server, [name, ...args])
    warn(
      `The application could not listen on ${request.place}, another process does: this worker goes without it.`,
    )
    return true
  }
  Object.assign(server, { emit: forgiving })
  server.once('listening', () => Object.assign(server, { emit }))
}

const addressOf = ({ path, host, port }: ListenRequest): ListenAddress =>
  path ?? { address: host ?? '::', family: host?.includes(':') === false ? 'IPv4' : 'IPv6', port: port ?? 0 }
