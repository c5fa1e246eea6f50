/**
 * A listener of the master's own, beside those of the application (`admin_bind`, `agent_check_bind`): opened with the
 * addresses of a generation, in force when it serves, given to the new master of an upgrade. A reload, an upgrade and
 * its back-out move it without a gap, or nearly (see `pause`). What is said on its connections is the business of its
 * service.
 */
import { closeSync } from 'node:fs'
import type { Server } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf, ServerError } from '../errors.ts'
import { addressText, parseAddress } from '../sockets/address.ts'
import type { OwnLegacy } from '../sockets/inherit.ts'
import { monotonicNow } from '../system/clock.ts'
import { Door, type Opening } from './door.ts'
import type { Log } from './execute.ts'

/** What answers there. `S`: the settings that it reads. */
export interface Service<S> {
  /** The setting of the address. */
  readonly setting: string
  /** As the log calls it: `admin listener`. */
  readonly name: string
  /** What is to be had there, for the log: `Health and metrics`. */
  readonly offers: string
  readonly asked: (settings: S) => string | undefined
  readonly server: () => Server
  /** These settings are in force from now on, whether the address changes or stays. */
  readonly follow?: (settings: S) => void
}

export interface OwnListenerOptions {
  readonly log: Log
  /** From the old master of an upgrade. */
  readonly inherited?: OwnLegacy | undefined
  /** dup(2), where the system's library can be called; undefined where not. */
  readonly duplicate?: (fd: number) => number | undefined
}

/** A configuration that is being tried: nothing is closed before `commit`, nothing stays open after `drop`. */
export interface Staged {
  /** It serves: from now on this address is in force. */
  commit(): void
  drop(): void
}

/** One address, wherever it comes from and goes to. */
export interface OwnListener<S> {
  /** As it is logged, with the real port; undefined without one. */
  readonly address: string | undefined
  /** For a new master; undefined while it is not open. */
  readonly legacy: OwnLegacy | undefined
  /** Opens what the settings name, the file of a unix socket by their umask. Throws ServerError TSG_ADDRESS_*; what was open stays as it was. */
  stage(settings: S & { readonly umask: number }): Promise<Staged>
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

export const createOwnListener = <S>(service: Service<S>, options: OwnListenerOptions): OwnListener<S> =>
  new Own(service, options)

type Phase =
  | { readonly phase: 'closed' }
  | { readonly phase: 'open'; readonly door: Door; readonly asked: string }
  /** `kept`: a second descriptor of the socket, where one can be had. */
  | {
      readonly phase: 'paused'
      readonly kept: number | undefined
      readonly asked: string
      readonly opening: Opening
    }

class Own<S> implements OwnListener<S> {
  readonly #service: Service<S>
  readonly #options: OwnListenerOptions
  #inherited: OwnLegacy | undefined
  #phase: Phase = { phase: 'closed' }

  constructor(service: Service<S>, options: OwnListenerOptions) {
    this.#service = service
    this.#options = options
    this.#inherited = options.inherited
  }

  get address(): string | undefined {
    return this.#phase.phase === 'open' ? this.#phase.door.name : undefined
  }

  get legacy(): OwnLegacy | undefined {
    if (this.#phase.phase !== 'open') return undefined
    const { door, asked } = this.#phase
    const fd = door.fd
    return fd === undefined ? undefined : { fd, asked }
  }

  async stage(settings: S & { readonly umask: number }): Promise<Staged> {
    const asked = this.#service.asked(settings)
    const isFirst = this.#phase.phase === 'closed'
    const stays = this.#phase.phase !== 'closed' && asked === this.#phase.asked
    const nothing = () => undefined
    // Of a first start: who asks as soon as it is open is answered by them already.
    if (isFirst) this.#service.follow?.(settings)
    if (asked === undefined) return { commit: () => this.#put(settings, undefined), drop: nothing }
    if (stays) return { commit: () => this.#keep(settings), drop: nothing }
    try {
      const door = new Door(this.#service.server(), openingOf(asked, settings.umask))
      const found = { phase: 'open', door, asked } as const
      // What we were given accepts only from `commit` on: until then the old master does.
      if (this.#gives(asked)) return { commit: () => this.#takeInherited(settings, found), drop: nothing }
      await door.bind()
      return { commit: () => this.#put(settings, found), drop: () => door.close(false) }
    } catch (thrown) {
      throw about(this.#service.setting, thrown)
    }
  }

  pause(): void {
    if (this.#phase.phase !== 'open') return
    const { door, asked } = this.#phase
    const kept = door.fd === undefined ? undefined : this.#options.duplicate?.(door.fd)
    this.#phase = { phase: 'paused', kept, asked, opening: door.opening }
    door.close(true)
  }

  /**
   * With a second descriptor the socket was ours all the time. Without one it is bound anew: for some milliseconds
   * between the new master's end and now, connections were refused.
   */
  async resume(): Promise<void> {
    if (this.#phase.phase !== 'paused') return
    const { kept, asked, opening } = this.#phase
    const door = new Door(this.#service.server(), opening)
    const until = monotonicNow() + resumePatience
    for (;;) {
      try {
        await (kept === undefined ? door.bind() : door.take(kept))
        break
      } catch (thrown) {
        if (kept !== undefined || monotonicNow() > until)
          return this.#options.log.warning(`The ${this.#service.name} is not back: ${messageOf(thrown)}`)
      }
      await pause(resumePace, undefined, { ref: false })
    }
    if (this.#phase.phase === 'paused') this.#phase = { phase: 'open', door, asked }
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

  #takeInherited(settings: S, found: Phase & { readonly phase: 'open' }): void {
    const fd = this.#inherited?.fd
    this.#inherited = undefined
    if (fd === undefined) return
    found.door.take(fd).then(
      () => this.#put(settings, found),
      (thrown: unknown) =>
        this.#options.log.warning(`The ${this.#service.name} was not handed over: ${messageOf(thrown)}`),
    )
  }

  /** The address stays. */
  #keep(settings: S): void {
    this.#dropInherited()
    this.#service.follow?.(settings)
  }

  /** `found`: a new one; undefined when the settings name none. */
  #put(settings: S, found: (Phase & { readonly phase: 'open' }) | undefined): void {
    this.#service.follow?.(settings)
    this.close(false)
    if (found === undefined) return
    this.#phase = found
    this.#options.log.info(`${this.#service.offers} at ${found.door.name}`)
  }

  #dropInherited(): void {
    if (this.#inherited !== undefined) closeSync(this.#inherited.fd)
    this.#inherited = undefined
  }
}

const openingOf = (asked: string, umask: number): Opening => ({
  address: parseAddress(asked),
  mode: 0o777 & ~umask,
})

/** Errors of addresses speak of `bind`. */
const about = (setting: string, thrown: unknown): unknown =>
  thrown instanceof ServerError
    ? new ServerError(thrown.code, `${setting}: ${thrown.message.replace(/^bind: /, '')}`, {
        cause: thrown,
        ...(thrown.subject === undefined ? {} : { subject: thrown.subject }),
      })
    : thrown
