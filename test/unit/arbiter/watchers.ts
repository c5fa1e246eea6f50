/** What must hold of every single decision, whatever the world does. `watch` throws when something does not. */
import { strict as assert, deepStrictEqual } from 'node:assert'
import { nextDeadline } from '../../../src/arbiter/deadlines.ts'
import { decide } from '../../../src/arbiter/decide.ts'
import type { Effect, Event, Phase, Role, State, Worker } from '../../../src/arbiter/state.ts'
import type { Step, World } from './world.ts'

const servingPhases: readonly Phase[] = ['ready', 'leaving']
const stayingPhases: readonly Phase[] = ['spawning', 'booting', ...servingPhases]
const inPhases = ({ workers }: State, phases: readonly Phase[], role: Role): readonly Worker[] =>
  workers.filter((worker) => worker.role === role && phases.includes(worker.phase))
export const serving = (state: State, role: Role = 'worker'): readonly Worker[] =>
  inPhases(state, servingPhases, role)
const staying = (state: State): readonly Worker[] => inPhases(state, stayingPhases, 'worker')
/** Those that get requests: behind fronts, one has to serve. */
export const useful = (state: State): readonly Worker[] => {
  const fronts = serving(state, 'front').map(({ generation }) => generation)
  return serving(state).filter(({ behind, generation }) => !behind || fronts.includes(generation))
}
/** The fronts that may still bring requests to workers of this generation. */
const frontsOf = (state: State, generation: number): readonly Worker[] =>
  state.workers.filter((worker) => worker.role === 'front' && worker.generation === generation)
const stopping = ({ mode }: State): boolean => mode.phase === 'stopping' || mode.phase === 'gone'
const before = ({ staging, target }: State): number => (staging?.step === 'booting' ? staging.before : target)

const only = <D extends Effect['do']>(
  effects: readonly Effect[],
  kind: D,
): readonly Extract<Effect, { do: D }>[] =>
  effects.filter((effect): effect is Extract<Effect, { do: D }> => effect.do === kind)

const isDeathOrHang = (event: Event, effects: readonly Effect[]): boolean =>
  event.type === 'exited' ||
  event.type === 'overdue' ||
  only(effects, 'capture').length > 0 ||
  orderedPid(event, 'kill') !== undefined

/** The worker that an order of this kind names. */
const orderedPid = (event: Event, kind: 'drain' | 'kill'): number | undefined =>
  event.type === 'order' && event.order.do === kind ? event.order.pid : undefined
const isServingPid = (state: State, pid: number | undefined): boolean =>
  state.workers.some((one) => servingPhases.includes(one.phase) && 'pid' in one && one.pid === pid)
const isRestarting = ({ workers }: State): boolean =>
  workers.some((worker) => worker.phase === 'leaving' && worker.reason === 'restart')

const isNoRefusal = (effect: Effect): boolean => effect.do !== 'answer' || effect.granted.ok

export const rules: Readonly<Record<string, (step: Step, world: World) => void>> = {
  'decide is pure': ({ before: state, event, now, decision }) => {
    deepFreeze(state)
    deepStrictEqual(decide(state, event, now), decision)
  },
  'ages strictly grow': ({ before: state, decision: [, effects] }) => {
    let last = state.nextAge - 1
    for (const { age } of only(effects, 'spawn')) {
      assert(age > last)
      last = age
    }
  },
  'slots are distinct': ({ decision: [state] }) => {
    assert.equal(new Set(state.workers.map(({ slot }) => slot)).size, state.workers.length)
  },
  'a stopping master spawns nothing and begins nothing': ({ before: state, decision: [after, effects] }) => {
    if (!stopping(state) && !stopping(after)) return
    const begun = effects.filter((effect) => ['spawn', 'step', 'upgrade', 'commit'].includes(effect.do))
    // What was decided before the stop in the same turn may be a commit of a generation that is complete.
    assert.deepEqual(begun, [])
    assert.equal(after.staging, undefined)
  },
  'no reload and no upgrade begins in a lame duck': ({ before: state, decision: [, effects] }) => {
    if (state.mode.phase !== 'lame-duck') return
    assert.deepEqual(only(effects, 'upgrade'), [])
    assert(!only(effects, 'step').some(({ step }) => step === 'loading'))
    assert(!only(effects, 'notify').some((effect) => effect.state !== 'stopping'))
  },
  'an order is answered in its turn, and what is refused changes nothing': ({
    before: state,
    event,
    now,
    decision: [after, effects],
  }) => {
    const answers = only(effects, 'answer')
    assert.equal(answers.length, event.type === 'order' ? 1 : 0)
    if (event.type !== 'order') return
    const [{ id, granted } = { id: 0, granted: undefined }] = answers
    assert.equal(id, event.id)
    if (granted?.ok !== false) return
    assert(granted.why.endsWith('.'))
    assert.deepEqual([after.mode, after.target, after.upgrade], [state.mode, state.target, state.upgrade])
    // What was to be done in any case is done in this turn, too.
    const [, due] = decide(state, { type: 'captured', age: 0 }, now)
    assert.deepEqual(
      effects.filter(({ do: what }) => what !== 'answer'),
      due,
    )
  },
  'who is drained by an order leaves another who serves': ({ before: state, event, decision: [after] }) => {
    const pid = orderedPid(event, 'drain')
    const worker = state.workers.find((one) => 'pid' in one && one.pid === pid)
    if (worker && isServingPid(state, pid)) assert(serving(after, worker.role).length > 0)
  },
  'stopping is told once': ({ before: state, decision: [, effects] }) => {
    const told = only(effects, 'notify').filter((effect) => effect.state === 'stopping')
    assert(told.length <= (state.mode.phase === 'running' ? 1 : 0))
  },
  'nothing is heard after the exit, which comes when all workers are gone': ({ before: state, decision }) => {
    const [after, effects] = decision
    const exits = only(effects, 'exit').length
    assert.equal(exits, after.mode.phase === 'gone' && state.mode.phase !== 'gone' ? 1 : 0)
    if (state.mode.phase === 'gone') assert.deepEqual(effects.filter(isNoRefusal), [])
    if (exits) assert.deepEqual(after.workers, [])
  },
  'one upgrade at a time': ({ before: state, decision: [after, effects] }) => {
    const { length } = only(effects, 'upgrade')
    assert(length <= 1)
    if (length) assert.equal(after.upgrade.phase, 'starting')
    if (length) assert(state.upgrade.phase === 'none' || state.upgrade !== after.upgrade)
    if (length) assert.equal(state.role, 'master')
  },
  'effects speak only of living workers': ({ before: state, event, decision: [, effects] }, world) => {
    const gone = event.type === 'exited' || event.type === 'spawn-failed' ? event.age : 0
    for (const effect of effects) {
      if (effect.do === 'spawn' || !('age' in effect)) continue
      const worker = state.workers.find(({ age }) => age === effect.age)
      assert(worker && worker.age !== gone, `${effect.do} ${effect.age}`)
      assert.equal(effect.do === 'forget', worker.phase === 'spawning')
      assert(effect.do === 'forget' || world.processes.get(effect.age)?.phase !== 'asked')
    }
  },
  'only what serves or may serve in a moment is drained, and nobody is told the same twice': ({
    before: state,
    event,
    decision,
  }) => {
    const ready = event.type === 'ready' ? event.age : 0
    for (const { age } of only(decision[1], 'drain'))
      assert(
        age === ready ||
          state.workers.some(
            (worker) => worker.age === age && /^(ready|leaving|booting)$/.test(worker.phase),
          ),
      )
    const told = decision[1].filter((effect) => 'age' in effect).map((effect) => JSON.stringify(effect))
    assert.equal(new Set(told).size, told.length)
  },
  'only deaths and hangs lower what serves below the target': ({ before: state, event, decision }) => {
    const [after] = decision
    const frontsBefore = serving(state, 'front').length
    // With a front, all of its workers are out of reach.
    if (
      stopping(after) ||
      (isDeathOrHang(event, decision[1]) && serving(after, 'front').length < frontsBefore)
    )
      return
    const fallen = event.type === 'exited' && serving(state).some(({ age }) => age === event.age) ? 1 : 0
    const isStuck = event.type === 'overdue' && event.alone
    const stuck = isStuck && serving(state).some(({ age }) => age === event.age) ? 1 : 0
    const hung = only(decision[1], 'capture').length + stuck
    // Who orders that one goes, has one go.
    const sent = ['drain', 'kill'] as const
    const ordered = sent.filter((kind) => isServingPid(state, orderedPid(event, kind))).length
    const floor = Math.min(after.target, before(after), before(state))
    const lowest = Math.min(useful(state).length - fallen - hung - ordered, floor)
    assert(useful(after).length >= lowest, `${useful(after).length} serve, ${lowest} should`)
  },
  'a reload and recycling keep to their room': ({ before: state, decision: [after, effects] }) => {
    if (only(effects, 'spawn').length === 0) return
    const { staging, target } = after
    const most = Math.max(target, before(after))
    const recycled = isRestarting(after)
      ? after.serving?.policy.surge || most
      : Math.max(1, Math.floor(target / 10))
    const extra = staging?.step === 'booting' ? staging.policy.surge || most : recycled
    // Older workers that cannot go before fronts have come or gone take nobody's place.
    const newest = staging?.step === 'booting' ? staging.number : after.serving?.number
    const awaitsFronts = staging?.step === 'booting' && staging.policy.fronts > 0
    const counted = staying(after).filter(
      ({ behind, generation }) => generation === newest || !(behind || awaitsFronts),
    )
    assert(counted.length <= Math.max(most + extra, staying(state).length + 1))
  },
  'a failed reload leaves the serving generation and its target': ({ before: state, decision }) => {
    const [after, effects] = decision
    if (only(effects, 'discard').length === 0) return
    assert(after.serving)
    if (only(effects, 'commit').length === 0) assert.equal(after.serving, state.serving)
    assert(after.staging?.step !== 'booting')
    const { target } = after
    assert.equal(target, before(state))
    const failed = state.staging?.number ?? 0
    // Workers that wait for their fronts' last requests are ended behind them.
    if (frontsOf(after, failed).length > 0) return
    const left = staying(after).filter(({ generation }) => generation === failed)
    assert.deepEqual(left, [])
  },
  'nothing waits without a deadline': ({ decision: [state], now }) => {
    const deadline = nextDeadline(state)
    assert(!Number.isNaN(deadline))
    const moving = state.workers.some(({ phase }) => !servingPhases.includes(phase))
    const missing = state.mode.phase === 'running' && serving(state).length < state.target
    const waiting = state.mode.phase !== 'running' || state.staging || state.upgrade.phase === 'starting'
    const settled = !moving && !missing && !waiting && state.pending.length === 0
    const { phase } = state.mode
    if (!settled && phase !== 'gone') assert(Number.isFinite(deadline), `at ${now}`)
  },
  'while a front has requests, its generation has a worker that is not told to end': ({
    before: state,
    decision: [after, effects],
  }) => {
    for (const { age } of only(effects, 'drain')) {
      const worker = state.workers.find((one) => one.age === age)
      if (worker?.role !== 'worker' || !servingPhases.includes(worker.phase)) continue
      if (frontsOf(after, worker.generation).length === 0) continue
      assert(!stopping(after), 'the master ends, and its workers end before its fronts')
      assert(serving(after).some(({ generation }) => generation === worker.generation))
    }
  },
  'every serving worker belongs to one front of its generation, and fronts have equally many': ({
    decision: [state],
  }) => {
    const shared = state.shares.flatMap(({ workers }) => workers)
    assert.equal(new Set(shared).size, shared.length)
    for (const { front, workers } of state.shares) {
      const generation = state.workers.find(({ age }) => age === front)?.generation
      assert(generation !== undefined, `the share of a front that is gone: ${front}`)
      const all = serving(state).filter((worker) => worker.generation === generation)
      assert(workers.every((one) => all.some(({ age }) => age === one)))
      const rivals = state.shares.filter((other) =>
        frontsOf(state, generation).some(({ age }) => age === other.front),
      )
      assert(all.every(({ age }) => shared.includes(age)))
      assert(rivals.every((other) => Math.abs(other.workers.length - workers.length) < 2))
    }
  },
  'who accepts is not told to end before another does, unless the master ends or no workers are wanted': ({
    before: state,
    decision: [after, effects],
  }) => {
    if (stopping(after) || after.target === 0 || !state.serving) return
    // A reload that failed takes its fronts back, whatever has become of the older ones.
    if (only(effects, 'discard').length > 0) return
    const drained = only(effects, 'drain').map(({ age }) => state.workers.find((one) => one.age === age))
    // Fronts of a generation that failed go with it: no worker of it was ever there for them, or is any more.
    const discarded = only(effects, 'discard').map(({ generation }) => generation)
    const told = drained.filter((worker) => worker && !discarded.includes(worker.generation))
    if (!told.some((worker) => worker?.role === 'front' && worker.phase === 'ready')) return
    assert(
      serving(after, 'front').length > 0 || (after.serving?.policy.fronts === 0 && serving(after).length > 0),
    )
  },
  'the pending list is short': ({ decision: [state] }) => {
    assert.equal(new Set(state.pending).size, state.pending.length)
  },
  'a tick makes progress': ({ event, decision: [state], now }) => {
    const deadline = nextDeadline(state)
    if (event.type === 'tick') assert(deadline > now, `deadline ${deadline} is not after ${now}`)
  },
  'a late tick harms nobody': ({ before: state, event, now, decision: [, effects] }) => {
    if (event.type !== 'tick' || now - nextDeadline(state) <= 1000) return
    // Whose lifetime is over goes in time all the same, and without graceful_timeout by QUIT.
    const someoneExpires = serving(state).some((worker) => 'expires' in worker && worker.expires <= now)
    const harm = effects.filter(
      (effect) =>
        ['kill', 'capture', 'discard', 'end-upgrade'].includes(effect.do) &&
        !(someoneExpires && effect.do === 'kill' && effect.signal === 'SIGQUIT'),
    )
    // A lame duck, too: who asked for it counts the seconds.
    if (state.mode.phase !== 'lame-duck') assert.deepEqual(harm, [])
  },
}

export function watch(world: World, step: Step): void {
  for (const [name, rule] of Object.entries(rules)) {
    try {
      rule(step, world)
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`${name}: ${words}\n${describe(step)}`, { cause })
    }
  }
}

const describe = ({ before: state, event, decision, now }: Step): string =>
  [`at ${now}`, ...[state, event, ...decision].map((part) => JSON.stringify(part))].join('\n')

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) deepFreeze(part)
}
