/** What the properties are tried with: policies, illnesses, and signals at random moments. */
import fc from 'fast-check'
import type { Policy, SignalName } from '../../../src/arbiter/state.ts'
import type { Action, Health, OrderKind } from './world.ts'

const policy: fc.Arbitrary<Policy> = fc.record({
  workers: fc.integer({ min: 1, max: 5 }),
  fronts: fc.constantFrom(0, 0, 1, 2),
  timeout: fc.constantFrom(0, 2000, 30_000),
  gracefulTimeout: fc.constantFrom(0, 1000, 30_000),
  bootTimeout: fc.constantFrom(1500, 10_000),
  abortTimeout: fc.constantFrom(0, 1000),
  // 0 waits a day for a spawn that is lost: no plan lasts so long (start.test.ts has that story).
  hookTimeout: fc.constantFrom(1000, 5000),
  lameDuck: fc.constantFrom(0, 0, 5000),
  lifetime: fc.constantFrom(0, 0, 10_000),
  lifetimeJitter: fc.constantFrom(0, 2000),
  surge: fc.constantFrom(0, 1, 2),
  boots: fc.constantFrom(0, 1, 3),
  daemon: fc.boolean(),
  preload: fc.boolean(),
})

export const rate = fc.constantFrom(0, 0, 0.05, 0.3, 0.9)
export const health: fc.Arbitrary<Health> = fc.record({
  stepFails: fc.constantFrom(0, 0, 0.2, 0.5),
  stepHangs: fc.constantFrom(0, 0, 0.1),
  spawnFails: rate,
  spawnLost: fc.constantFrom(0, 0, 0.2),
  bootDies: rate,
  bootHangs: fc.constantFrom(0, 0, 0.2, 0.6),
  crashes: rate,
  hangs: rate,
  recycles: rate,
  stubborn: fc.constantFrom(0, 0.2, 0.8),
  captureHangs: fc.constantFrom(0, 0.5),
  upgradeFails: fc.constantFrom(0, 0.5),
  upgradeHangs: fc.constantFrom(0, 0.3),
})

export const living: readonly SignalName[] = [
  'SIGHUP',
  'SIGHUP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
]
export const ending: readonly SignalName[] = ['SIGTERM', 'SIGINT', 'SIGQUIT']

export const signal = (names: readonly SignalName[]): fc.Arbitrary<Action> =>
  fc.constantFrom(...names).map((name) => ({ act: 'signal', signal: name }))
export const order = (kinds: readonly OrderKind[]): fc.Arbitrary<Action> =>
  fc.record({
    act: fc.constant('order' as const),
    order: fc.constantFrom(...kinds),
    number: fc.integer({ min: 0, max: 9 }),
  })
/** Those that leave at least as many serving as there were. */
export const careful: readonly OrderKind[] = [
  'reload',
  'reopen',
  'scale',
  'scale by',
  'restart',
  'restart one',
  'upgrade',
  'back-out',
]
export const harmless: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: signal(living) },
  { weight: 8, arbitrary: order([...careful, 'drain', 'kill']) },
  fc.constant<Action>({ act: 'change' }),
  fc.constant<Action>({ act: 'parent-gone' }),
  fc.integer({ min: 10, max: 100_000 }).map((span): Action => ({ act: 'suspend', span })),
)
const delay = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 40_000 }))
export const plan = (action: fc.Arbitrary<Action>) =>
  fc.array(fc.record({ action, delay }), { minLength: 1, maxLength: 12 })

export const setting = {
  seed: fc.integer(),
  role: fc.constantFrom('master' as const, 'master' as const, 'challenger' as const),
  policies: fc.array(policy, { minLength: 1, maxLength: 4 }),
}

export const full = fc.record({
  ...setting,
  health,
  plan: plan(fc.oneof(harmless, harmless, fc.oneof(signal(ending), order(['stop'])))),
})
