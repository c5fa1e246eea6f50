/**
 * A model operating system for the judgement: it takes effects and answers them as a real one might, with
 * success, failure, silence and delay, by a seeded chance. It drives `decide` as the loop does (events in order
 * of time, a tick at `nextDeadline`) and hands every decision to its watchers. It knows nothing of the rules.
 */

import { nextDeadline } from '../../../src/arbiter/deadlines.ts'
import { type Decision, decide, initialState } from '../../../src/arbiter/decide.ts'
import type { Effect, Event, Policy, SignalName, State } from '../../../src/arbiter/state.ts'
import type { Order } from '../../../src/control/administration.ts'

/** How often things go wrong, from 0 to 1. */
export interface Health {
  readonly stepFails: number
  readonly stepHangs: number
  readonly spawnFails: number
  readonly spawnLost: number
  readonly bootDies: number
  readonly bootHangs: number
  readonly crashes: number
  readonly hangs: number
  readonly recycles: number
  /** Ignores all signals but KILL, and never ends its drain. */
  readonly stubborn: number
  readonly captureHangs: number
  readonly upgradeFails: number
  readonly upgradeHangs: number
}

export const well: Health = {
  stepFails: 0,
  stepHangs: 0,
  spawnFails: 0,
  spawnLost: 0,
  bootDies: 0,
  bootHangs: 0,
  crashes: 0,
  hangs: 0,
  recycles: 0,
  stubborn: 0,
  captureHangs: 0,
  upgradeFails: 0,
  upgradeHangs: 0,
}

export interface Process {
  readonly age: number
  readonly generation: number
  readonly stubborn: boolean
  phase: 'asked' | 'running' | 'ended'
  /** Since when its loop is blocked. */
  hungAt: number
}

export type OrderKind = Order['do'] | 'restart one' | 'scale by'

export type Action =
  | { readonly act: 'signal'; readonly signal: SignalName }
  /** `number`: how many workers, or, of orders that name one, which. */
  | { readonly act: 'order'; readonly order: OrderKind; readonly number: number }
  | { readonly act: 'change' }
  | { readonly act: 'parent-gone' }
  | { readonly act: 'suspend'; readonly span: number }

/** One decision and what surrounded it. */
export interface Step {
  readonly before: State
  readonly event: Event
  readonly decision: Decision
  readonly now: number
}

interface Due {
  readonly at: number
  readonly event: () => Event | undefined
}

export class World {
  state: State
  now = 0
  health: Health
  readonly processes = new Map<number, Process>()
  readonly watch: (world: World, step: Step) => void
  #queue: Due[] = []
  #seed: number
  #policies: readonly Policy[]
  #loads = 0
  #orders = 0
  #pausedAt: number | undefined

  constructor(options: {
    readonly seed: number
    readonly role?: State['role']
    readonly policies: readonly Policy[]
    readonly health: Health
    readonly watch: (world: World, step: Step) => void
  }) {
    this.state = initialState(options.role ?? 'master', options.seed)
    this.#seed = options.seed
    this.#policies = options.policies
    this.health = options.health
    this.watch = options.watch
  }

  start(): void {
    this.decide({ type: 'start', policy: this.#policy() })
  }

  perform(action: Action): void {
    if (action.act === 'signal') this.decide({ type: 'signal', signal: action.signal })
    else if (action.act === 'order') this.order(this.#orderOf(action.order, action.number))
    else if (action.act === 'change') this.decide({ type: 'changed', files: ['app.ts'] })
    else if (action.act === 'parent-gone') this.decide({ type: 'parent-gone' })
    else this.suspend(action.span)
  }

  order(order: Order): void {
    this.#orders += 1
    this.decide({ type: 'order', id: this.#orders, order })
  }

  #orderOf(kind: OrderKind, number: number): Order {
    const pids = this.state.workers.flatMap((worker) => ('pid' in worker ? [worker.pid] : []))
    const pid = pids[number % Math.max(1, pids.length)] ?? 1
    if (kind === 'restart one') return { do: 'restart', pid }
    if (kind === 'scale by') return { do: 'scale', by: number - 5 }
    if (kind === 'scale') return { do: 'scale', to: number }
    if (kind === 'stop') return { do: 'stop', how: number % 2 === 0 ? 'graceful' : 'quick' }
    if (kind === 'drain' || kind === 'kill') return { do: kind, pid }
    return { do: kind }
  }

  /** Lets `span` milliseconds go by, with everything that falls due in them. Bounded: 100,000 events. */
  pass(span: number): void {
    const until = this.now + span
    for (let events = 0; events < 100_000; events += 1) {
      const head = this.#queue[0]
      const deadline = Math.max(nextDeadline(this.state), this.now)
      const next = Math.min(head?.at ?? Number.POSITIVE_INFINITY, deadline)
      if (this.state.mode.phase === 'gone' || next > until) {
        this.now = until
        return
      }
      this.now = Math.max(this.now, next)
      if (head && (head.at < deadline || (head.at === deadline && this.#chance(0.5)))) this.#deliver()
      else this.#tick()
    }
    throw new Error(`a busy loop: 100000 events in ${span} ms`)
  }

  /** The whole machine stands still: the first thing after it is a tick whose beats are old. */
  suspend(span: number): void {
    this.#pausedAt = this.now
    this.now += span
    if (nextDeadline(this.state) <= this.now) this.#tick()
    this.#pausedAt = undefined
  }

  decide(event: Event): void {
    const before = this.state
    const decision = decide(before, event, this.now)
    this.state = decision[0]
    for (const effect of decision[1]) this.#take(effect)
    this.watch(this, { before, event, decision, now: this.now })
  }

  #tick(): void {
    const beats = new Map<number, number>()
    for (const { age, phase, hungAt } of this.processes.values())
      if (phase === 'running') beats.set(age, Math.min(this.#pausedAt ?? this.now, hungAt))
    this.decide({ type: 'tick', beats })
  }

  #deliver(): void {
    const event = this.#queue.shift()?.event()
    if (event) this.decide(event)
  }

  #later(longest: number, event: () => Event | undefined): void {
    this.#queue.push({ at: this.now + this.#upTo(longest), event })
    this.#queue.sort((one, other) => one.at - other.at)
  }

  #take(effect: Effect): void {
    if (effect.do === 'step') this.#step(effect)
    else if (effect.do === 'spawn') this.#spawn(effect)
    else if (effect.do === 'forget') this.#end(effect.age, 1, 'SIGKILL')
    else if (effect.do === 'drain') {
      if (!this.processes.get(effect.age)?.stubborn) this.#end(effect.age, this.#chance(0.9) ? 3000 : 60_000)
    } else if (effect.do === 'kill') {
      const deaf = this.processes.get(effect.age)?.stubborn && effect.signal !== 'SIGKILL'
      if (!deaf) this.#end(effect.age, 200, effect.signal)
    } else if (effect.do === 'capture') {
      if (!this.#chance(this.health.captureHangs))
        this.#later(500, () => ({ type: 'captured', age: effect.age }))
    } else if (effect.do === 'upgrade') this.#upgrade()
    else if (effect.do === 'back-out') {
      if (!this.#chance(this.health.upgradeHangs))
        this.#later(3000, () => ({ type: 'upgrade-ended', message: 'it was told to', backedOut: true }))
    } else if (effect.do === 'end-upgrade')
      this.#later(500, () => ({ type: 'upgrade-ended', message: 'it was ended' }))
  }

  #step({ step, generation }: Extract<Effect, { do: 'step' }>): void {
    const fate = this.#random()
    const { stepFails, stepHangs } = this.health
    if (fate < stepHangs) return
    if (fate < stepHangs + stepFails) {
      const failure = {
        message: `${step} failed`,
        exit: 1,
        ...(this.#chance(0.5) ? { retry: 'its address' } : {}),
      }
      this.#later(2000, () => ({ type: 'failed', generation, failure }))
    } else if (step === 'loading') {
      this.#later(500, () => ({ type: 'loaded', generation, policy: this.#policy() }))
    } else this.#later(500, () => ({ type: 'done', generation, step }))
  }

  #spawn({ age, generation }: Extract<Effect, { do: 'spawn' }>): void {
    const { spawnFails, spawnLost, stubborn } = this.health
    const process: Process = {
      age,
      generation,
      stubborn: this.#chance(stubborn),
      phase: 'asked',
      hungAt: Number.POSITIVE_INFINITY,
    }
    this.processes.set(age, process)
    const fate = this.#random()
    if (fate < spawnLost) return
    this.#later(50, () => {
      if (process.phase === 'ended') return undefined
      if (fate < spawnLost + spawnFails) {
        process.phase = 'ended'
        return { type: 'spawn-failed', age, message: 'EAGAIN' }
      }
      process.phase = 'running'
      this.#boot(process)
      return { type: 'spawned', age, pid: 1000 + age }
    })
  }

  #boot(process: Process): void {
    const { age } = process
    const { bootHangs, bootDies } = this.health
    const fate = this.#random()
    if (fate < bootHangs) return
    if (fate < bootHangs + bootDies) {
      this.#exit(age, 800, [1, 1, 1, 3, 4, 0][Math.floor(this.#random() * 6)] ?? 1)
      return
    }
    this.#later(800, () => {
      if (process.phase !== 'running') return undefined
      this.#serve(process)
      return { type: 'ready', age }
    })
  }

  #serve(process: Process): void {
    const { crashes, hangs, recycles } = this.health
    const { age } = process
    if (this.#chance(crashes)) this.#exit(age, 20_000, 1)
    if (this.#chance(hangs)) process.hungAt = this.now + this.#upTo(10_000)
    if (this.#chance(hangs / 2))
      this.#later(20_000, () => ({ type: 'overdue', age, alone: this.#chance(0.5) }))
    if (this.#chance(recycles)) this.#later(20_000, () => ({ type: 'recycle', age, reason: 'max_requests' }))
  }

  #exit(age: number, within: number, code: number): void {
    this.#end(age, within, code)
  }

  #end(age: number, within: number, how: string | number = 0): void {
    const process = this.processes.get(age)
    if (process?.phase === 'asked') process.phase = 'ended'
    this.#later(within, () => {
      if (process?.phase !== 'running') return undefined
      process.phase = 'ended'
      return typeof how === 'number'
        ? { type: 'exited', age, code: how, signal: null }
        : { type: 'exited', age, code: null, signal: how }
    })
  }

  #upgrade(): void {
    const { upgradeFails, upgradeHangs } = this.health
    const fate = this.#random()
    if (fate < upgradeHangs) return
    if (fate >= upgradeHangs + upgradeFails) this.#later(2000, () => ({ type: 'upgrade-ready' }))
    if (this.#chance(0.5)) this.#later(30_000, () => ({ type: 'upgrade-ended', message: 'it ended' }))
    else if (fate < upgradeHangs + upgradeFails)
      this.#later(2000, () => ({ type: 'upgrade-ended', message: 'it died' }))
  }

  #policy(): Policy {
    const policy = this.#policies[this.#loads % this.#policies.length]
    this.#loads += 1
    if (!policy) throw new Error('a world needs a policy')
    return policy
  }

  /** mulberry32: the same seed tells the same story. */
  #random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }

  #upTo(longest: number): number {
    return Math.ceil(this.#random() * longest)
  }
}
