/** Pseudo-random numbers that a seed brings back (mulberry32): for tests, never for secrets. */

export interface Random {
  /** From 0, below `end`. */
  readonly below: (end: number) => number
  readonly chance: (probability: number) => boolean
  /** One of them; throws RangeError when there is none. */
  readonly pick: <T>(values: readonly T[]) => T
}

/** The same seed gives the same numbers; only its lowest 32 bits count. */
export const randomOf = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (end: number): number => Math.floor(next() * end)
  return {
    below,
    chance: (probability) => next() < probability,
    pick: <T>(values: readonly T[]): T => {
      const value = values[below(values.length)]
      if (value === undefined) throw new RangeError('nothing to pick from')
      return value
    },
  }
}
