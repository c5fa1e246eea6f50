/** Tells the judgement a story step by step and remembers what it wanted done. It answers nothing by itself. */

import { nextDeadline } from '../../../src/arbiter/deadlines.ts'
import { decide, initialState } from '../../../src/arbiter/decide.ts'
import type { Effect, Event, Phase, Policy, SignalName, State, Worker } from '../../../src/arbiter/state.ts'
import type { Granted, Order } from '../../../src/control/administration.ts'

export const policy: Policy = {
  workers: 2,
  fronts: 0,
  timeout: 30_000,
  gracefulTimeout: 30_000,
  bootTimeout: 60_000,
  abortTimeout: 1000,
  hookTimeout: 10_000,
  lameDuck: 0,
  lifetime: 0,
  lifetimeJitter: 0,
  surge: 0,
  boots: 0,
  daemon: false,
  preload: false,
}

type EffectOf<D extends Effect['do']> = Extract<Effect, { do: D }>

export class Story {
  state: State
  now = 1000
  policy: Policy
  /** Workers that beat no more. */
  readonly silent = new Set<number>()
  #effects: Effect[] = []

  constructor(change: Partial<Policy> = {}, role: State['role'] = 'master') {
    this.state = initialState(role, 7)
    this.policy = { ...policy, ...change }
  }

  tell(event: Event): this {
    const [state, effects] = decide(this.state, event, this.now)
    this.state = state
    this.#effects.push(...effects)
    return this
  }

  signal(...names: readonly SignalName[]): this {
    for (const signal of names) this.tell({ type: 'signal', signal })
    return this
  }

  /** The judgement's answer, given in the same turn. */
  order(order: Order): Granted {
    const id = this.did('answer').length + 1
    this.tell({ type: 'order', id, order })
    const answer = this.did('answer').at(-1)
    if (answer?.id !== id) throw new Error(`the order '${order.do}' was not answered in its turn`)
    return answer.granted
  }

  /** Lets time go by, ticking at every deadline. Bounded: a thousand ticks. */
  pass(span: number): this {
    const until = this.now + span
    for (let ticks = 0; ticks < 1000; ticks += 1) {
      const next = nextDeadline(this.state)
      if (next > until) {
        this.now = until
        return this
      }
      this.now = Math.max(this.now, next)
      this.tick()
    }
    throw new Error('a thousand ticks were not enough: a busy loop')
  }

  tick(): this {
    const beating = this.state.workers.filter(({ age }) => !this.silent.has(age))
    return this.tell({ type: 'tick', beats: new Map(beating.map(({ age }) => [age, this.now])) })
  }

  start(): this {
    return this.tell({ type: 'start', policy: this.policy })
  }

  /** Answers the step under way with success, and those after it, up to `step`. */
  until(step: 'opening' | 'announcing' | 'proving' | 'booting'): this {
    while (this.state.staging && this.state.staging.step !== step) this.succeed()
    return this
  }

  succeed(): this {
    const { staging } = this.state
    if (!staging) throw new Error('no step is under way')
    const { number: generation, step } = staging
    if (step === 'loading') return this.tell({ type: 'loaded', generation, policy: this.policy })
    return this.tell({ type: 'done', generation, step })
  }

  fail({ exit = 1, retry = false }: { readonly exit?: number; readonly retry?: boolean } = {}): this {
    const generation = this.state.staging?.number ?? 0
    const failure = { message: 'it broke', exit, ...(retry ? { retry: 'its address' } : {}) }
    return this.tell({ type: 'failed', generation, failure })
  }

  /** Everyone who is being spawned is, without getting ready. */
  spawn(): this {
    for (const { age } of this.of('spawning')) this.tell({ type: 'spawned', age, pid: 100 + age })
    return this
  }

  /** Gets everyone ready who is on the way, and those who are spawned because of it. */
  boot(): this {
    for (let rounds = 0; rounds < 20 && this.of('spawning', 'booting').length > 0; rounds += 1) {
      this.spawn()
      for (const { age } of this.of('booting')) this.ready(age)
    }
    return this
  }

  ready(age: number): this {
    return this.tell({ type: 'ready', age })
  }

  exit(age: number, code: number | null = 0, signal: string | null = null): this {
    return this.tell({ type: 'exited', age, code, signal })
  }

  /** Whoever was asked to end does. */
  leave(): this {
    for (const { age } of this.of('dismissed', 'retiring', 'quitting', 'killed')) this.exit(age)
    return this
  }

  /** A started master with all its workers settled, and nothing remembered of how it came to be. */
  serve(): this {
    this.start().until('booting').boot().pass(2000)
    this.take()
    return this
  }

  /** HUP with this policy, up to the booting of the new workers. */
  reload(change: Partial<Policy> = {}): this {
    this.policy = { ...this.policy, ...change }
    return this.signal('SIGHUP').until('booting')
  }

  /** The ages of the workers in these phases. */
  ages(...phases: readonly Phase[]): readonly number[] {
    return this.of(...phases).map(({ age }) => age)
  }

  of(...phases: readonly Phase[]): readonly Worker[] {
    return this.state.workers.filter(({ phase }) => phases.includes(phase))
  }

  /** What was wanted done of this kind since it was last asked with `take`. */
  did<D extends Effect['do']>(kind: D): readonly EffectOf<D>[] {
    return this.#effects.filter((effect): effect is EffectOf<D> => effect.do === kind)
  }

  /** The signals sent, as `2 SIGQUIT`. */
  kills(): readonly string[] {
    return this.did('kill').map(({ age, signal }) => `${age} ${signal}`)
  }

  logged(words: RegExp): boolean {
    return this.did('log').some(({ message }) => words.test(message))
  }

  /** All effects so far, logs apart; they are forgotten. */
  take(): readonly Effect[] {
    const effects = this.#effects.filter((effect) => effect.do !== 'log')
    this.#effects = []
    return effects
  }
}
