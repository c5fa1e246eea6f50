import type { Effect, Level, Pending, Policy, ServingWorker, State, Worker } from './state.ts'

/**
 * One turn of the arbiter: the state as it is being changed, and the effects gathered so far. `decide` makes
 * one for each event and hands out the result; nothing outside sees it half done. This file also holds the
 * questions all of the judgement asks of a state.
 */
export class Turn {
  state: State
  readonly now: number
  readonly effects: Effect[] = []

  constructor(state: State, now: number) {
    this.state = state
    this.now = now
  }

  set(change: Partial<State>): void {
    this.state = { ...this.state, ...change }
  }

  do(...effects: readonly Effect[]): void {
    this.effects.push(...effects)
  }

  log(level: Level, message: string, facts?: Record<string, unknown>): void {
    this.do({ do: 'log', level, message, ...(facts ? { facts } : {}) })
  }

  /** Puts `worker` in the place of the one with its age. */
  put(worker: Worker): void {
    this.set({ workers: this.state.workers.map((other) => (other.age === worker.age ? worker : other)) })
  }

  remove(age: number): void {
    this.set({ workers: this.state.workers.filter((worker) => worker.age !== age) })
  }

  find(age: number): Worker | undefined {
    return this.state.workers.find((worker) => worker.age === age)
  }

  /** Has `what` wait until the reload under way is over; asked more than once, it is done once. */
  postpone(what: Pending): void {
    const { pending } = this.state
    if (!pending.includes(what)) this.set({ pending: [...pending, what] })
  }

  /** The policy new workers come under: of the generation that boots, else of the one that serves. */
  get policy(): Policy | undefined {
    const { serving, staging } = this.state
    if (staging?.step === 'booting') return staging.policy
    return serving?.policy ?? (staging && 'policy' in staging ? staging.policy : undefined)
  }

  /** A number from 0 to 1, from the state's seed (mulberry32): same story, same jitter. */
  random(): number {
    const seed = (this.state.seed + 0x6d2b79f5) | 0
    this.set({ seed })
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const isServing = (worker: Worker): worker is ServingWorker =>
  worker.phase === 'ready' || worker.phase === 'leaving'

/** On its way to serving, or serving: not told to end. */
export const isStaying = (worker: Worker): boolean =>
  worker.phase === 'spawning' || worker.phase === 'booting' || isServing(worker)

export const isStopping = (state: State): boolean =>
  state.mode.phase === 'stopping' || state.mode.phase === 'gone'

/** The policy a worker is judged by. A reload's policy is not for those that it has yet to replace. */
export const policyOf = ({ staging, serving }: State, { generation }: Worker): Policy | undefined => {
  const staged = staging?.step === 'booting' && (!serving || staging.number === generation)
  return staged ? staging.policy : serving?.policy
}

/** The generation new workers belong to. */
export const newestGeneration = (state: State): number | undefined =>
  state.staging?.step === 'booting' ? state.staging.number : state.serving?.number

/** The policy of the newest generation. */
export const newestPolicy = ({ staging, serving }: State): Policy | undefined =>
  staging?.step === 'booting' ? staging.policy : serving?.policy

/** Without hook_timeout hooks are waited for; what is lost altogether is still found. */
const LONGEST_HOOK = 24 * 3600 * 1000

/** When work with `count` hooks in it is lost. */
export const afterHooks = (now: number, { hookTimeout }: Policy, count: number, work: number): number =>
  now + (count * hookTimeout || LONGEST_HOOK) + work

/** A deadline `span` milliseconds from now; never when the span is 0. */
export const after = (now: number, span: number): number => (span > 0 ? now + span : Number.POSITIVE_INFINITY)
