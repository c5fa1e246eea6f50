/**
 * The arbiter's judgement, with nothing of the operating system in it.
 *
 * `decide` is told what happened and says what to do about it. It opens no file, reads no clock and sends no
 * signal: loop.ts gathers the events, perform.ts carries out the effects. It never waits: a waiting is a
 * deadline in the state, and `tick` asks what is overdue.
 */
import { balance } from './balance.ts'
import { nextDeadline, putOff } from './deadlines.ts'
import { exited, spawnFailed, spawnLost } from './deaths.ts'
import { judgeOrder, refuseAll } from './orders.ts'
import { resize, resizeBy } from './resize.ts'
import { noCrashes } from './restarts.ts'
import { type Command, signals } from './signals.ts'
import {
  chaseStaging,
  failStaging,
  hangUp,
  loaded,
  reload,
  settle,
  start,
  stepDone,
  stepFailed,
} from './staging.ts'
import type { Effect, Event, State } from './state.ts'
import { chaseLameDuck, finish, stopGracefully, stopQuickly } from './stopping.ts'
import { isServing, Turn } from './turn.ts'
import { chaseUpgrade, parentGone, startUpgrade, upgradeEnded, upgradeReady } from './upgrade.ts'
import { becameReady, captured, chase, overdue, recycle, spawned, workerDeadline } from './workers.ts'

export type Decision = readonly [State, readonly Effect[]]

/** A tick later than this says that the master itself did not run. */
const SUSPENDED_AFTER = 1000
/** What was answered while it did not run is heard within this time. */
const CATCH_UP = 1000

export const initialState = (role: State['role'], seed: number): State => ({
  mode: { phase: 'running' },
  role,
  target: 0,
  workers: [],
  shares: [],
  nextAge: 1,
  nextGeneration: 1,
  serving: undefined,
  staging: undefined,
  upgrade: { phase: 'none' },
  pending: [],
  crashes: noCrashes,
  awakeSince: 0,
  seed,
})

export function decide(state: State, event: Event, now: number): Decision {
  const turn = new Turn(state, now)
  if (state.mode.phase === 'gone') return [state, refuseAll(event)]
  judge(turn, event)
  settle(turn)
  resume(turn)
  balance(turn)
  finish(turn)
  return [turn.state, turn.effects]
}

/** Does what was asked for while a reload was under way. */
function resume(turn: Turn): void {
  while (turn.state.serving && !turn.state.staging) {
    const [next, ...rest] = turn.state.pending
    if (!next) return
    turn.set({ pending: rest })
    if (next === 'reload') reload(turn)
    else startUpgrade(turn)
  }
}

type Judgements = { readonly [T in Event['type']]: (turn: Turn, event: Extract<Event, { type: T }>) => void }

const judgements: Judgements = {
  start: (turn, { policy }) => start(turn, policy),
  signal: (turn, { signal }) => {
    turn.log('info', `Handling signal: ${signal.slice(3).toLowerCase()}`)
    commands[signals[signal].command](turn)
  },
  loaded,
  done: stepDone,
  failed: stepFailed,
  'hook-failed': (turn, { failure }) => {
    if (!turn.state.serving) failStaging(turn, failure)
  },
  spawned,
  'spawn-failed': (turn, { age, message }) => spawnFailed(turn, age, message),
  ready: (turn, { age }) => becameReady(turn, age),
  recycle: (turn, { age, reason }) => {
    const worker = turn.find(age)
    if (worker) recycle(turn, worker, reason)
  },
  overdue,
  captured: (turn, { age }) => captured(turn, age),
  exited,
  changed: (turn, { files }) => {
    turn.log('info', `Worker reloading: ${files.join(', ')} modified`)
    reload(turn)
  },
  'upgrade-ready': upgradeReady,
  'upgrade-ended': upgradeEnded,
  'parent-gone': parentGone,
  order: judgeOrder,
  tick: (turn, { beats }) => tick(turn, beats),
}

function judge<T extends Event['type']>(turn: Turn, event: Extract<Event, { type: T }>): void {
  const judgement: (turn: Turn, event: Extract<Event, { type: T }>) => void = judgements[event.type as T]
  judgement(turn, event)
}

const commands: Readonly<Record<Command, (turn: Turn) => void>> = {
  reload: hangUp,
  stop: stopGracefully,
  quit: stopQuickly,
  increase: (turn) => resizeBy(turn, 1),
  decrease: (turn) => resizeBy(turn, -1),
  reopen: (turn) => turn.do({ do: 'reopen-logs' }),
  upgrade: startUpgrade,
  winch: (turn) => {
    if (!turn.policy?.daemon) {
      turn.log('debug', 'SIGWINCH ignored. Not daemonized')
      return
    }
    turn.log('info', 'graceful stop of workers')
    resize(turn, 0)
  },
}

function tick(turn: Turn, beats: ReadonlyMap<number, number>): void {
  if (turn.now - nextDeadline(turn.state) > SUSPENDED_AFTER) wakeUp(turn)
  takeBeats(turn, beats)
  chaseLameDuck(turn)
  chaseStaging(turn)
  chaseUpgrade(turn)
  for (const { age } of turn.state.workers) {
    // Looked up anew: the end of one worker may have ended others.
    const worker = turn.find(age)
    if (!worker || turn.now < workerDeadline(turn.state, worker)) continue
    if (worker.phase === 'spawning') spawnLost(turn, worker)
    else chase(turn, worker)
  }
}

/** The master itself was stopped: silence is counted from now, and answers may still lie in the queue. */
function wakeUp(turn: Turn): void {
  turn.set({ ...putOff(turn.state, turn.now + CATCH_UP), awakeSince: turn.now })
}

function takeBeats(turn: Turn, beats: ReadonlyMap<number, number>): void {
  const workers = turn.state.workers.map((worker) => {
    const beat = beats.get(worker.age)
    return isServing(worker) && beat !== undefined && beat > worker.beat ? { ...worker, beat } : worker
  })
  turn.set({ workers })
}
