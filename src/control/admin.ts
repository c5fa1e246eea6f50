/**
 * The admin listener (`admin_bind`): health checks for everybody, metrics and status for who has the token, by node:http
 * in the master. It changes nothing, and a reload, an upgrade and its back-out move its address without a gap, or
 * nearly (see `pause`).
 */
import { closeSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf, ServerError } from '../errors.ts'
import { addressText, parseAddress } from '../sockets/address.ts'
import { monotonicNow } from '../system/clock.ts'
import { type AdminRequests, adminHandler } from './admin-requests.ts'
import { Door, type Opening } from './door.ts'
import type { Log } from './execute.ts'

export type { AdminRequests } from './admin-requests.ts'

/** The settings of these names. */
export interface AdminSettings {
  readonly admin_bind: string | undefined
  readonly admin_token: string | undefined
  /** For the file of a unix socket. */
  readonly umask: number
}

export interface AdminOptions {
  readonly administration: AdminRequests
  readonly log: Log
  /** From the old master of an upgrade: its descriptor, and the `admin_bind` it was opened for. */
  readonly inherited?: { readonly fd: number; readonly asked: string } | undefined
  /** dup(2), where the system's library can be called; undefined where not. */
  readonly duplicate?: (fd: number) => number | undefined
}

/** A configuration that is being tried: nothing is closed before `commit`, nothing stays open after `drop`. */
export interface Staged {
  /** It serves: from now on this address and token are in force. */
  commit(): void
  drop(): void
}

export interface AdminListener {
  /** As it is logged, with the real port; undefined without one. */
  readonly address: string | undefined
  /** For a new master: the descriptor and the `admin_bind` that it was opened for; undefined while it is not open. */
  readonly legacy: { readonly fd: number; readonly asked: string } | undefined
  /** Opens what the settings name. Throws ServerError TSG_ADDRESS_*; what was open stays as it was. */
  stage(settings: AdminSettings): Promise<Staged>
  /** The new master of an upgrade is ready, and accepts: this one stops. */
  pause(): void
  /** The upgrade is backed out: accepts again. Never rejects. */
  resume(): Promise<void>
  /** `shared`: another master goes on with the same socket, so that no path is removed. */
  close(shared: boolean): void
}

/** For the address to come free after the new master's end; milliseconds. */
const resumePatience = 5000
const resumePace = 50

/** Small numbers: those who ask are probes and scrapers. Milliseconds, bytes. */
const limits = {
  connections: 128,
  head: 8192,
  receiving: 5000,
  idle: 30_000,
  look: 1000,
}

export const createAdminListener = (options: AdminOptions): AdminListener => new Admin(options)

type Phase =
  | { readonly phase: 'closed' }
  | { readonly phase: 'open'; readonly door: Door; readonly settings: AdminSettings }
  /** `kept`: a second descriptor of the socket, where one can be had. */
  | {
      readonly phase: 'paused'
      readonly kept: number | undefined
      readonly settings: AdminSettings
      readonly opening: Opening
    }

class Admin implements AdminListener {
  readonly #options: AdminOptions
  #inherited: AdminOptions['inherited']
  #phase: Phase = { phase: 'closed' }
  /** In force for requests: it may change while the address stays. */
  #token: string | undefined

  constructor(options: AdminOptions) {
    this.#options = options
    this.#inherited = options.inherited
  }

  get address(): string | undefined {
    return this.#phase.phase === 'open' ? this.#phase.door.name : undefined
  }

  get legacy() {
    if (this.#phase.phase !== 'open') return undefined
    const { door, settings } = this.#phase
    const fd = door.fd
    return fd === undefined || settings.admin_bind === undefined
      ? undefined
      : { fd, asked: settings.admin_bind }
  }

  async stage(settings: AdminSettings): Promise<Staged> {
    const asked = settings.admin_bind
    const stays = this.#phase.phase !== 'closed' && asked === this.#phase.settings.admin_bind
    const nothing = () => undefined
    // Of a first start: who asks as soon as it is open may know the token already.
    if (this.#phase.phase === 'closed') this.#token = settings.admin_token
    if (asked === undefined || stays) return { commit: () => this.#adopt(settings, undefined), drop: nothing }
    try {
      const door = new Door(this.#server(), openingOf(asked, settings.umask))
      // What we were given accepts only from `commit` on: until then the old master does.
      if (this.#gives(asked)) return { commit: () => this.#takeInherited(door, settings), drop: nothing }
      await door.bind()
      return { commit: () => this.#adopt(settings, door), drop: () => door.close(false) }
    } catch (thrown) {
      throw aboutAdminBind(thrown)
    }
  }

  pause(): void {
    if (this.#phase.phase !== 'open') return
    const { door, settings } = this.#phase
    const kept = door.fd === undefined ? undefined : this.#options.duplicate?.(door.fd)
    this.#phase = { phase: 'paused', kept, settings, opening: door.opening }
    door.close(true)
  }

  /**
   * With a second descriptor the socket was ours all the time. Without one it is bound anew: for some milliseconds
   * between the new master's end and now, connections were refused.
   */
  async resume(): Promise<void> {
    if (this.#phase.phase !== 'paused') return
    const { kept, settings, opening } = this.#phase
    const door = new Door(this.#server(), opening)
    const until = monotonicNow() + resumePatience
    for (;;) {
      try {
        await (kept === undefined ? door.bind() : door.take(kept))
        break
      } catch (thrown) {
        if (kept !== undefined || monotonicNow() > until)
          return this.#options.log.warning(`The admin listener is not back: ${messageOf(thrown)}`)
      }
      await pause(resumePace, undefined, { ref: false })
    }
    if (this.#phase.phase === 'paused') this.#phase = { phase: 'open', door, settings }
    else door.close(false)
  }

  close(shared: boolean): void {
    this.#dropInherited()
    const phase = this.#phase
    this.#phase = { phase: 'closed' }
    if (phase.phase === 'open') phase.door.close(shared)
    if (phase.phase === 'paused' && phase.kept !== undefined) closeSync(phase.kept)
  }

  #gives(asked: string): boolean {
    const { asked: given } = this.#inherited ?? {}
    return given !== undefined && addressText(parseAddress(given)) === addressText(parseAddress(asked))
  }

  #takeInherited(door: Door, settings: AdminSettings): void {
    const fd = this.#inherited?.fd
    this.#inherited = undefined
    if (fd === undefined) return
    door.take(fd).then(
      () => this.#adopt(settings, door),
      (thrown: unknown) =>
        this.#options.log.warning(`The admin listener was not handed over: ${messageOf(thrown)}`),
    )
  }

  /** `door`: a new one; undefined when the address stays, or there is none. */
  #adopt(settings: AdminSettings, door: Door | undefined): void {
    this.#dropInherited()
    this.#token = settings.admin_token
    const before = this.#phase
    if (door === undefined && settings.admin_bind !== undefined) {
      if (before.phase !== 'closed') this.#phase = { ...before, settings }
      return
    }
    this.close(false)
    if (door === undefined) return
    this.#phase = { phase: 'open', door, settings }
    this.#options.log.info(`Health and metrics at ${door.name}`)
  }

  #dropInherited(): void {
    if (this.#inherited !== undefined) closeSync(this.#inherited.fd)
    this.#inherited = undefined
  }

  #server(): Server {
    const { administration, log } = this.#options
    const handle = adminHandler({ administration, log, token: () => this.#token })
    const server = createServer(
      {
        maxHeaderSize: limits.head,
        headersTimeout: limits.receiving,
        requestTimeout: limits.receiving,
        keepAliveTimeout: limits.idle,
        connectionsCheckingInterval: limits.look,
      },
      handle,
    )
    server.maxConnections = limits.connections
    server.setTimeout(limits.idle)
    // Who keeps connections for later makes room for who asks now.
    server.on('drop', () => server.closeIdleConnections())
    return server
  }
}

const openingOf = (asked: string, umask: number): Opening => ({
  address: parseAddress(asked),
  mode: 0o777 & ~umask,
})

/** Errors of addresses speak of `bind`. */
const aboutAdminBind = (thrown: unknown): unknown =>
  thrown instanceof ServerError
    ? new ServerError(thrown.code, `admin_bind: ${thrown.message.replace(/^bind: /, '')}`, {
        cause: thrown,
        ...(thrown.subject === undefined ? {} : { subject: thrown.subject }),
      })
    : thrown
