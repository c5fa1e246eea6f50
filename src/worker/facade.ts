/** What hooks are given in a worker: itself, and the master as far as it is known here. */
import type { Config } from '../config/config.ts'
import type { HookLog, HookServer, HookWorker } from '../config/hook-types.ts'
import type { BootMessage } from '../ipc/messages.ts'

/** The parts of a worker that change while it lives. */
export interface Vital {
  requests: number
  alive: boolean
  booted: boolean
  aborted: boolean
}

export interface Facades {
  readonly worker: HookWorker
  readonly server: HookServer
}

export function facades(boot: BootMessage, config: Config, log: HookLog, vital: Vital): Facades {
  const master = process.ppid
  const worker: HookWorker = {
    age: boot.age,
    generation: boot.generation,
    pid: process.pid,
    ppid: master,
    log,
    cfg: config,
    get nr() {
      return vital.requests
    },
    get alive() {
      return vital.alive
    },
    get booted() {
      return vital.booted
    },
    get aborted() {
      return vital.aborted
    },
  }
  const server: HookServer = {
    pid: master,
    log,
    cfg: config,
    proc_name: boot.processName,
    num_workers: config.workers === 'auto' ? 0 : config.workers,
    address: boot.listeners.map(({ name }) => name),
    WORKERS: new Map(),
  }
  return { worker, server }
}
