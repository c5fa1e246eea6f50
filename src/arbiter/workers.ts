/**
 * How single workers are judged: what one reports, and the ladder that ends one. What its death means is told in
 * deaths.ts, how many there should be in balance.ts.
 */
import type {
  EndReason,
  Event,
  InPhase,
  Overdue,
  RecycleReason,
  ServingWorker,
  State,
  Worker,
} from './state.ts'
import { after, isServing, isStopping, newestGeneration, policyOf, type Turn } from './turn.ts'

/** Between QUIT and KILL, and between one KILL and the next. */
const QUIT_PATIENCE = 2000
const KILL_PATIENCE = 5000
/** A stack is taken within this time or not at all. */
const CAPTURE_PATIENCE = 1800
/** For a heap of gigabytes on a slow disk, when nothing is served any more. */
const PROFILE_PATIENCE = 600_000
const NEVER = Number.POSITIVE_INFINITY

const identity = ({ role, behind, age, generation, slot }: Worker) => ({
  role,
  behind,
  age,
  generation,
  slot,
})

/** As it is called in the log. */
export const nameOf = ({ role }: Worker): string => (role === 'front' ? 'Front' : 'Worker')

export type Living = Exclude<Worker, InPhase<'spawning'>>
export const isLiving = (worker: Worker): worker is Living => worker.phase !== 'spawning'

/** Why a worker ends that nobody named a reason for: it follows from where it stands. */
const reasonFor = (state: State, worker: Worker): EndReason => {
  if ('reason' in worker) return worker.reason
  if (isStopping(state)) return 'stop'
  return worker.generation === newestGeneration(state) ? 'scale' : 'reload'
}

export interface Retirement {
  /** An earlier end than graceful_timeout's. */
  readonly until?: number
  readonly reason?: EndReason
}

/**
 * Has a worker finish what it does and exit. One that boots has nothing to finish, as far as is known: it is told the
 * same, as it may have begun to serve in this moment, and has little time to obey.
 */
export function retire(turn: Turn, worker: Worker, { until = NEVER, reason: named }: Retirement = {}): void {
  const reason = named ?? reasonFor(turn.state, worker)
  const patience = Math.max(until - turn.now, QUIT_PATIENCE)
  const usual = Math.min(policyOf(turn.state, worker)?.gracefulTimeout ?? 0, patience)
  const grace = usual + (reason === 'profile' && !isStopping(turn.state) ? PROFILE_PATIENCE : 0)
  // A drain without an end would hold a generation for ever: graceful_timeout 0 means at once.
  if (grace === 0 || !(isServing(worker) || worker.phase === 'booting')) {
    quit(turn, worker, reason)
    return
  }
  const { pid } = worker
  const ending = { ...identity(worker), pid, reason }
  if (isServing(worker)) turn.put({ ...ending, phase: 'retiring', deadline: turn.now + grace })
  else turn.put({ ...ending, phase: 'dismissed', deadline: turn.now + QUIT_PATIENCE, grace })
  turn.do({ do: 'drain', age: worker.age })
}

/** Ends a worker at once, without waiting for its requests. */
export function quit(turn: Turn, worker: Worker, reason = reasonFor(turn.state, worker)): void {
  if (!isLiving(worker)) {
    turn.remove(worker.age)
    turn.do({ do: 'forget', age: worker.age })
    return
  }
  if (worker.phase === 'quitting' || worker.phase === 'killed') return
  const { pid } = worker
  turn.put({ ...identity(worker), phase: 'quitting', pid, deadline: turn.now + QUIT_PATIENCE, reason })
  turn.do({ do: 'kill', age: worker.age, signal: 'SIGQUIT' })
}

/** SIGKILL: what it holds is lost. Without a `reason`, for the one it was ending for. */
export function kill(turn: Turn, worker: Living, reason = reasonFor(turn.state, worker)): void {
  const why = 'why' in worker ? worker.why : 'asked'
  const { pid } = worker
  turn.put({ ...identity(worker), phase: 'killed', pid, deadline: turn.now + KILL_PATIENCE, why, reason })
  turn.do({ do: 'kill', age: worker.age, signal: 'SIGKILL' })
}

function abort(turn: Turn, worker: Living, why: Overdue): void {
  const patience = policyOf(turn.state, worker)?.abortTimeout ?? 0
  const { pid } = worker
  const aborting = { ...identity(worker), phase: 'aborting', pid, why, reason: why } as const
  const doomed = { ...aborting, deadline: turn.now + patience }
  if (patience === 0) {
    kill(turn, doomed)
    return
  }
  turn.put(doomed)
  turn.do({ do: 'kill', age: worker.age, signal: 'SIGABRT' })
}

function capture(turn: Turn, worker: Living, why: Overdue): void {
  const { pid } = worker
  const deadline = turn.now + CAPTURE_PATIENCE
  turn.put({ ...identity(worker), phase: 'capturing', pid, deadline, why, reason: why })
  turn.do({ do: 'capture', age: worker.age, why })
}

/** When this worker has to be looked at: monotonic milliseconds, or Infinity. */
export const workerDeadline = (state: State, worker: Worker): number =>
  isServing(worker) ? Math.min(worker.expires, silenceEnds(state, worker)) : worker.deadline

/** When the silence of a serving worker becomes a hang. */
const silenceEnds = (state: State, worker: ServingWorker): number =>
  after(Math.max(worker.beat, state.awakeSince), policyOf(state, worker)?.timeout ?? 0)

/** Takes a worker whose deadline has come one rung further. */
export function chase(turn: Turn, worker: Living): void {
  switch (worker.phase) {
    case 'booting':
      turn.log(
        'critical',
        `${nameOf(worker).toUpperCase()} BOOT TIMEOUT (pid:${worker.pid}): not ready within boot_timeout`,
        {
          pid: worker.pid,
          age: worker.age,
        },
      )
      capture(turn, worker, 'boot_timeout')
      return
    case 'ready':
    case 'leaving':
      chaseServing(turn, worker)
      return
    case 'capturing':
      abort(turn, worker, worker.why)
      return
    case 'dismissed':
      quit(turn, worker)
      return
    case 'retiring':
      turn.log(
        'warning',
        `${nameOf(worker)} (pid:${worker.pid}) did not finish in graceful_timeout, ending it`,
        {
          pid: worker.pid,
        },
      )
      quit(turn, worker)
      return
    case 'aborting':
    case 'quitting':
    case 'killed':
      kill(turn, worker)
      return
  }
}

function chaseServing(turn: Turn, worker: ServingWorker): void {
  const { pid, age } = worker
  if (turn.now >= silenceEnds(turn.state, worker)) {
    const silent = Math.round(turn.now - worker.beat)
    turn.log('critical', `${nameOf(worker).toUpperCase()} TIMEOUT (pid:${pid})`, {
      pid,
      age,
      silent_ms: silent,
    })
    capture(turn, worker, 'timeout')
  } else if (turn.now >= worker.expires) {
    recycle(turn, worker, 'max_worker_lifetime')
  }
}

/**
 * A request took too long; the worker has logged its stack. If nothing else can run in the worker it is ended; if others
 * can, it finishes them and is replaced.
 */
export function overdue(turn: Turn, { age, alone }: Extract<Event, { type: 'overdue' }>): void {
  const worker = turn.find(age)
  if (!worker || !isLiving(worker) || worker.role === 'front') return
  if (!alone) recycle(turn, worker, 'timeout')
  else if (isServing(worker) || worker.phase === 'retiring') abort(turn, worker, 'timeout')
}

/**
 * Marks a serving worker for replacement; it serves on until its successor is ready. One that was sent TERM is not
 * replaced when this master is about to end: then all of us were sent it, and it ends when its turn comes.
 */
export function recycle(turn: Turn, worker: Worker, reason: RecycleReason): void {
  // A front has no application that leaks.
  if (worker.phase !== 'ready' || (worker.role === 'front' && !isAskedFor(reason))) return
  if (reason === 'signal' && turn.state.mode.phase !== 'running') return
  const { pid } = worker
  turn.put({ ...worker, phase: 'leaving', reason, expires: NEVER })
  turn.log('info', whyReplaced(worker, reason), { pid, reason })
}

/** Somebody wants it, as opposed to a limit that is reached. */
const asked: Partial<Readonly<Record<RecycleReason, string>>> = {
  signal: 'was sent SIGTERM: it ends when its successor is ready',
  restart: 'is restarted: it ends when its successor is ready',
  profile: 'is taken out of rotation: its heap is written when its successor is ready',
}
const isAskedFor = (reason: RecycleReason): boolean => asked[reason] !== undefined

const whyReplaced = (worker: ServingWorker, reason: RecycleReason): string => {
  const { pid } = worker
  const words = asked[reason]
  if (words) return `${nameOf(worker)} (pid:${pid}) ${words}`
  const why = reason === 'hook' ? 'a hook asked for it' : `${reason} reached`
  return `Autorestarting worker (pid: ${pid}): ${why}`
}

export function spawned(turn: Turn, { age, pid }: Extract<Event, { type: 'spawned' }>): void {
  const worker = turn.find(age)
  if (worker?.phase !== 'spawning') return
  const deadline = after(turn.now, policyOf(turn.state, worker)?.bootTimeout ?? 0)
  turn.put({ ...identity(worker), phase: 'booting', pid, begun: worker.begun, deadline })
}

export function becameReady(turn: Turn, age: number): void {
  const worker = turn.find(age)
  if (worker?.phase === 'dismissed') {
    // It has the time of everyone who served. It is told again: the first word may have come before it listened.
    const { pid, grace, reason } = worker
    turn.put({ ...identity(worker), phase: 'retiring', pid, deadline: turn.now + grace, reason })
    turn.do({ do: 'drain', age })
  }
  if (worker?.phase !== 'booting') return
  const { lifetime = 0, lifetimeJitter = 0 } = policyOf(turn.state, worker) ?? {}
  // What runs no application does not age.
  const expires =
    lifetime > 0 && worker.role === 'worker' ? turn.now + lifetime + lifetimeJitter * turn.random() : NEVER
  const { pid } = worker
  turn.put({ ...identity(worker), phase: 'ready', pid, since: turn.now, beat: turn.now, expires })
  makeWay(turn, worker)
}

/**
 * Clients keep their connections, and who comes later would get new ones alone: those who have them let a part go. Not
 * of the generation that is being replaced: all of its go. At a start nobody has any.
 */
function makeWay(turn: Turn, { age, role, behind, generation }: Worker): void {
  if (behind || turn.state.serving === undefined) return
  const colleagues = turn.state.workers.filter(
    (other) =>
      other.phase === 'ready' && other.role === role && other.generation === generation && other.age !== age,
  )
  for (const other of colleagues) turn.do({ do: 'share', age: other.age, of: colleagues.length + 1 })
}

/** The stack was taken, or could not be: now the worker is aborted. */
export function captured(turn: Turn, age: number): void {
  const worker = turn.find(age)
  if (worker?.phase === 'capturing') abort(turn, worker, worker.why)
}
