/** What server hooks are given as `server`: Gunicorn's names, read from the office as they are at the moment. */
import type { Config } from '../config/config.ts'
import type { HookLog, HookServer, HookWorker } from '../config/hook-types.ts'
import { factsOf, hookWorker } from './crew.ts'
import { namesOf } from './listeners.ts'
import { type Office, processName } from './office.ts'

export class ServerFacade implements HookServer {
  readonly #office: () => Office

  constructor(office: () => Office) {
    this.#office = office
  }

  get pid(): number {
    return process.pid
  }
  get log(): HookLog {
    return this.#office().log
  }
  get cfg(): Config {
    return this.#office().config
  }
  get proc_name(): string {
    return processName(this.#office().config)
  }
  get num_workers(): number {
    return this.#office().state().target
  }
  get address(): readonly string[] {
    const { listeners, loads, state } = this.#office()
    const { staging, serving } = state()
    const number = (staging ?? serving)?.number ?? 0
    return namesOf(listeners.of(number), loads.get(number)?.tls !== undefined)
  }
  get WORKERS(): ReadonlyMap<number, HookWorker> {
    const { crew, log } = this.#office()
    return new Map(
      crew.workers().flatMap((member) => {
        const { pid } = member.child
        return pid === undefined ? [] : [[pid, hookWorker(factsOf(member), log)] as const]
      }),
    )
  }
}
