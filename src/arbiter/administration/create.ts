/** Administration as the master gives it to those who serve it: each question and each order, to whoever answers it. */
import type { Administration, Granted, Order, ProfileOptions } from '../../control/administration.ts'
import type { AgentFacts } from '../../control/agent.ts'
import type {
  ConfigFact,
  GenerationFact,
  ListenerFact,
  PublicEvent,
  RequestFact,
  StackFact,
  Status,
} from '../../control/status.ts'
import { monotonicNow } from '../../system/clock.ts'
import { loadedOf, type Office } from '../office.ts'
import { configFacts } from './config-facts.ts'
import type { Health } from './health.ts'
import { LoadOfWorkers } from './load.ts'
import { masterStatus, officeHealth, type Sources } from './master-facts.ts'
import { orderWords } from './order-words.ts'
import { generationFacts, listenerFacts } from './place-facts.ts'

/** The generation whose configuration is in force: the one that serves, else the first that is staged. */
const present = ({ state }: Office): number => (state().serving ?? state().staging)?.number ?? 0

export class MasterAdministration implements Administration {
  readonly #sources: Sources
  readonly #office: Office
  #load: LoadOfWorkers | undefined

  constructor(sources: Sources) {
    this.#sources = sources
    this.#office = sources.office
  }

  status({ pss = false }: { readonly pss?: boolean } = {}): Promise<Status> {
    return masterStatus(this.#sources, pss)
  }

  async requests(): Promise<readonly RequestFact[]> {
    return (await import('./requests.ts')).requestsOf(this.#office)
  }

  async stack(pid: number): Promise<StackFact> {
    return (await import('./stacks.ts')).stackFact(this.#office, pid)
  }

  async config(): Promise<readonly ConfigFact[]> {
    return configFacts(loadedOf(this.#office, present(this.#office)))
  }

  async listeners(): Promise<readonly ListenerFact[]> {
    const { listeners, loads } = this.#office
    const number = present(this.#office)
    return listenerFacts(listeners.of(number), loads.get(number)?.tls ? 'https' : 'http')
  }

  async generations(): Promise<readonly GenerationFact[]> {
    const { loads, state } = this.#office
    return generationFacts(state(), (number) => loads.get(number)?.file ?? null)
  }

  async metrics(): Promise<string> {
    const [{ metricsText }, status, listeners] = await Promise.all([
      import('./metrics-facts.ts'),
      this.status({ pss: true }),
      this.listeners(),
    ])
    return metricsText(this.#office, status, listeners)
  }

  health(): Health {
    return officeHealth(this.#office)
  }

  agent(): AgentFacts {
    this.#load ??= new LoadOfWorkers()
    const ending = this.#office.state().mode.phase !== 'running'
    return { ...this.health(), ending, load: this.#load.look(this.#office, monotonicNow()) }
  }

  async order(order: Order, by: string): Promise<Granted> {
    const { log, orders, enqueue } = this.#office
    const words = orderWords(order)
    this.#said(words, by)
    const granted = await orders.ask(order, enqueue)
    if (!granted.ok) log.info(`Order refused: ${words}: ${granted.why}`, { order: words, by })
    return granted
  }

  /** Who wants what, in the log and for those who watch: before what it leads to. */
  #said(order: string, by: string): void {
    this.#office.log.info(`Order: ${order} (by ${by})`, { order, by })
    this.#sources.journal.tell({ at: new Date().toISOString(), event: 'order', order, by })
  }

  async profile(
    options: ProfileOptions,
    by: string,
  ): Promise<{ readonly file: string; readonly note: string | null }> {
    this.#said(`profile ${options.what} ${options.pid}`, by)
    return (await import('./profiles.ts')).profile(this.#office, options)
  }

  watch(told: (event: PublicEvent) => void): () => void {
    return this.#sources.journal.watch(told)
  }
}
