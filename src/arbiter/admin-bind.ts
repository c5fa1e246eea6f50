/**
 * The admin listener among the steps of a generation: opened with its addresses, in force when it serves, given to the
 * new master of an upgrade. Who has no `admin_bind` loads nothing of it.
 */
import { closeSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { AdminListener, AdminRequests, Staged } from '../control/admin.ts'
import { messageOf } from '../errors.ts'
import type { AdminLegacy } from '../sockets/inherit.ts'
import type { Office } from './office.ts'

export class AdminBind {
  readonly #office: () => Office
  readonly #opening = new Set<number>()
  readonly #staged = new Map<number, Staged>()
  #inherited: AdminLegacy | undefined
  #listener: AdminListener | undefined

  constructor(office: () => Office, inherited: AdminLegacy | undefined) {
    this.#office = office
    this.#inherited = inherited
  }

  /** What a new master is given. */
  get legacy(): AdminLegacy | undefined {
    return this.#listener?.legacy
  }

  /** Opens what the configuration of a generation names. Throws ServerError TSG_ADDRESS_*; nothing new is open then. */
  async open(generation: number, config: Config): Promise<void> {
    if (config.admin_bind === undefined && this.#listener === undefined) return
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
      .catch((error: unknown) => this.#office().log.exception(`admin_bind: ${messageOf(error)}`, error))
  }

  close(shared: boolean): void {
    for (const generation of this.#staged.keys()) this.drop(generation)
    this.#listener?.close(shared)
  }

  async #load(): Promise<AdminListener> {
    if (this.#listener !== undefined) return this.#listener
    const [{ createAdminListener }, { duplicate }] = await Promise.all([
      import('../control/admin.ts'),
      import('../system/libc.ts'),
    ])
    const inherited = this.#inherited
    this.#inherited = undefined
    this.#listener = createAdminListener({
      administration: answering(this.#office),
      log: this.#office().log,
      inherited,
      duplicate,
    })
    return this.#listener
  }
}

const starting = { alive: false, ready: false, why: 'the server is starting' } as const

/** The listener is open before there is an administration: that comes when workers boot. */
const answering = (office: () => Office): AdminRequests => ({
  health: () => office().administration?.health() ?? starting,
  metrics: async () => (await here(office)).metrics(),
  status: async () => (await here(office)).status(),
})

const here = async (office: () => Office) => {
  const { administration } = office()
  if (administration === undefined) throw new Error('the server is starting: ask again in a moment')
  return administration
}
