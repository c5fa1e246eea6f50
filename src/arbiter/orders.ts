/**
 * What is asked for by name, granted or refused in the same turn. An order does what the signal for it does, and knows no
 * other way; those that signals have no word for (restart, drain, kill, back-out) are the judgement's usual steps, taken
 * for one worker. A refusal is a sentence for who asked.
 */
import type { Granted, Order } from '../control/administration.ts'
import { resize, resizeBy } from './resize.ts'
import { hangUp } from './staging.ts'
import type { Effect, Event, State, Worker } from './state.ts'
import { stopGracefully, stopQuickly } from './stopping.ts'
import { isServing, isStopping, type Turn } from './turn.ts'
import { backOut, startUpgrade } from './upgrade.ts'
import { isLiving, kill, type Living, nameOf, recycle, retire } from './workers.ts'

/** More than any machine has use for: whoever asks for it has made a slip of the hand. */
export const mostWorkers = 4096

type OrderEvent = Extract<Event, { type: 'order' }>
type Grants = { readonly [D in Order['do']]: (turn: Turn, order: Extract<Order, { do: D }>) => Granted }

export function judgeOrder(turn: Turn, { id, order }: OrderEvent): void {
  const grant = grants[order.do] as (turn: Turn, order: Order) => Granted
  turn.do({ do: 'answer', id, granted: grant(turn, order) })
}

/** The answer of a master that has ended. */
export const refuseAll = (event: Event): readonly Effect[] =>
  event.type === 'order' ? [{ do: 'answer', id: event.id, granted: refused(ended) }] : []

const ended = 'The master ends: no order is taken any more.'
const granted = (facts: Readonly<Record<string, unknown>> = {}): Granted => ({ ok: true, facts })
const refused = (why: string): Granted => ({ ok: false, why })

const grants: Grants = {
  reload: (turn) => {
    const { state } = turn
    if (state.mode.phase !== 'running') return refused(ended)
    const postponed = isBusy(state)
    // A reload that waits gets the next number: nothing else takes one meanwhile.
    const generation = state.nextGeneration
    hangUp(turn)
    return granted({ generation, postponed })
  },
  reopen: (turn) => {
    turn.do({ do: 'reopen-logs' })
    return granted()
  },
  scale,
  restart: (turn, { pid }) => (pid === undefined ? restartAll(turn) : restartOne(turn, pid)),
  drain: (turn, { pid }) => drain(turn, pid),
  kill: (turn, { pid }) => {
    const worker = findLiving(turn.state, pid)
    if (!worker) return refused(nobody(pid))
    if (worker.phase === 'killed') return refused(`${called(worker)} was sent SIGKILL already.`)
    kill(turn, worker, 'kill')
    return granted({ pid })
  },
  stop: (turn, { how }) => {
    if (how === 'quick') stopQuickly(turn)
    else stopGracefully(turn)
    return granted()
  },
  upgrade: (turn) => {
    const why = whyNoUpgrade(turn.state)
    if (why) return refused(why)
    const postponed = isBusy(turn.state)
    startUpgrade(turn)
    return granted({ postponed })
  },
  'back-out': (turn) => {
    const why = whyNoBackOut(turn.state)
    if (why) return refused(why)
    backOut(turn)
    return granted()
  },
}

/** A generation is on its way: what would be another has to wait. */
const isBusy = ({ staging, serving }: State): boolean => staging !== undefined || !serving

const called = (worker: Living): string => `${nameOf(worker)} (pid:${worker.pid})`
const nobody = (pid: number): string => `No worker has the pid ${pid}: see status for those that there are.`
const findLiving = (state: State, pid: number): Living | undefined =>
  state.workers.filter(isLiving).find((worker) => worker.pid === pid)

function scale(turn: Turn, order: Extract<Order, { do: 'scale' }>): Granted {
  const { target: before } = turn.state
  if (isStopping(turn.state)) return refused(ended)
  if (isBusy(turn.state) && !turn.state.staging) return refused('The master has not begun to start workers.')
  const amount = 'to' in order ? order.to : order.by
  if (!Number.isSafeInteger(amount)) return refused(`The number of workers is a whole number, not ${amount}.`)
  const asked = 'to' in order ? order.to : before + order.by
  if (asked > mostWorkers) return refused(`${asked} workers are too many: the most is ${mostWorkers}.`)
  if ('to' in order && asked < 1) return refused(`${asked} workers are too few: the least is 1.`)
  if ('to' in order) resize(turn, asked)
  else resizeBy(turn, order.by)
  return granted({ before, target: turn.state.target })
}

const reloading = 'A reload is under way, which replaces all workers: wait for its end.'

function restartAll(turn: Turn): Granted {
  const { state } = turn
  if (state.mode.phase !== 'running') return refused(ended)
  if (isBusy(state)) return refused(reloading)
  const chosen = state.workers.filter(({ phase }) => phase === 'ready').filter(isLiving)
  if (chosen.length === 0) return refused('No worker is ready that could be restarted.')
  for (const worker of chosen) recycle(turn, worker, 'restart')
  return granted({ pids: chosen.map(({ pid }) => pid), ages: chosen.map(({ age }) => age) })
}

function restartOne(turn: Turn, pid: number): Granted {
  const { state } = turn
  const worker = findLiving(state, pid)
  if (state.mode.phase !== 'running') return refused(ended)
  if (!worker) return refused(nobody(pid))
  if (isBusy(state)) return refused(reloading)
  if (worker.phase !== 'ready') return refused(`${called(worker)} is ${worker.phase}: it is not ready.`)
  recycle(turn, worker, 'restart')
  return granted({ pids: [pid], ages: [worker.age] })
}

function drain(turn: Turn, pid: number): Granted {
  const worker = findLiving(turn.state, pid)
  if (isStopping(turn.state)) return refused(ended)
  if (!worker) return refused(nobody(pid))
  if (!isServing(worker)) return refused(`${called(worker)} is ${worker.phase}: it does not serve.`)
  if (isLastOfItsKind(turn.state, worker)) {
    const words = 'no other could be given its requests. Restart it instead: its successor is ready first.'
    return refused(`${called(worker)} is the only one that serves; ${words}`)
  }
  retire(turn, worker, { reason: 'drain' })
  return granted({ pid })
}

/** Whether clients would wait for its successor, and for ever if that cannot boot. */
const isLastOfItsKind = ({ workers }: State, { age, role, behind, generation }: Worker): boolean =>
  !workers.some(
    (other) =>
      other.age !== age &&
      other.role === role &&
      other.behind === behind &&
      isServing(other) &&
      // Fronts reach workers of their own generation alone.
      (other.generation === generation || !(behind || role === 'front')),
  )

function whyNoUpgrade({ mode, role, upgrade, pending }: State): string | undefined {
  if (mode.phase !== 'running') return ended
  if (role === 'challenger')
    return 'This is the new master of an upgrade, whose old one still lives: end that one first.'
  if (upgrade.phase !== 'none' || pending.includes('upgrade'))
    return 'An upgrade is under way: end the old master to complete it, or back out.'
  return undefined
}

function whyNoBackOut({ upgrade, role, mode }: State): string | undefined {
  if (role === 'challenger')
    return 'This is the new master of the upgrade: to back out, stop it, or ask the old one.'
  if (upgrade.phase === 'none') return 'No upgrade is under way.'
  if (upgrade.phase === 'backing-out') return 'The upgrade is being backed out already.'
  // Who ends leaves the sockets to the new master: without it nobody would serve.
  if (mode.phase !== 'running')
    return 'This master ends, so that the new one is to serve on: stop that one by itself.'
  return undefined
}
