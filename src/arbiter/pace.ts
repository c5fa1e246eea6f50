/**
 * How many may boot at a time. A process that boots takes all of a processor, and while others serve, these are who it
 * takes it from: as many boots as processors, and requests wait for their turn. Where nobody serves nobody is in the
 * way. Pure.
 */
import type { InPhase, State, Worker } from './state.ts'
import { isServing, newestPolicy } from './turn.ts'

/** What boots for longer mostly waits for something, a database for example, and keeps nobody from beginning. */
const BUSY = 1000

/** How many more may begin to boot now. */
export const bootsLeft = (state: State, now: number): number =>
  limitOf(state) - beginnings(state).filter((begun) => now < begun + BUSY).length

/** When another may begin: monotonic milliseconds. Those of the past are now. */
export const nextBoot = (state: State): number => {
  const limit = limitOf(state)
  const last = Number.isFinite(limit) ? beginnings(state).toSorted((a, b) => b - a)[limit - 1] : undefined
  return last === undefined ? Number.NEGATIVE_INFINITY : last + BUSY
}

/** Whether anybody serves; a challenger's old master does. */
export const isServed = ({ role, workers }: State): boolean =>
  role === 'challenger' || workers.some(isServing)

const limitOf = (state: State): number =>
  (isServed(state) && newestPolicy(state)?.boots) || Number.POSITIVE_INFINITY

const isBooting = (worker: Worker): worker is InPhase<'spawning' | 'booting'> =>
  worker.phase === 'spawning' || worker.phase === 'booting'

const beginnings = ({ workers }: State): number[] => workers.filter(isBooting).map(({ begun }) => begun)
