/**
 * Whether the server is well, for probes: pure, and cheap enough for thousands of questions a second.
 *
 *   alive: a worker has beaten within its `timeout` (any, where it is 0); while the master ends, one that finishes counts
 *   ready: a generation serves, no end was asked for, and there is who answers: behind fronts, a front as well
 */
import type { State, Worker } from '../state.ts'
import { isServing, policyOf } from '../turn.ts'

export interface Health {
  readonly alive: boolean
  readonly ready: boolean
  /** What is wrong, or that nothing is. */
  readonly why: string
}

/** `beatOf`: the last beat of a worker, in the judgement's milliseconds; 0 for none. */
export function healthOf(state: State, beatOf: (worker: Worker) => number, now: number): Health {
  const alive = state.workers.some(
    (worker) => isCounted(state, worker) && isBeating(state, worker, beatOf, now),
  )
  const unready = whyUnready(state)
  const why = unready ?? (alive ? 'well' : 'no worker has beaten within its timeout')
  return { alive, ready: unready === undefined, why }
}

const isCounted = ({ mode }: State, worker: Worker): boolean =>
  worker.role === 'worker' && (isServing(worker) || (mode.phase !== 'running' && worker.phase === 'retiring'))

function isBeating(state: State, worker: Worker, beatOf: (worker: Worker) => number, now: number): boolean {
  const timeout = policyOf(state, worker)?.timeout ?? 0
  // Right after it is ready its first beat is that.
  const since = isServing(worker) ? worker.beat : 0
  return timeout === 0 || now - Math.max(since, beatOf(worker), state.awakeSince) <= timeout
}

function whyUnready({ mode, serving, workers }: State): string | undefined {
  if (mode.phase !== 'running') return 'the master ends'
  if (!serving) return 'no generation serves yet'
  const ready = workers.filter((worker) => worker.role === 'worker' && isServing(worker))
  if (ready.length === 0) return 'no worker is ready'
  const isReached = ({ behind, generation }: Worker): boolean =>
    !behind || workers.some((one) => one.role === 'front' && one.generation === generation && isServing(one))
  return ready.some(isReached) ? undefined : 'no front is ready'
}
