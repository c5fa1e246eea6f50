/**
 * What one turn of the judgement changed, as those who watch are told of it. Pure; it knows no watcher. What is cheap and
 * always wanted (outcomes, exits) has a function of its own, for the journal.
 */
import type { ExitFact, PublicEvent, ReloadOutcome, Status, UpgradeOutcome } from '../../control/status.ts'
import { wanted } from '../balance.ts'
import type { Judged } from '../loop.ts'
import type { Effect, Failure, State, Worker } from '../state.ts'
import { isServing } from '../turn.ts'
import { exitReason } from './reasons.ts'

/** When the turn was, and what it takes to say how long something took. */
export interface Moment {
  /** ISO 8601. */
  readonly at: string
  /** When the generation that is staged, or was before this turn, began; the judgement's milliseconds. */
  readonly stagedSince: number
}

export function differences(judged: Judged, moment: Moment): PublicEvent[] {
  const { before, after } = judged
  if (before === after) return []
  const { at } = moment
  const exit = exitOf(judged, at)
  const reload = reloadOf(judged, moment)
  const upgrade = upgradeOf(judged, at)
  return [
    ...workerEvents(judged, at),
    ...(exit ? [{ event: 'exit' as const, ...exit }] : []),
    ...stagingEvent(before, after, at),
    ...(reload ? [{ event: 'reload' as const, ...reload }] : []),
    ...targetEvent(before, after, at),
    ...modeEvent(before, after, at),
    ...upgradeEvent(before, after, at, upgrade),
  ]
}

const effectOf = <D extends Effect['do']>(
  effects: readonly Effect[],
  kind: D,
): Extract<Effect, { do: D }> | undefined =>
  effects.find((effect): effect is Extract<Effect, { do: D }> => effect.do === kind)

const pidOf = (worker: Worker | undefined): number | null => (worker && 'pid' in worker ? worker.pid : null)
export const reasonOf = (worker: Worker): string | null => ('reason' in worker ? worker.reason : null)

function workerEvents({ before, after }: Judged, at: string): PublicEvent[] {
  if (before.workers === after.workers) return []
  const former = new Map(before.workers.map((worker) => [worker.age, worker]))
  const there = new Set(after.workers.map(({ age }) => age))
  const gone = before.workers.filter(({ age }) => !there.has(age))
  return [
    ...after.workers
      .filter((worker) => former.get(worker.age)?.phase !== worker.phase)
      .map((worker) => workerEvent(worker, former.get(worker.age)?.phase ?? null, worker.phase, at)),
    ...gone.map((worker) => workerEvent(worker, worker.phase, 'gone', at)),
  ]
}

const workerEvent = (worker: Worker, from: string | null, to: string, at: string): PublicEvent => ({
  at,
  event: 'worker',
  age: worker.age,
  pid: pidOf(worker),
  kind: worker.role,
  generation: worker.generation,
  from,
  to,
  reason: reasonOf(worker),
})

/** The end of a process that was known. */
export function exitOf({ before, event }: Judged, at: string): ExitFact | undefined {
  if (event.type !== 'exited') return undefined
  const worker = before.workers.find(({ age }) => age === event.age)
  const pid = pidOf(worker)
  if (!worker || pid === null) return undefined
  const { age, code, signal } = event
  return { pid, age, at, code, signal, reason: exitReason(worker, event) }
}

/** What became of a reload, when this turn ended one. A first start is none. */
export function reloadOf(
  { before, effects, now }: Judged,
  { at, stagedSince }: Moment,
): ReloadOutcome | undefined {
  const seconds = Math.max(0, now - stagedSince) / 1000
  const discarded = effectOf(effects, 'discard')
  if (discarded)
    return { at, generation: discarded.generation, ok: false, ...wordsOf(discarded.failure), seconds }
  const commit = effectOf(effects, 'commit')
  if (commit && !commit.first)
    return { at, generation: commit.generation, ok: true, message: null, detail: null, seconds }
  const { staging, serving } = before
  // A reload that a stop cut short: who waits for it is not left waiting.
  if (staging && serving && effectOf(effects, 'close-listeners'))
    return { at, generation: staging.number, ok: false, message: 'the master ends', detail: null, seconds }
  return undefined
}

/** The failure as the log had it; what the worker itself said of it is worth more. */
const wordsOf = ({
  message,
  detail,
  said,
}: Failure): { readonly message: string; readonly detail: string | null } => ({
  message: said ? `${message} ${said.message}` : message,
  detail: said?.detail ?? detail ?? null,
})

/** What became of an upgrade, when this turn settled it: the new master is ready, it ended, or it is promoted (us). */
export function upgradeOf({ before, after, event, effects }: Judged, at: string): UpgradeOutcome | undefined {
  if (effectOf(effects, 'promote')) return { at, ok: true, message: 'promoted: the old master is gone' }
  if (before.upgrade.phase === after.upgrade.phase) return undefined
  if (after.upgrade.phase === 'running') return { at, ok: true, message: null }
  if (after.upgrade.phase !== 'none') return undefined
  return { at, ok: false, message: event.type === 'upgrade-ended' ? event.message : null }
}

/** How far a staged generation is: one who waits for it counts these. */
export function progressOf(state: State): { readonly ready: number; readonly wanted: number } {
  const { staging } = state
  if (staging?.step !== 'booting') return { ready: 0, wanted: wanted(state, 'worker') }
  const ready = state.workers.filter((one) => isServing(one) && one.generation === staging.number).length
  return { ready, wanted: wanted(state, 'worker') + wanted(state, 'front') }
}

function stagingEvent(before: State, after: State, at: string): PublicEvent[] {
  const { staging } = after
  if (!staging) return []
  const now = progressOf(after)
  const isSame = before.staging?.number === staging.number && before.staging.step === staging.step
  if (isSame && progressOf(before).ready === now.ready) return []
  return [{ at, event: 'staging', generation: staging.number, step: staging.step, ...now }]
}

const targetEvent = (before: State, after: State, at: string): PublicEvent[] =>
  before.target === after.target ? [] : [{ at, event: 'target', now: after.target, before: before.target }]

/** The master's state in the words of the status. */
export function publicMode({ mode, serving }: State): Status['state'] {
  if (mode.phase === 'gone') return 'stopping'
  if (mode.phase === 'running') return serving ? 'running' : 'starting'
  return mode.phase
}

const modeEvent = (before: State, after: State, at: string): PublicEvent[] =>
  publicMode(before) === publicMode(after) ? [] : [{ at, event: 'mode', state: publicMode(after) }]

/** Of an upgrade that is backed out, the new master still runs. */
export const publicUpgrade = ({ upgrade: { phase } }: State): Status['upgrade'] =>
  phase === 'backing-out' ? 'running' : phase

function upgradeEvent(
  before: State,
  after: State,
  at: string,
  outcome: UpgradeOutcome | undefined,
): PublicEvent[] {
  const phase = publicUpgrade(after)
  if (publicUpgrade(before) === phase && !outcome) return []
  return [{ ...outcome, at, event: 'upgrade', phase }]
}
