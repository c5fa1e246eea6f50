/** Ways to cut bytes into pieces, the same ones on every run. */

export type Cut = (bytes: Buffer) => Buffer[]

/** Park and Miller's generator: a seed, and numbers from 0 to below 1. */
export const seeded = (seed: number): (() => number) => {
  let state = seed % 2_147_483_647 || 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

export const whole: Cut = (bytes) => [bytes]

export const byteByByte: Cut = (bytes) =>
  Array.from({ length: bytes.length }, (_, index) => bytes.subarray(index, index + 1))

/** At `count` places that this seed chooses. */
export const atRandom =
  (seed: number, count = 3): Cut =>
  (bytes) => {
    const random = seeded(seed + bytes.length)
    const places = Array.from({ length: count }, () => Math.floor(random() * bytes.length)).sort(
      (a, b) => a - b,
    )
    return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length))
  }
