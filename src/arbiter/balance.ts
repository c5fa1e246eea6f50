/**
 * How many workers there should be, and which. One rule serves start, crash, TTIN, TTOU, reload and recycling:
 *
 *   spawn while the newest generation has fewer workers than the target and there is room;
 *   retire what serves beyond the target, the outdated first, then the oldest.
 *
 * A worker is outdated when it is of another generation than the newest, or leaving. So a successor is ready
 * before anyone is retired, and no reload, resize or recycling lowers the number of workers that serve.
 */
import type { InPhase, State, Worker } from './state.ts'
import { afterHooks, isServing, isStaying, isStopping, newestGeneration, type Turn } from './turn.ts'
import { retire } from './workers.ts'

export function balance(turn: Turn): void {
  retireSurplus(turn)
  spawnMissing(turn)
}

/** Beyond its hooks, a spawn takes milliseconds. */
const SPAWN_PATIENCE = 10_000

const isFresh = (worker: Worker, newest: number | undefined): boolean =>
  isStaying(worker) && worker.generation === newest && worker.phase !== 'leaving'

/** Serving workers needed: until a staged generation has proven itself, what the old one had counts too. */
const floor = (state: State): number => {
  const { staging, serving, target } = state
  if (staging?.step !== 'booting' || !serving) return target
  const proven = state.workers.some((worker) => isServing(worker) && worker.generation === staging.number)
  return proven ? target : Math.max(target, staging.before)
}

function retireSurplus(turn: Turn): void {
  const { state } = turn
  const newest = newestGeneration(state)
  const serving = state.workers.filter(isServing)
  const surplus = serving.length - floor(state)
  if (surplus <= 0) return
  const outdated = serving.filter((worker) => !isFresh(worker, newest))
  const fresh = serving.filter((worker) => isFresh(worker, newest))
  for (const worker of [...outdated, ...fresh].slice(0, surplus)) retire(turn, worker)
}

function spawnMissing(turn: Turn): void {
  const { state, now } = turn
  if (!wantsSpawn(state) || now < state.crashes.notBefore) return
  const generation = newestGeneration(state)
  if (generation === undefined) return
  for (let count = spawnCount(state); count > 0; count -= 1) spawn(turn, generation)
}

/** Whether another worker is to be spawned as soon as the back-off allows. */
export const wantsSpawn = (state: State): boolean => !isStopping(state) && spawnCount(state) > 0

function spawnCount(state: State): number {
  const newest = newestGeneration(state)
  if (newest === undefined) return 0
  const staying = state.workers.filter(isStaying)
  const fresh = staying.filter((worker) => isFresh(worker, newest))
  const missing = state.target - fresh.length
  if (missing <= 0) return 0
  // Never stuck without room: what serves beyond the floor was retired, and the allowance is at least one.
  return Math.max(0, Math.min(missing, floorWithOld(state) + allowance(state) - staying.length))
}

const floorWithOld = ({ staging, target }: State): number =>
  staging?.step === 'booting' ? Math.max(target, staging.before) : target

/** Workers above the target at one time: while reloading, reload_surge; while recycling, one in ten. */
const allowance = ({ staging, target }: State): number => {
  if (staging?.step === 'booting') return staging.policy.surge || Math.max(target, staging.before)
  return Math.max(1, Math.floor(target / 10))
}

function spawn(turn: Turn, generation: number): void {
  const { state } = turn
  const age = state.nextAge
  const slot = freeSlot(state)
  // The pre_fork hook has its own deadline; this one only catches a spawn that was lost.
  // Hooks are called one after the other: the last of many spawns waits for all the others' pre_fork.
  const deadline = turn.policy
    ? afterHooks(turn.now, turn.policy, state.target + 2, SPAWN_PATIENCE)
    : turn.now
  const worker: InPhase<'spawning'> = { age, generation, slot, phase: 'spawning', deadline }
  turn.set({ nextAge: age + 1, workers: [...state.workers, worker] })
  turn.do({ do: 'spawn', age, generation, slot })
}

function freeSlot(state: State): number {
  const used = new Set(state.workers.map((worker) => worker.slot))
  let slot = 0
  while (used.has(slot)) slot += 1
  return slot
}
