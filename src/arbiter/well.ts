/**
 * Whether the watchdog of systemd may be fed: somebody does the work, or there is none to be done. Pure; beats come
 * from the board.
 */
import type { State } from './state.ts'
import { isServing, isStopping, policyOf } from './turn.ts'

/**
 * A master whose workers all hang, or never come back, is not well, as it could not mend that: it is better started
 * anew. One that starts, ends, or was told to have no workers waits for none. `beats`: the last of each serving
 * worker, by age; `now`: all in monotonic milliseconds.
 */
export function isWell(state: State, beats: ReadonlyMap<number, number>, now: number): boolean {
  if (state.serving === undefined || isStopping(state) || state.target === 0) return true
  return state.workers.some((worker) => {
    if (worker.role !== 'worker' || !isServing(worker)) return false
    const timeout = policyOf(state, worker)?.timeout ?? 0
    const last = Math.max(beats.get(worker.age) ?? 0, worker.since, state.awakeSince)
    return timeout === 0 || now - last <= timeout
  })
}
