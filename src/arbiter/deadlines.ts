/** When the arbiter has to be woken next. Every waiting of the state stands here; without one it sleeps. */
import { nextRelease, wantsSpawn } from './balance.ts'
import { nextBoot } from './pace.ts'
import type { State } from './state.ts'
import { isServing, isStopping } from './turn.ts'
import { workerDeadline } from './workers.ts'

const NEVER = Number.POSITIVE_INFINITY

/** Monotonic milliseconds, or Infinity. */
export function nextDeadline(state: State): number {
  const { workers, staging, mode, crashes } = state
  return Math.min(
    ...workers.map((worker) => workerDeadline(state, worker)),
    staging && 'deadline' in staging ? staging.deadline : NEVER,
    upgradeDeadline(state),
    mode.phase === 'lame-duck' ? mode.deadline : NEVER,
    nextRelease(state),
    wantsSpawn(state) ? Math.max(crashes.notBefore, nextBoot(state)) : NEVER,
  )
}

/** A master that ends leaves the new one alone: there will be no other. */
export const upgradeDeadline = (state: State): number =>
  'deadline' in state.upgrade && !isStopping(state) ? state.upgrade.deadline : NEVER

/** The state with no answer overdue before `until`; what is due by itself (lame duck, lifetime) stays. */
export const putOff = (state: State, until: number): State => ({
  ...state,
  workers: state.workers.map((worker) => (isServing(worker) ? worker : later(worker, until))),
  staging: state.staging && 'deadline' in state.staging ? later(state.staging, until) : state.staging,
  upgrade: 'deadline' in state.upgrade ? later(state.upgrade, until) : state.upgrade,
})

const later = <T extends { readonly deadline: number }>(waiting: T, until: number): T => ({
  ...waiting,
  deadline: Math.max(waiting.deadline, until),
})
