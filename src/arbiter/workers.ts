/**
 * How single workers are judged: what one reports, and the ladder that ends one. What its death means is told in
 * deaths.ts, how many there should be in balance.ts.
 */
import type { Event, InPhase, RecycleReason, ServingWorker, Worker } from './state.ts'
import { after, isServing, type Turn } from './turn.ts'

/** Between QUIT and KILL, and between one KILL and the next. */
const QUIT_PATIENCE = 2000
const KILL_PATIENCE = 5000
/** A stack is taken within this time or not at all. */
const CAPTURE_PATIENCE = 1500
const NEVER = Number.POSITIVE_INFINITY

const identity = ({ age, generation, slot }: Worker) => ({ age, generation, slot })

export type Living = Exclude<Worker, InPhase<'spawning'>>
export const isLiving = (worker: Worker): worker is Living => worker.phase !== 'spawning'

/** Has a worker finish what it does and exit. One that does not serve yet is ended at once. */
export function retire(turn: Turn, worker: Worker): void {
  if (!isServing(worker)) {
    quit(turn, worker)
    return
  }
  // A drain without an end would hold a generation for ever: graceful_timeout 0 means at once.
  const grace = turn.policy?.gracefulTimeout ?? 0
  turn.put({ ...identity(worker), phase: 'retiring', pid: worker.pid, deadline: turn.now + grace })
  turn.do({ do: 'drain', age: worker.age })
}

/** Ends a worker at once, without waiting for its requests. */
export function quit(turn: Turn, worker: Worker): void {
  if (!isLiving(worker)) {
    turn.remove(worker.age)
    turn.do({ do: 'forget', age: worker.age })
    return
  }
  if (worker.phase === 'quitting' || worker.phase === 'killed') return
  turn.put({ ...identity(worker), phase: 'quitting', pid: worker.pid, deadline: turn.now + QUIT_PATIENCE })
  turn.do({ do: 'kill', age: worker.age, signal: 'SIGQUIT' })
}

function kill(turn: Turn, worker: Living): void {
  turn.put({ ...identity(worker), phase: 'killed', pid: worker.pid, deadline: turn.now + KILL_PATIENCE })
  turn.do({ do: 'kill', age: worker.age, signal: 'SIGKILL' })
}

function abort(turn: Turn, worker: InPhase<'capturing'>): void {
  const patience = turn.policy?.abortTimeout ?? 0
  turn.put({ ...worker, phase: 'aborting', deadline: turn.now + patience })
  turn.do({ do: 'kill', age: worker.age, signal: 'SIGABRT' })
}

function capture(turn: Turn, worker: Living, why: 'timeout' | 'boot_timeout'): void {
  const { pid } = worker
  const deadline = turn.now + CAPTURE_PATIENCE
  turn.put({ ...identity(worker), phase: 'capturing', pid, deadline, booted: why === 'timeout' })
  turn.do({ do: 'capture', age: worker.age, why })
}

/** Takes a worker whose deadline has come one rung further. */
export function chase(turn: Turn, worker: Worker): void {
  switch (worker.phase) {
    case 'spawning':
      turn.remove(worker.age)
      turn.do({ do: 'forget', age: worker.age })
      turn.log('error', 'a worker was not spawned in time', { age: worker.age })
      return
    case 'booting':
      turn.log('critical', `WORKER BOOT TIMEOUT (pid:${worker.pid})`, { pid: worker.pid, age: worker.age })
      capture(turn, worker, 'boot_timeout')
      return
    case 'ready':
    case 'leaving':
      chaseServing(turn, worker)
      return
    case 'capturing':
      abort(turn, worker)
      return
    case 'retiring':
      turn.log('warning', `Worker (pid:${worker.pid}) did not finish in graceful_timeout, ending it`, {
        pid: worker.pid,
      })
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
  if (turn.now >= silenceEnds(turn, worker)) {
    const silent = Math.round(turn.now - worker.beat)
    turn.log('critical', `WORKER TIMEOUT (pid:${pid})`, { pid, age, silent_ms: silent })
    capture(turn, worker, 'timeout')
  } else if (turn.now >= worker.expires) {
    recycle(turn, worker, 'max_worker_lifetime')
  }
}

/** When the silence of a serving worker becomes a hang. */
const silenceEnds = (turn: Turn, { beat }: { readonly beat: number }): number =>
  after(Math.max(beat, turn.state.awakeSince), turn.policy?.timeout ?? 0)

/** Marks a serving worker for replacement; it serves on until its successor is ready. */
export function recycle(turn: Turn, worker: Worker, reason: RecycleReason): void {
  if (worker.phase !== 'ready') return
  turn.put({ ...worker, phase: 'leaving', reason, expires: NEVER })
  turn.log('info', `Autorestarting worker (pid: ${worker.pid}): ${reason} reached`, {
    pid: worker.pid,
    reason,
  })
}

export function spawned(turn: Turn, { age, pid }: Extract<Event, { type: 'spawned' }>): void {
  const worker = turn.find(age)
  if (worker?.phase !== 'spawning') return
  const deadline = after(turn.now, turn.policy?.bootTimeout ?? 0)
  turn.put({ ...identity(worker), phase: 'booting', pid, deadline })
}

export function becameReady(turn: Turn, age: number): void {
  const worker = turn.find(age)
  if (worker?.phase !== 'booting') return
  const { lifetime = 0, lifetimeJitter = 0 } = turn.policy ?? {}
  const expires = lifetime > 0 ? turn.now + lifetime + lifetimeJitter * turn.random() : NEVER
  const { pid } = worker
  turn.put({ ...identity(worker), phase: 'ready', pid, since: turn.now, beat: turn.now, expires })
}

/** The stack was taken, or could not be: now the worker is aborted. */
export function captured(turn: Turn, age: number): void {
  const worker = turn.find(age)
  if (worker?.phase === 'capturing') abort(turn, worker)
}
