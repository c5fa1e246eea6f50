/**
 * Which Python workers a front may use: each worker belongs to one front of its own generation, and the fronts of a
 * generation have equally many, as far as that goes. A worker stays where it is unless its front is gone or another
 * has two fewer: a move makes it idle for a moment.
 */
import type { Share, State, Worker } from './state.ts'
import { isServing, isStaying, isStopping, type Turn } from './turn.ts'

/** A front that drains still needs its workers. */
const canUse = (worker: Worker): boolean =>
  worker.role === 'front' && (isServing(worker) || worker.phase === 'retiring')

const canBeUsed = (worker: Worker): boolean => worker.role === 'worker' && isServing(worker)

/** Shares the workers out anew, and has told who has others than before. */
export function assign(turn: Turn): void {
  const { workers, shares: before } = turn.state
  const fronts = workers.filter(canUse)
  if (fronts.length === 0 && before.length === 0) return
  const shares = fronts
    .map((front) => front.generation)
    .filter(isFirst)
    .flatMap((generation) => {
      const of = (worker: Worker) => worker.generation === generation
      const abandoned = isAbandoned(turn.state, generation)
      const usable = workers.filter(canBeUsed).filter(of).map(age)
      return share(fronts.filter(of).map(age), usable, before).map((one) => {
        const opened = one.workers.length > 0 || hasOpened(turn.state, one.front)
        return { ...one, abandoned, opened }
      })
    })
  const changed = shares.filter((now) => {
    const old = before.find(({ front }) => front === now.front)
    return now.abandoned !== (old?.abandoned ?? false) || !isSame(old?.workers ?? [], now.workers)
  })
  const isSameList = isSame(before.map(frontOf), shares.map(frontOf))
  if (changed.length === 0 && isSameList) return
  turn.set({ shares })
  for (const { front, workers: theirs, abandoned } of changed)
    turn.do({ do: 'assign', front, workers: theirs, abandoned })
}

/** Whether a front (by its age) has ever had a worker: until then it does not accept. */
export const hasOpened = ({ shares }: State, front: number): boolean =>
  shares.some((one) => one.front === front && one.opened)

/** Whether a generation has lost all its workers when none is spawned any more. */
const isAbandoned = (state: State, generation: number): boolean =>
  (isStopping(state) || state.target === 0) &&
  !state.workers.some((one) => one.role === 'worker' && one.generation === generation && isStaying(one))

type Workers = Omit<Share, 'abandoned' | 'opened'>

/** The workers of one generation, fronts and workers by age; pure. */
export function share(
  fronts: readonly number[],
  workers: readonly number[],
  before: readonly Workers[],
): readonly Workers[] {
  const shares = fronts.map((front) => ({
    front,
    workers: (before.find((old) => old.front === front)?.workers ?? []).filter((one) =>
      workers.includes(one),
    ),
  }))
  const placed = new Set(shares.flatMap((one) => one.workers))
  for (const worker of workers) if (!placed.has(worker)) extreme(shares, -1)?.workers.push(worker)
  for (;;) {
    const [least, most] = [extreme(shares, -1), extreme(shares, 1)]
    if (!least || !most || most.workers.length - least.workers.length < 2) return shares
    least.workers.push(...most.workers.splice(-1))
  }
}

/** The share with the fewest (-1) or the most (1) workers. */
const extreme = <S extends Workers>(shares: readonly S[], sign: 1 | -1): S | undefined =>
  shares.reduce<S | undefined>(
    (best, one) => (best && sign * best.workers.length >= sign * one.workers.length ? best : one),
    undefined,
  )

const frontOf = ({ front }: Share): number => front
const age = (worker: Worker): number => worker.age
const isFirst = (item: number, index: number, all: readonly number[]): boolean => all.indexOf(item) === index
const isSame = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((item) => other.includes(item))
