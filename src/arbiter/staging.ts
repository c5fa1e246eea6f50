/**
 * How a generation comes to serve: the steps of a start and of a reload, and what their failure leads to.
 *
 *   start:  preparing -> opening [-> retrying -> opening] -> announcing [-> proving] -> booting -> serving
 *   reload: loading   -> opening [-> retrying -> opening] -> announcing [-> proving] -> booting -> serving
 *
 * A first start that fails ends the master with the failure's exit status; a reload that fails is dropped, and
 * the generation that served before serves on.
 */
import { withCode } from '../util/with-code.ts'
import { mayEnd, wanted } from './balance.ts'
import { noCrashes } from './restarts.ts'
import type { Event, Failure, Policy, Role, Staging, Step } from './state.ts'
import { stop } from './stopping.ts'
import { after, afterHooks, isServing, isStaying, type Turn } from './turn.ts'
import { retire } from './workers.ts'

/** Gunicorn's five tries, a second apart, for an address in use. */
const OPEN_ATTEMPTS = 5
const OPEN_RETRY_DELAY = 1000
/** Reading a configuration or opening sockets is lost after this time. */
const STEP_PATIENCE = 60_000

export function start(turn: Turn, policy: Policy): void {
  const number = turn.state.nextGeneration
  turn.set({ nextGeneration: number + 1, target: policy.workers })
  const deadline = afterHooks(turn.now, policy, 2, STEP_PATIENCE)
  enter(turn, { number, step: 'preparing', policy, deadline })
}

/** HUP, and who orders the same, in Gunicorn's words. */
export function hangUp(turn: Turn): void {
  turn.log('info', 'Hang up: Master')
  reload(turn)
}

/** HUP: stage a new generation, or, when one is being staged (or yet to be, at a start), another one after it. */
export function reload(turn: Turn): void {
  const { state } = turn
  if (state.mode.phase !== 'running') return
  if (state.staging ?? !state.serving) {
    turn.postpone('reload')
    return
  }
  const number = turn.state.nextGeneration
  turn.set({ nextGeneration: number + 1 })
  turn.do({ do: 'notify', state: 'reloading' })
  enter(turn, { number, step: 'loading', deadline: turn.now + STEP_PATIENCE })
}

export function loaded(turn: Turn, { generation, policy }: Extract<Event, { type: 'loaded' }>): void {
  const { staging } = turn.state
  if (staging?.number !== generation || staging.step !== 'loading') return
  enter(turn, { number: generation, step: 'opening', policy, attempt: 1, deadline: turn.now + STEP_PATIENCE })
}

/** The step that follows a step that is done. */
export function stepDone(turn: Turn, { generation, step }: Extract<Event, { type: 'done' }>): void {
  const { staging } = turn.state
  if (staging?.number !== generation || staging.step !== step || !('policy' in staging)) return
  const { number, policy } = staging
  const patience = turn.now + STEP_PATIENCE
  switch (staging.step) {
    case 'preparing':
      enter(turn, { number, step: 'opening', policy, attempt: 1, deadline: patience })
      return
    case 'opening':
      enter(turn, {
        number,
        step: 'announcing',
        policy,
        deadline: afterHooks(turn.now, policy, 2, STEP_PATIENCE),
      })
      return
    case 'announcing':
      if (policy.preload)
        enter(turn, { number, step: 'proving', policy, deadline: proofDeadline(turn, policy) })
      else boot(turn, staging, policy)
      return
    case 'proving':
      boot(turn, staging, policy)
      return
    default:
  }
}

const proofDeadline = (turn: Turn, { bootTimeout }: Policy): number =>
  after(turn.now, bootTimeout && bootTimeout + 5000)

function boot(turn: Turn, { number }: Staging, policy: Policy): void {
  const { target: before, serving } = turn.state
  // TTIN and TTOU during a first start stand; a reload returns to `workers`, as in Gunicorn.
  const target = serving ? policy.workers : before
  turn.set({ staging: { number, step: 'booting', policy, before }, target, crashes: noCrashes })
}

function enter(turn: Turn, staging: Staging & Exclude<Step, { step: 'retrying' | 'booting' }>): void {
  turn.set({ staging })
  turn.do({ do: 'step', step: staging.step, generation: staging.number, first: !turn.state.serving })
}

/** A step has failed, or its deadline has come. */
export function stepFailed(turn: Turn, { generation, failure }: Extract<Event, { type: 'failed' }>): void {
  const { staging } = turn.state
  if (staging?.number !== generation || staging.step === 'booting') return
  if (staging.step === 'opening' && failure.retry) {
    retryOpening(turn, staging, failure)
    return
  }
  failStaging(turn, failure)
}

/** Gunicorn's way with an address in use: some tries, a second apart. */
function retryOpening(turn: Turn, staging: Extract<Staging, { step: 'opening' }>, failure: Failure): void {
  const { number, policy, attempt } = staging
  if (attempt >= OPEN_ATTEMPTS) {
    failStaging(turn, { ...failure, message: `Can't connect to ${failure.retry}. ${failure.message}` })
    return
  }
  turn.log('error', failure.message)
  turn.log('error', 'Retrying in 1 second.')
  turn.set({ staging: { number, step: 'retrying', policy, attempt, deadline: turn.now + OPEN_RETRY_DELAY } })
}

export function chaseStaging(turn: Turn): void {
  const { staging } = turn.state
  if (!staging || staging.step === 'booting' || turn.now < staging.deadline) return
  if (staging.step === 'retrying') {
    const { number, policy, attempt } = staging
    const deadline = turn.now + STEP_PATIENCE
    enter(turn, { number, step: 'opening', policy, attempt: attempt + 1, deadline })
    return
  }
  const isProof = staging.step === 'proving'
  const message = isProof
    ? 'preload_app: the application was not loaded within boot_timeout'
    : `${staging.step} the configuration did not end in time`
  failStaging(turn, { message, exit: isProof ? 3 : 1 })
}

/** Drops the staged generation; without one that serves, the master ends. */
export function failStaging(turn: Turn, failure: Failure): void {
  const { staging, serving } = turn.state
  if (!staging) return
  turn.set({ staging: undefined, crashes: noCrashes })
  if (!serving) {
    stop(turn, 'quick', failure.exit, failure)
    return
  }
  for (const worker of turn.state.workers) {
    if (worker.generation === staging.number && isStaying(worker) && mayEnd(turn.state, worker))
      retire(turn, worker)
  }
  if (staging.step === 'booting') turn.set({ target: staging.before })
  turn.do({ do: 'discard', generation: staging.number, failure })
  turn.log(
    'error',
    `configuration not reloaded, generation ${serving.number} serves on: ${withCode(failure.message, failure.code)}`,
    {
      generation: staging.number,
      ...(failure.code ? { code: failure.code } : {}),
      ...(failure.detail ? { detail: failure.detail } : {}),
    },
  )
  tellReady(turn, failure.message)
}

/**
 * A staged generation with all its workers ready becomes the one that serves. One that serves in part but does
 * not get on is taken as it is when something waits for it: a newer one may mend it.
 */
export function settle(turn: Turn): void {
  const { staging, workers, target, crashes, pending } = turn.state
  if (staging?.step !== 'booting') return
  const ready = workers.filter((worker) => isServing(worker) && worker.generation === staging.number)
  const count = (role: Role) => ready.filter((worker) => worker.role === role).length
  const fronts = wanted(turn.state, 'front')
  const superseded = count('worker') > 0 && crashes.count > 0 && pending.length > 0
  if (count('front') < (superseded ? Math.min(1, fronts) : fronts)) return
  if (count('worker') >= target || superseded) commit(turn, staging)
}

/** A first generation that has served has proven itself, even if not all its workers ever got ready. */
export function acknowledge(turn: Turn, generation: number): void {
  const { staging, serving } = turn.state
  if (!serving && staging?.step === 'booting' && staging.number === generation) commit(turn, staging)
}

function commit(turn: Turn, staging: Extract<Staging, { step: 'booting' }>): void {
  const { number, policy } = staging
  const first = !turn.state.serving
  // The timeout may be new to workers that are still there: their silence is counted by it from now.
  turn.set({ serving: { number, policy }, staging: undefined, awakeSince: turn.now })
  turn.do({ do: 'commit', generation: number, first })
  tellReady(turn)
}

/** A lame duck has said that it is not ready any more, and does not take it back. */
function tellReady(turn: Turn, failure?: string): void {
  if (turn.state.mode.phase !== 'running') return
  turn.do({ do: 'notify', state: 'ready', ...(failure === undefined ? {} : { failure }) })
}
