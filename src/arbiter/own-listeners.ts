/** All listeners of the master's own: health and metrics (`admin_bind`), agent checks (`agent_check_bind`). */
import type { Config } from '../config/config.ts'
import type { AdminRequests } from '../control/admin-requests.ts'
import type { AgentRequests } from '../control/agent-listener.ts'
import { inheritOwn, type OwnLegacy, type OwnSetting } from '../sockets/inherit.ts'
import type { Office } from './office.ts'
import { OwnBind, type OwnKind } from './own-bind.ts'

export type OwnLegacies = readonly (OwnLegacy & { readonly setting: OwnSetting })[]

export class OwnListeners {
  readonly #binds: readonly OwnBind[]

  constructor(office: () => Office) {
    this.#binds = kinds(office).map((kind) => new OwnBind(kind, () => office().log, inheritOwn(kind.setting)))
  }

  /** What a new master is given. */
  get legacies(): OwnLegacies {
    return this.#binds.flatMap(({ setting, legacy }) => (legacy === undefined ? [] : { setting, ...legacy }))
  }

  /** Opens what the configuration names. Throws ServerError TSG_ADDRESS_*: then `drop` is due, or another try. */
  async open(generation: number, config: Config): Promise<void> {
    for (const bind of this.#binds) await bind.open(generation, config)
  }

  commit(generation: number): void {
    for (const bind of this.#binds) bind.commit(generation)
  }

  drop(generation: number): void {
    for (const bind of this.#binds) bind.drop(generation)
  }

  pause(): void {
    for (const bind of this.#binds) bind.pause()
  }

  resume(): void {
    for (const bind of this.#binds) bind.resume()
  }

  close(shared: boolean): void {
    for (const bind of this.#binds) bind.close(shared)
  }
}

const kinds = (office: () => Office): readonly OwnKind[] => [
  {
    setting: 'admin_bind',
    create: async (options) =>
      (await import('../control/admin.ts')).createAdminListener({
        ...options,
        administration: answering(office),
      }),
  },
  {
    setting: 'agent_check_bind',
    create: async (options) =>
      (await import('../control/agent-listener.ts')).createAgentListener({
        ...options,
        administration: answering(office),
      }),
  },
]

const starting = { alive: false, ready: false, why: 'the server is starting' } as const

/** The listeners are open before there is an administration: that comes when workers boot. */
const answering = (office: () => Office): AdminRequests & AgentRequests => ({
  health: () => office().administration?.health() ?? starting,
  agent: () => office().administration?.agent() ?? { ...starting, ending: false, load: 0 },
  metrics: async () => (await here(office)).metrics(),
  status: async () => (await here(office)).status(),
})

const here = async (office: () => Office) => {
  const { administration } = office()
  if (administration === undefined) throw new Error('the server is starting: ask again in a moment')
  return administration
}
