/**
 * How many workers and fronts there should be, and which. One rule serves start, crash, TTIN, TTOU, reload and recycling:
 *
 *   spawn while the newest generation has fewer than wanted and there is room;
 *   retire what serves beyond what is wanted, the outdated first, then the oldest.
 *
 * One is outdated when it is of another generation than the newest, or leaving. So a successor is ready
 * before anyone is retired, and no reload, resize or recycling lowers the number of workers that serve.
 *
 * Whoever accepts goes first: a worker whose fronts still bring it requests outlives them.
 */
import { assign } from './shares.ts'
import type { InPhase, Role, ServingWorker, State, Worker } from './state.ts'
import {
  afterHooks,
  isServing,
  isStaying,
  isStopping,
  newestGeneration,
  newestPolicy,
  type Turn,
} from './turn.ts'
import { retire } from './workers.ts'

const roles: readonly Role[] = ['worker', 'front']

export function balance(turn: Turn): void {
  for (const role of roles) {
    retireSurplus(turn, role)
    spawnMissing(turn, role)
  }
  release(turn)
  assign(turn)
}

/** Beyond its hooks, a spawn takes milliseconds. */
const SPAWN_PATIENCE = 10_000
const ALL = Number.POSITIVE_INFINITY

/** How many are wanted. Without workers nobody is to accept. */
export const wanted = (state: State, role: Role): number => {
  if (role === 'worker') return state.target
  return state.target > 0 ? (newestPolicy(state)?.fronts ?? 0) : 0
}

const isFresh = (worker: Worker, newest: number | undefined): boolean =>
  isStaying(worker) && worker.generation === newest && worker.phase !== 'leaving'

/** How many have to serve: until a staged generation has proven itself, what the old one had counts too. */
const floor = (state: State, role: Role): number => {
  const { staging, serving, target } = state
  if (staging?.step !== 'booting' || !serving) return wanted(state, role)
  // Who accepts now goes on until the new generation is complete, if it leaves the accepting to others.
  const changesHands = staging.policy.fronts > 0 !== serving.policy.fronts > 0
  if (role === 'front' || changesHands) return ALL
  const proven = state.workers.some(
    (worker) => worker.role === role && isServing(worker) && worker.generation === staging.number,
  )
  return proven ? target : Math.max(target, staging.before)
}

function retireSurplus(turn: Turn, role: Role): void {
  if (isStopping(turn.state)) return
  const { state } = turn
  const newest = newestGeneration(state)
  const serving = state.workers.filter(
    (worker): worker is ServingWorker => worker.role === role && isServing(worker),
  )
  const surplus = serving.length - floor(state, role)
  if (surplus <= 0) return
  const outdated = serving.filter((worker) => !isFresh(worker, newest))
  const fresh = serving.filter((worker) => isFresh(worker, newest))
  for (const worker of [...outdated, ...fresh].slice(0, surplus)) {
    if (mayRetire(turn.state, worker)) retire(turn, worker)
  }
}

/** The fronts of a worker's generation, whatever they do: while there is one, requests may come. */
const hasFronts = ({ workers }: State, { generation }: Worker): boolean =>
  workers.some((other) => other.role === 'front' && other.generation === generation)

/** A generation with fronts keeps a worker for them; all, unless reload_surge leaves no room for so many. */
function mayRetire(state: State, worker: Worker): boolean {
  if (worker.role === 'front' || !hasFronts(state, worker)) return true
  const { generation, role } = worker
  const peers = state.workers.filter(
    (one) => one.role === role && one.generation === generation && isServing(one),
  )
  if (peers.length <= 1) return false
  if (generation === newestGeneration(state)) return state.target > 0
  return (newestPolicy(state)?.surge ?? 0) > 0
}

/** The workers of a master that ends, once nobody brings them requests any more. */
function release(turn: Turn): void {
  const { mode, workers } = turn.state
  if (mode.phase !== 'stopping') return
  for (const worker of workers) {
    if (isServing(worker) && mayEnd(turn.state, worker)) retire(turn, worker, mode.deadline)
  }
}

/** Whether a worker may be told to end when the master does: not while its fronts still have requests. */
export const mayEnd = (state: State, worker: Worker): boolean =>
  worker.role === 'front' || !isServing(worker) || !hasFronts(state, worker)

function spawnMissing(turn: Turn, role: Role): void {
  const { state, now } = turn
  if (isStopping(state) || now < state.crashes.notBefore) return
  const generation = newestGeneration(state)
  if (generation === undefined) return
  for (let count = spawnCount(state, role); count > 0; count -= 1) spawn(turn, generation, role)
}

/** Whether another worker is to be spawned as soon as the back-off allows. */
export const wantsSpawn = (state: State): boolean =>
  !isStopping(state) && roles.some((role) => spawnCount(state, role) > 0)

function spawnCount(state: State, role: Role): number {
  const newest = newestGeneration(state)
  if (newest === undefined) return 0
  const staying = state.workers.filter((worker) => worker.role === role && isStaying(worker))
  const fresh = staying.filter((worker) => isFresh(worker, newest))
  const missing = wanted(state, role) - fresh.length
  if (missing <= 0 || role === 'front') return Math.max(0, missing)
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

function spawn(turn: Turn, generation: number, role: Role): void {
  const { state } = turn
  const age = state.nextAge
  const slot = freeSlot(state)
  // The pre_fork hook has its own deadline; this one only catches a spawn that was lost.
  // Hooks are called one after the other: the last of many spawns waits for all the others' pre_fork.
  const deadline = turn.policy
    ? afterHooks(turn.now, turn.policy, state.target + 2, SPAWN_PATIENCE)
    : turn.now
  const worker: InPhase<'spawning'> = { role, age, generation, slot, phase: 'spawning', deadline }
  turn.set({ nextAge: age + 1, workers: [...state.workers, worker] })
  turn.do({ do: 'spawn', role, age, generation, slot })
}

function freeSlot(state: State): number {
  const used = new Set(state.workers.map((worker) => worker.slot))
  let slot = 0
  while (used.has(slot)) slot += 1
  return slot
}
