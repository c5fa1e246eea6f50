/** Why a process ended, in one word, from what the judgement knew of it. Pure. */
import type { RestartReason } from '../../metrics/own-counters.ts'
import type { EndReason, Event, Worker } from '../state.ts'

type Exited = Extract<Event, { type: 'exited' }>

/** The judgement is more exact than what is counted. */
const counted: Readonly<Record<EndReason, RestartReason>> = {
  max_requests: 'max_requests',
  max_worker_memory: 'max_worker_memory',
  max_worker_lifetime: 'max_worker_lifetime',
  timeout: 'timeout',
  boot_timeout: 'boot',
  signal: 'signal',
  hook: 'hook',
  reload: 'reload',
  scale: 'scale',
  stop: 'stop',
  restart: 'order',
  profile: 'order',
  drain: 'order',
  kill: 'order',
}

export function exitReason(worker: Worker, { code, signal }: Pick<Exited, 'code' | 'signal'>): RestartReason {
  switch (worker.phase) {
    case 'spawning':
    case 'booting':
      return 'boot'
    case 'ready':
    case 'leaving':
      return code === 0 ? 'exit' : 'crash'
    default:
      // It was told to end, and something else was quicker: out of memory, mostly.
      return signal === 'SIGKILL' && worker.phase !== 'killed' ? 'crash' : counted[worker.reason]
  }
}
