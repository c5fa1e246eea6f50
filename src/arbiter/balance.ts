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
import { bootsLeft } from './pace.ts'
import { assign, hasOpened } from './shares.ts'
import type { InPhase, Role, State, Worker } from './state.ts'
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

/** How many are wanted. A front that no worker is left for would keep its clients waiting: nobody is to accept there. */
export const wanted = (state: State, role: Role): number =>
  role === 'worker' ? state.target : Math.min(state.target, newestPolicy(state)?.fronts ?? 0)

const isFresh = (worker: Worker, newest: number | undefined): boolean =>
  isStaying(worker) && worker.generation === newest && worker.phase !== 'leaving'

/** How many have to serve: until a staged generation has proven itself, what the old one had counts too. */
const floor = (state: State, role: Role): number => {
  const { staging, serving, target } = state
  if (role === 'front' || staging?.step !== 'booting' || !serving) return wanted(state, role)
  const proven = state.workers.some(
    (worker) => worker.role === role && isServing(worker) && worker.generation === staging.number,
  )
  return proven ? target : Math.max(target, staging.before)
}

function retireSurplus(turn: Turn, role: Role): void {
  if (isStopping(turn.state)) return
  const { state } = turn
  const newest = newestGeneration(state)
  const serving = state.workers.filter((worker) => worker.role === role && isServing(worker))
  const outdated = serving.filter((worker) => !isFresh(worker, newest))
  const fresh = serving.filter((worker) => isFresh(worker, newest))
  const counted = state.target === 0 ? serving : serving.filter((worker) => isUseful(state, worker))
  let surplus = counted.length - floor(state, role)
  for (const worker of outdated) {
    if (isLeftOver(state, worker)) retire(turn, worker)
    else if (surplus > 0 && mayRetire(turn.state, worker)) {
      retire(turn, worker)
      surplus -= 1
    }
  }
  // The outdated that have to stay for a while take nobody's place.
  const beyond = Math.min(surplus, fresh.length - wanted(state, role))
  for (const worker of fresh.slice(0, Math.max(0, beyond)))
    if (mayRetire(turn.state, worker)) retire(turn, worker)
}

/** The fronts of a worker's generation, whatever they do: while there is one, requests may come. */
const hasFronts = ({ workers }: State, { generation }: Worker): boolean =>
  workers.some((other) => other.role === 'front' && other.generation === generation)

/** Whether requests reach it: who is behind fronts needs one that accepts. */
const isUseful = ({ workers }: State, { behind, generation }: Worker): boolean =>
  !behind ||
  workers.some((other) => other.role === 'front' && other.generation === generation && isServing(other))

/** A worker of the past, whose fronts are gone. Those of the generation that serves get new ones. */
const isLeftOver = (state: State, worker: Worker): boolean =>
  worker.behind &&
  worker.generation !== newestGeneration(state) &&
  worker.generation !== state.serving?.number &&
  !hasFronts(state, worker)

function mayRetire(state: State, worker: Worker): boolean {
  if (acceptsUntilReplaced(state, worker)) return false
  if (worker.role === 'front') return isOutdated(state, worker) ? isManned(state) : hasAllFronts(state)
  if (!worker.behind) return true
  return state.target === 0 ? !hasFronts(state, worker) : isSpare(state, worker)
}

const isOutdated = (state: State, { generation }: Worker): boolean => generation !== newestGeneration(state)

const freshAndServing = (state: State, role: Role): number => {
  const newest = newestGeneration(state)
  return state.workers.filter((one) => one.role === role && isServing(one) && isFresh(one, newest)).length
}

/** Whether the newest generation can do without a front: those that stay are as many as are wanted. */
const hasAllFronts = (state: State): boolean => freshAndServing(state, 'front') >= wanted(state, 'front')

/** Whether the newest generation is complete: until then the older workers are reached by their own fronts. */
const isManned = (state: State): boolean =>
  freshAndServing(state, 'worker') >= state.target && hasAllFronts(state)

/** While a generation is staged in which fronts accept, or did: who accepts now goes on until it is complete. */
function acceptsUntilReplaced({ staging, serving }: State, { role, generation }: Worker): boolean {
  if (staging?.step !== 'booting' || generation !== serving?.number) return false
  return role === 'front' || (staging.policy.fronts > 0 && serving.policy.fronts === 0)
}

/** A generation keeps a worker for each front that has one; all, unless reload_surge leaves no room for so many. */
function isSpare(state: State, { role, generation }: Worker): boolean {
  const peers = state.workers.filter(
    (one) => one.role === role && one.generation === generation && isServing(one),
  )
  const has = (age: number) => peers.some((one) => one.age === age)
  const isThere = (front: number) => state.workers.some(({ age }) => age === front)
  const fronts = state.shares.filter(({ front, workers }) => isThere(front) && workers.some(has))
  if (peers.length <= Math.max(1, fronts.length)) return false
  if (generation === newestGeneration(state)) return true
  return (newestPolicy(state)?.surge ?? 0) > 0
}

/** The workers of a master that ends: who accepts when its turn comes, the others once nobody brings them requests. */
function release(turn: Turn): void {
  for (const worker of turn.state.workers) {
    const { mode } = turn.state
    if (mode.phase !== 'stopping') return
    if (!isServing(worker) || !mayEnd(turn.state, worker)) continue
    if (!worker.behind) {
      if (turn.now < mode.next) continue
      turn.set({ mode: { ...mode, next: turn.now + mode.apart } })
    }
    retire(turn, worker, { until: mode.deadline })
  }
}

/** When the next one that accepts is to be told that its master ends; Infinity when none waits for its turn. */
export const nextRelease = ({ mode, workers }: State): number =>
  mode.phase === 'stopping' && workers.some((worker) => isServing(worker) && !worker.behind)
    ? mode.next
    : Number.POSITIVE_INFINITY

/** Whether a worker may be told to end when the master does: not while its fronts still have requests. */
export const mayEnd = (state: State, worker: Worker): boolean =>
  worker.role === 'front' || !isServing(worker) || !hasFronts(state, worker)

function spawnMissing(turn: Turn, role: Role): void {
  const { state, now } = turn
  if (isStopping(state) || now < state.crashes.notBefore) return
  for (const { generation, count } of missing(state, role)) {
    for (let left = Math.min(count, bootsLeft(turn.state, now)); left > 0; left -= 1)
      spawn(turn, generation, role)
  }
}

/** Whether another worker is to be spawned as soon as back-off and pace allow. */
export const wantsSpawn = (state: State): boolean =>
  !isStopping(state) && roles.some((role) => missing(state, role).some(({ count }) => count > 0))

interface Missing {
  readonly generation: number
  readonly count: number
}

function missing(state: State, role: Role): readonly Missing[] {
  const generation = newestGeneration(state)
  if (generation === undefined) return []
  return [{ generation, count: spawnCount(state, role) }, ...missingOfThePast(state, role)]
}

/**
 * What an older generation still needs to keep its word: one front while it serves and a newer one is only staged, and one
 * worker while its fronts have requests that nobody else may answer.
 */
function missingOfThePast(state: State, role: Role): readonly Missing[] {
  const newest = newestGeneration(state)
  const isLacking = (generation: number) =>
    !state.workers.some((one) => one.role === role && one.generation === generation && isStaying(one))
  if (role === 'front') {
    const { serving, target } = state
    const isNeeded = serving && serving.number !== newest && serving.policy.fronts > 0 && target > 0
    return isNeeded && isLacking(serving.number) ? [{ generation: serving.number, count: 1 }] : []
  }
  const fronts = state.workers.filter(
    (one) =>
      one.role === 'front' &&
      one.generation !== newest &&
      (isServing(one) || one.phase === 'retiring') &&
      hasOpened(state, one.age),
  )
  const generations = [...new Set(fronts.map(({ generation }) => generation))]
  return generations.filter(isLacking).map((generation) => ({ generation, count: 1 }))
}

function spawnCount(state: State, role: Role): number {
  const newest = newestGeneration(state)
  const staying = state.workers.filter((worker) => worker.role === role && isStaying(worker))
  const fresh = staying.filter((worker) => isFresh(worker, newest))
  const lacking = wanted(state, role) - fresh.length
  if (lacking <= 0 || role === 'front') return Math.max(0, lacking)
  // Never stuck without room: what serves beyond the floor was retired, or has to stay and takes nobody's place, and the
  // allowance is at least one.
  const taken = staying.filter((one) => one.generation === newest || mayRetire(state, one)).length
  return Math.max(0, Math.min(lacking, floorWithOld(state) + allowance(state) - taken))
}

const floorWithOld = ({ staging, target }: State): number =>
  staging?.step === 'booting' ? Math.max(target, staging.before) : target

/** Workers above the target at one time: reloading, or restarting all, reload_surge; while recycling, one in ten. */
const allowance = ({ staging, serving, target, workers }: State): number => {
  if (staging?.step === 'booting') return staging.policy.surge || Math.max(target, staging.before)
  if (workers.some((worker) => worker.phase === 'leaving' && worker.reason === 'restart'))
    return serving?.policy.surge || Math.max(target, 1)
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
  const behind = role === 'worker' && isBehind(state, generation)
  const phase = { phase: 'spawning', begun: turn.now, deadline } as const
  const worker: InPhase<'spawning'> = { role, behind, age, generation, slot, ...phase }
  turn.set({ nextAge: age + 1, workers: [...state.workers, worker] })
  turn.do({ do: 'spawn', role, age, generation, slot })
}

/** Whether this generation has fronts; one of the past that spawns still has some. */
const isBehind = ({ staging, serving }: State, generation: number): boolean => {
  if (staging?.step === 'booting' && staging.number === generation) return staging.policy.fronts > 0
  return serving?.number === generation ? serving.policy.fronts > 0 : true
}

function freeSlot(state: State): number {
  const used = new Set(state.workers.map((worker) => worker.slot))
  let slot = 0
  while (used.has(slot)) slot += 1
  return slot
}
