/**
 * How a master ends: not ready any more, lame duck, drain, gone. A quicker stop may overtake a graceful one;
 * nothing else is heard after it.
 */

import { mayEnd } from './balance.ts'
import type { Failure, State, Worker } from './state.ts'
import { isServing, isStopping, type Turn } from './turn.ts'
import { quit, retire } from './workers.ts'

/** While another master serves, ours end this long after one another, and the last after TAKEOVER at the latest. */
const APART = 100
const TAKEOVER = 1000

/** TERM: still accepting for lame_duck, then a graceful stop. */
export function stopGracefully(turn: Turn): void {
  const { state } = turn
  if (isStopping(state) || state.mode.phase === 'lame-duck') return
  const lameDuck = state.serving?.policy.lameDuck ?? 0
  if (lameDuck === 0) {
    stop(turn, 'graceful', 0)
    return
  }
  turn.set({ mode: { phase: 'lame-duck', deadline: turn.now + lameDuck } })
  turn.do({ do: 'notify', state: 'stopping' })
  turn.log('info', `Lame duck: accepting for ${lameDuck / 1000} s more`)
}

/** INT or QUIT: workers are ended at once. */
export function stopQuickly(turn: Turn): void {
  const { mode } = turn.state
  if (mode.phase === 'stopping' && mode.how === 'graceful') turn.log('info', 'Quick shutdown requested')
  stop(turn, 'quick', mode.phase === 'stopping' ? mode.exit : 0)
}

export function chaseLameDuck(turn: Turn): void {
  const { mode } = turn.state
  if (mode.phase === 'lame-duck' && turn.now >= mode.deadline) stop(turn, 'graceful', 0)
}

export function stop(turn: Turn, how: 'graceful' | 'quick', exit: number, reason?: Failure): void {
  const { mode, upgrade, role } = turn.state
  if (mode.phase === 'gone' || (mode.phase === 'stopping' && (mode.how === 'quick' || how === 'graceful')))
    return
  if (mode.phase === 'running') turn.do({ do: 'notify', state: 'stopping' })
  if (mode.phase !== 'stopping') {
    turn.do({ do: 'close-listeners', shared: upgrade.phase !== 'none' || role === 'challenger' })
  }
  const deadline = turn.now + (turn.policy?.gracefulTimeout ?? 0)
  const apart = how === 'graceful' ? apartIn(turn.state) : 0
  turn.set({
    mode: { phase: 'stopping', how, exit, deadline, apart, next: turn.now, ...(reason ? { reason } : {}) },
  })
  for (const worker of turn.state.workers) {
    if (how === 'quick') quit(turn, worker)
    else if (worker.phase === 'retiring' && worker.reason === 'profile')
      turn.put({ ...worker, deadline: Math.min(worker.deadline, deadline) })
    else if (apart > 0 && isServing(worker))
      continue // when its turn comes
    else if (!isEnding(worker) && mayEnd(turn.state, worker)) retire(turn, worker)
  }
  // Last: the workers of a first start have their graceful_timeout from it.
  turn.set({ staging: undefined, pending: [] })
}

/**
 * The clients of a worker that ends connect anew, to workers that have just begun: those of all at once would wait for
 * one another. Without another master to go to they need not wait for anything.
 */
const apartIn = ({ upgrade, role, serving, workers }: State): number => {
  if (!serving || (upgrade.phase !== 'running' && role !== 'challenger')) return 0
  return Math.min(APART, TAKEOVER / Math.max(1, workers.length))
}

const isEnding = ({ phase }: Worker): boolean => phase === 'retiring' || phase === 'dismissed'

/** When the last worker is gone, so is the master. */
export function finish(turn: Turn): void {
  const { mode, workers } = turn.state
  if (mode.phase !== 'stopping' || workers.length > 0) return
  turn.set({ mode: { phase: 'gone' } })
  turn.do({ do: 'exit', code: mode.exit, ...(mode.reason ? { reason: mode.reason } : {}) })
}
