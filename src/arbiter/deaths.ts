/**
 * What the end of a worker means: an end that was asked for, a crash to be replaced at once, or a death at boot
 * that is charged to the crash budget and, without a proof that the generation can boot, fails it.
 */
import { BOOT_BUDGET, backOff, noCrashes, SETTLED_AFTER } from './restarts.ts'
import { acknowledge, failStaging } from './staging.ts'
import type { Event, Failure, InPhase, Level, State, Worker } from './state.ts'
import { isServing, isStopping, newestGeneration, type Turn } from './turn.ts'
import { isLiving, nameOf } from './workers.ts'

export function spawnFailed(turn: Turn, age: number, message: string): void {
  const worker = turn.find(age)
  if (worker?.phase !== 'spawning') return
  turn.remove(age)
  diedAtBoot(turn, worker, { message, exit: 3, told: false })
}

/** A spawn that was asked for and never answered. */
export function spawnLost(turn: Turn, { age }: InPhase<'spawning'>): void {
  const message = 'a worker was not spawned in time'
  turn.log('error', message, { age })
  turn.do({ do: 'forget', age })
  spawnFailed(turn, age, message)
}

export function exited(turn: Turn, event: Extract<Event, { type: 'exited' }>): void {
  const worker = turn.find(event.age)
  if (!worker) return
  turn.remove(event.age)
  reportDeath(turn, worker, event)
  if (isStopping(turn.state)) return
  if (isBootDeath(turn, worker)) {
    const told = event.code === 3 || event.code === 4 || isBootTimeout(worker)
    const exit = event.code === 4 ? 4 : 3
    const message = exit === 4 ? 'App failed to load.' : 'Worker failed to boot.'
    const said = event.said ? { said: event.said } : {}
    diedAtBoot(turn, worker, { message, exit, told, ...said })
  } else if (isServing(worker) || isHang(worker)) {
    turn.set({ crashes: noCrashes })
    acknowledge(turn, worker.generation)
  }
}

const isHang = (worker: Worker): boolean => 'why' in worker && worker.why === 'timeout'
const isBootTimeout = (worker: Worker): boolean => 'why' in worker && worker.why === 'boot_timeout'

const isBootDeath = (turn: Turn, worker: Worker): boolean =>
  worker.phase === 'spawning' ||
  worker.phase === 'booting' ||
  isBootTimeout(worker) ||
  (isServing(worker) && turn.now - worker.since < SETTLED_AFTER)

interface BootDeath extends Omit<Failure, 'retry'> {
  /** The death tells that trying again is useless: the app cannot be loaded, or never boots in time. */
  readonly told: boolean
}

function diedAtBoot(turn: Turn, worker: Worker, { told, ...failure }: BootDeath): void {
  const { state, now } = turn
  // What is left of an older generation says nothing of the newest one, but that spawning has to be slow.
  const isOfThePast = worker.generation !== newestGeneration(state)
  if (isOfThePast && !worker.behind && worker.role === 'worker') return
  const counted = worker.age < state.crashes.round
  const count = counted ? state.crashes.count : isRowBroken(state, now) ? 1 : state.crashes.count + 1
  const unproven =
    !isOfThePast && state.staging?.step === 'booting' && !state.workers.some((w) => isProof(w, worker))
  if (unproven && (told || count >= BOOT_BUDGET)) failStaging(turn, failure)
  else if (!counted) {
    turn.set({ crashes: { count, notBefore: now + backOff(count, turn.random()), round: state.nextAge } })
  }
}

/** Whether a worker spawned after the last death at boot has served long enough. */
const isRowBroken = ({ workers, crashes }: State, now: number): boolean =>
  workers.some((w) => isServing(w) && w.since >= crashes.notBefore && now - w.since >= SETTLED_AFTER)

/** A worker of the generation that serves, or did: proof that it can boot. */
const isProof = (worker: Worker, { generation, role }: Worker): boolean =>
  worker.role === role && worker.generation === generation && (isServing(worker) || isHang(worker))

/** A worker that was told to quit and had no handler yet did as it was told. */
const deathLevel = ({ phase }: Worker, signal: string): Level => {
  if (signal === 'SIGKILL') return 'error'
  if (signal === 'SIGQUIT' && phase === 'quitting') return 'debug'
  // Ctrl-C reaches the whole group, also those that are no workers yet.
  return signal === 'SIGTERM' || signal === 'SIGINT' ? 'info' : 'warning'
}

/** How a Python worker that a signal ended while it booted says which: as shells do. */
const bySignal: ReadonlyMap<number | null, NodeJS.Signals> = new Map([
  [130, 'SIGINT'],
  [131, 'SIGQUIT'],
  [143, 'SIGTERM'],
])

/** Ends that were asked for are no news; others are told in Gunicorn's words. */
function reportDeath(turn: Turn, worker: Worker, event: Extract<Event, { type: 'exited' }>): void {
  if (!isLiving(worker)) return
  const { pid } = worker
  const { code } = event
  const signal = event.signal ?? (isServing(worker) ? undefined : bySignal.get(code))
  // Not `code`, which is an error's code wherever it stands in a log.
  const how = signal ? { signal } : code === null ? {} : { exit_code: code }
  const facts = { pid, age: worker.age, ...how }
  if (signal) {
    const hint = signal === 'SIGKILL' && worker.phase !== 'killed' ? ' Perhaps out of memory?' : ''
    turn.log(deathLevel(worker, signal), `${nameOf(worker)} (pid:${pid}) was sent ${signal}!${hint}`, facts)
  } else if (code === null) {
    // Forked by a mold that is gone: its channel has ended, and nobody is left who is told how.
    const level = isServing(worker) || worker.phase === 'booting' ? 'warning' : 'debug'
    turn.log(level, `${nameOf(worker)} (pid:${pid}) ended; nobody knows how: its mold was gone.`, facts)
  } else if (code !== 0 || worker.phase === 'booting') {
    // Why it was aborted has been told.
    turn.log(
      worker.phase === 'aborting' ? 'info' : 'error',
      `${nameOf(worker)} (pid:${pid}) exited with code ${code}.`,
      facts,
    )
  } else if (isServing(worker)) {
    turn.log('info', `${nameOf(worker)} (pid:${pid}) exited by itself.`, facts)
  }
}
