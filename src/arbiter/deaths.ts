/**
 * What the end of a worker means: an end that was asked for, a crash to be replaced at once, or a death at boot
 * that is charged to the crash budget and, without a proof that the generation can boot, fails it.
 */
import { BOOT_BUDGET, backOff, SETTLED_AFTER } from './restarts.ts'
import { failStaging } from './staging.ts'
import type { Event, Worker } from './state.ts'
import { isServing, isStopping, type Turn } from './turn.ts'
import { isLiving } from './workers.ts'

export function spawnFailed(turn: Turn, age: number, message: string): void {
  const worker = turn.find(age)
  if (worker?.phase !== 'spawning') return
  turn.remove(age)
  diedAtBoot(turn, worker.generation, { message, exit: 3, told: false })
}

export function exited(turn: Turn, event: Extract<Event, { type: 'exited' }>): void {
  const worker = turn.find(event.age)
  if (!worker) return
  turn.remove(event.age)
  reportDeath(turn, worker, event)
  if (isStopping(turn.state)) return
  if (isBootDeath(turn, worker)) {
    const told = event.code === 3 || event.code === 4
    const exit = event.code === 4 ? 4 : 3
    const words = exit === 4 ? 'App failed to load.' : 'Worker failed to boot.'
    diedAtBoot(turn, worker.generation, { message: words, exit, told: told || isBootTimeout(worker) })
  } else if (isServing(worker) || worker.phase === 'aborting' || worker.phase === 'capturing') {
    turn.set({ crashes: { count: 0, notBefore: 0 } })
  }
}

const isBootTimeout = (worker: Worker): boolean =>
  (worker.phase === 'capturing' || worker.phase === 'aborting') && !worker.booted

const isBootDeath = (turn: Turn, worker: Worker): boolean =>
  worker.phase === 'booting' ||
  isBootTimeout(worker) ||
  (isServing(worker) && turn.now - worker.since < SETTLED_AFTER)

interface BootDeath {
  readonly message: string
  readonly exit: number
  /** The death tells that trying again is useless: the app cannot be loaded, or never boots in time. */
  readonly told: boolean
}

function diedAtBoot(turn: Turn, generation: number, death: BootDeath): void {
  const count = turn.state.crashes.count + 1
  const { staging } = turn.state
  const unproven = staging?.step === 'booting' && !turn.state.workers.some((w) => isProof(w, staging.number))
  if (unproven && generation === staging.number && (death.told || count >= BOOT_BUDGET)) {
    failStaging(turn, { message: death.message, exit: death.exit })
    return
  }
  turn.set({ crashes: { count, notBefore: turn.now + backOff(count, turn.random()) } })
}

/** A serving worker of the generation: proof that it can boot. */
const isProof = (worker: Worker, generation: number): boolean =>
  isServing(worker) && worker.generation === generation

/** Ends that were asked for are no news; others are told in Gunicorn's words. */
function reportDeath(turn: Turn, worker: Worker, { code, signal }: Extract<Event, { type: 'exited' }>): void {
  if (!isLiving(worker)) return
  const { pid } = worker
  const facts = { pid, age: worker.age, ...(signal ? { signal } : { code }) }
  if (signal) {
    const asked = worker.phase === 'killed' || worker.phase === 'quitting'
    const hint = signal === 'SIGKILL' && !asked ? ' Perhaps out of memory?' : ''
    const level = signal === 'SIGKILL' ? 'error' : signal === 'SIGTERM' ? 'info' : 'warning'
    turn.log(level, `Worker (pid:${pid}) was sent ${signal}!${hint}`, facts)
  } else if (code !== 0 || worker.phase === 'booting') {
    turn.log('error', `Worker (pid:${pid}) exited with code ${code}.`, facts)
  }
}
