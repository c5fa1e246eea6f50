/** When the arbiter has to be woken next. Every waiting of the state stands here; without one it sleeps. */
import { wantsSpawn } from './balance.ts'
import type { State, Worker } from './state.ts'
import { after, isServing } from './turn.ts'

const NEVER = Number.POSITIVE_INFINITY

/** Monotonic milliseconds, or Infinity. */
export function nextDeadline(state: State): number {
  const timeout = (state.serving ?? (state.staging?.step === 'booting' ? state.staging : undefined))?.policy
    .timeout
  return Math.min(
    ...state.workers.map((worker) => workerDeadline(worker, timeout ?? 0, state.awakeSince)),
    state.staging && 'deadline' in state.staging ? state.staging.deadline : NEVER,
    state.upgrade.phase === 'starting' ? state.upgrade.deadline : NEVER,
    state.mode.phase === 'lame-duck' ? state.mode.deadline : NEVER,
    wantsSpawn(state) ? state.crashes.notBefore : NEVER,
  )
}

/** When this worker has to be looked at. */
export const workerDeadline = (worker: Worker, timeout: number, awakeSince: number): number =>
  isServing(worker)
    ? Math.min(worker.expires, after(Math.max(worker.beat, awakeSince), timeout))
    : worker.deadline
