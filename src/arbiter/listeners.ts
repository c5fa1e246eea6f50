/**
 * The listening sockets of the generations. A reload keeps what both configurations name, opens what is new before
 * any worker boots, and closes what is gone only when the new generation serves; a failed one closes what it opened.
 */
import { formatAddress, parseAddress, sameAddress } from '../sockets/address.ts'
import type { InheritedListener, Legacy } from '../sockets/inherit.ts'
import { type BindOptions, bindListener, listenAll } from '../sockets/listen.ts'
import type { Listener } from '../sockets/listener.ts'
import type { Standby } from '../sockets/standby.ts'

export interface OpenOptions extends BindOptions {
  readonly bind: readonly string[]
  readonly backlog: number
  /** A process that stands by to call listen(2): at the start. */
  readonly standby: Standby | undefined
}

export class Listeners {
  /** Sockets this process was started with, not taken by any configuration yet. */
  #inherited: readonly InheritedListener[]
  /** Those that others may have, too: who gave them to us. */
  readonly #foreign: ReadonlySet<Listener>
  #alone = false
  readonly #givenAll: boolean
  readonly #opening = new Set<number>()
  readonly #held = new Map<number, readonly InheritedListener[]>()

  /** A socket-activated server listens on what it is given, whatever `bind` says. */
  constructor({ listeners, from }: Legacy) {
    this.#inherited = listeners
    // What systemd only kept for us is ours alone.
    this.#foreign = new Set(from === 'store' ? [] : listeners.map(({ listener }) => listener))
    this.#givenAll = from === 'systemd'
  }

  of(generation: number): readonly Listener[] {
    return this.#held.get(generation)?.map(({ listener }) => listener) ?? []
  }

  /** What a new master is given: the listeners and how the configuration names them. */
  legacy(generation: number): Legacy {
    return { from: this.#givenAll ? 'systemd' : 'master', listeners: this.#held.get(generation) ?? [] }
  }

  /**
   * Opens the addresses of a generation; those that another one holds are shared.
   * Throws ServerError TSG_ADDRESS_*; nothing new is left open then.
   */
  async open(generation: number, options: OpenOptions): Promise<void> {
    if (this.#held.has(generation)) return
    if (this.#givenAll) {
      this.#held.set(generation, this.#inherited)
      return
    }
    this.#opening.add(generation)
    const known = [...this.#all(), ...this.#inherited]
    const opened: Listener[] = []
    try {
      const held: InheritedListener[] = []
      for (const asked of options.bind.map(parseAddress)) {
        // Named twice is meant once.
        if (held.some((other) => sameAddress(other.asked, asked))) continue
        const found = known.find((other) => sameAddress(other.asked, asked))
        const listener = found?.listener ?? (await bindListener(asked, options))
        if (!found) opened.push(listener)
        held.push({ asked, listener })
      }
      await listenAll(opened, options.backlog, { standby: options.standby })
      // Dropped while it was being opened: nobody would ever close it.
      if (!this.#opening.delete(generation))
        throw new Error(`generation ${generation} is not wanted any more`)
      this.#held.set(generation, held)
    } catch (error) {
      for (const listener of opened) discard(listener)
      throw error
    }
  }

  /** Takes back what only this generation holds. */
  drop(generation: number): void {
    const mine = this.of(generation)
    this.#opening.delete(generation)
    this.#held.delete(generation)
    for (const listener of mine) if (!this.#holds(listener)) discard(listener)
  }

  /** The generation serves: what no generation after `generation` names is closed, older ones are forgotten. */
  commit(generation: number): void {
    for (const older of [...this.#held.keys()].filter((number) => number < generation)) this.drop(older)
    if (this.#givenAll) return
    for (const { listener } of this.#inherited) if (!this.#holds(listener)) discard(listener)
    this.#inherited = []
  }

  /** Whether somebody still accepts on all of these after their worker stops. */
  keeps(listeners: readonly Listener[]): boolean {
    return listeners.every((listener) => this.#holds(listener))
  }

  /** Whether the workers are the last who have these sockets, and nobody will listen on them again. */
  isGivenUp(listeners: readonly Listener[]): boolean {
    return this.#alone && listeners.every((listener) => !this.#foreign.has(listener))
  }

  /** `shared`: another master goes on with the same sockets, so that no path may be removed. */
  closeAll(shared: boolean): void {
    this.#alone = !shared
    const all = new Set([...this.#all(), ...this.#inherited].map(({ listener }) => listener))
    this.#opening.clear()
    this.#held.clear()
    this.#inherited = []
    for (const listener of all) {
      if (!shared) listener.unlink()
      listener.close()
    }
  }

  #all(): InheritedListener[] {
    return [...this.#held.values()].flat()
  }

  #holds(listener: Listener): boolean {
    return this.#all().some((held) => held.listener === listener)
  }
}

/** The addresses as they are logged. */
export const namesOf = (listeners: readonly Listener[], secure: boolean): readonly string[] =>
  listeners.map(({ address }) => formatAddress(address, secure ? 'https' : 'http'))

function discard(listener: Listener): void {
  listener.unlink()
  listener.close()
}
