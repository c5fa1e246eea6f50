/**
 * One listener of the master's own among the steps of a generation: opened with its addresses, in force when it serves,
 * given to the new master of an upgrade. Who names no address for it loads nothing of it.
 */
import { closeSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { OwnListener, OwnListenerOptions, Staged } from '../control/own-listener.ts'
import { messageOf } from '../errors.ts'
import type { OwnLegacy, OwnSetting } from '../sockets/inherit.ts'
import type { LogSwitch } from './log-switch.ts'

export interface OwnKind {
  readonly setting: OwnSetting
  /** Loads its module. */
  readonly create: (options: OwnListenerOptions) => Promise<OwnListener<Config>>
}

export class OwnBind {
  readonly #kind: OwnKind
  readonly #log: () => LogSwitch
  readonly #opening = new Set<number>()
  readonly #staged = new Map<number, Staged>()
  #inherited: OwnLegacy | undefined
  #listener: OwnListener<Config> | undefined

  constructor(kind: OwnKind, log: () => LogSwitch, inherited: OwnLegacy | undefined) {
    this.#kind = kind
    this.#log = log
    this.#inherited = inherited
  }

  get setting(): OwnSetting {
    return this.#kind.setting
  }

  /** What a new master is given. */
  get legacy(): OwnLegacy | undefined {
    return this.#listener?.legacy
  }

  /** Opens what the configuration of a generation names. Throws ServerError TSG_ADDRESS_*; nothing new is open then. */
  async open(generation: number, config: Config): Promise<void> {
    if (config[this.setting] === undefined && this.#listener === undefined) return
    if (this.#staged.has(generation)) return
    this.#opening.add(generation)
    const listener = await this.#load()
    const staged = await listener.stage(config)
    if (this.#opening.delete(generation)) this.#staged.set(generation, staged)
    // Dropped while it was being opened: nobody would ever close it.
    else staged.drop()
  }

  /** The generation serves. */
  commit(generation: number): void {
    this.#staged.get(generation)?.commit()
    this.#staged.clear()
    // The new configuration has none: what we were given is not wanted.
    if (this.#inherited !== undefined) closeSync(this.#inherited.fd)
    this.#inherited = undefined
  }

  drop(generation: number): void {
    this.#opening.delete(generation)
    this.#staged.get(generation)?.drop()
    this.#staged.delete(generation)
  }

  pause(): void {
    this.#listener?.pause()
  }

  resume(): void {
    this.#listener
      ?.resume()
      .catch((error: unknown) => this.#log().exception(`${this.setting}: ${messageOf(error)}`, error))
  }

  close(shared: boolean): void {
    for (const generation of this.#staged.keys()) this.drop(generation)
    this.#listener?.close(shared)
  }

  async #load(): Promise<OwnListener<Config>> {
    if (this.#listener !== undefined) return this.#listener
    const { duplicate } = await import('../system/libc.ts')
    const inherited = this.#inherited
    this.#inherited = undefined
    this.#listener = await this.#kind.create({ log: this.#log(), inherited, duplicate })
    return this.#listener
  }
}
