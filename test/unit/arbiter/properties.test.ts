import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { careful, full, harmless, health, living, order, plan, rate, setting, signal } from './plans.ts'
import { serving, useful, watch } from './watchers.ts'
import { World, well } from './world.ts'

/** Longer than any ladder of the policies above: a hung step, then drain, QUIT and KILL. */
const STOP_WITHIN = 60_000
/** A stuck step (60 s and hooks), the longest back-off, and a reload that waits behind them. */
const RECOVER_WITHIN = 600_000

const check = <T>(world: fc.Arbitrary<T>, numRuns: number, property: (world: T) => void): void => {
  // A failure prints its seed and path; give them here to replay it.
  fc.assert(fc.property(world, property), { numRuns, endOnFailure: false })
}

describe('whatever the world does', () => {
  test('every decision keeps the rules, and a stop ends everybody in bounded time', {
    timeout: 120_000,
  }, () => {
    check(full, 800, ({ seed, role, policies, health: given, plan: actions }) => {
      const world = new World({ seed, role, policies, health: given, watch })
      world.start()
      for (const { action, delay: span } of actions) {
        world.pass(span)
        world.perform(action)
      }
      world.perform({ act: 'signal', signal: 'SIGTERM' })
      world.pass(STOP_WITHIN)
      assert.equal(world.state.mode.phase, 'gone')
      assert(![...world.processes.values()].some(({ phase }) => phase === 'running'))
    })
  })

  test('the target is reached when the world is well again', { timeout: 120_000 }, () => {
    const story = fc.record({ ...setting, health, plan: plan(harmless) })
    check(story, 200, ({ seed, role, policies, health: given, plan: actions }) => {
      const world = new World({ seed, role, policies, health: given, watch })
      world.start()
      for (const { action, delay: span } of actions) {
        world.pass(span)
        world.perform(action)
      }
      world.health = well
      world.pass(RECOVER_WITHIN)
      const { mode, staging, serving: generation, pending, target, upgrade } = world.state
      if (mode.phase === 'gone') return
      assert.deepEqual([mode.phase, staging, pending], ['running', undefined, []])
      assert.match(upgrade.phase, /^(none|running)$/)
      const fresh = serving(world.state).filter((worker) => worker.generation === generation?.number)
      assert.equal(fresh.length, target)
      const fronts = serving(world.state, 'front')
      assert.equal(fronts.length, Math.min(target, generation?.policy.fronts ?? 0))
      assert(world.state.workers.every((worker) => worker.generation === generation?.number))
    })
  })

  test('a calm world never serves with less than the smaller of the old and the new target', {
    timeout: 120_000,
  }, () => {
    const calm = fc.record({
      stepFails: fc.constantFrom(0, 0.3),
      stepHangs: fc.constantFrom(0, 0.1),
      recycles: rate,
    })
    const story = fc.record({ ...setting, calm, plan: plan(fc.oneof(signal(living), order(careful))) })
    check(story, 200, ({ seed, role, policies, calm: given, plan: actions }) => {
      let capacity = 0
      const world = new World({
        seed,
        role,
        policies,
        health: well,
        watch: (where, step) => {
          watch(where, step)
          const [{ target, staging, serving: generation }] = step.decision
          if (!generation) return
          const least = Math.min(target, staging?.step === 'booting' ? staging.before : target)
          const now = useful(step.decision[0]).length
          assert(now >= Math.min(capacity, least))
          capacity = now
        },
      })
      world.start()
      world.pass(20_000)
      assert(world.state.serving)
      world.health = { ...well, ...given }
      for (const { action, delay: span } of actions) {
        world.perform(action)
        world.pass(span)
      }
    })
  })
})
