/**
 * The crash budget: how long to wait before another worker is spawned, and when to give up.
 * Pure numbers; what counts as a death at boot is told in deaths.ts.
 */

import type { Crashes } from './state.ts'

const FIRST_DELAY = 100
const LONGEST_DELAY = 30_000

export const noCrashes: Crashes = { count: 0, notBefore: 0, round: 0 }

/** Rounds of deaths at boot, none of them telling why, after which a generation without a ready worker is given up. */
export const BOOT_BUDGET = 5

/** A worker that dies sooner than this after it was ready counts as one that died at boot. */
export const SETTLED_AFTER = 1000

/** Milliseconds to wait after the `count`th death at boot in a row: 0.1 s doubling to 30 s, half of it jitter. */
export const backOff = (count: number, random: number): number => {
  const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(count - 1, 20))
  return delay * (0.5 + random / 2)
}
