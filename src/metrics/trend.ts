/**
 * What happened lately, from counters that only grow: looked at about once a second, it keeps those of the last minute
 * and tells the rate of requests and the times that they took. It reads no clock and no board.
 */
import { durationBounds, firstBucket, placeOf } from './slot.ts'

/** Milliseconds that rates, and quantiles, look back. */
const rateSpan = 10_000
const quantileSpan = 60_000

interface Look {
  readonly at: number
  readonly finished: number
  readonly buckets: Float64Array
}

const look = (numbers: Float64Array, at: number): Look => ({
  at,
  finished: numbers[placeOf('finished')] ?? 0,
  buckets: numbers.slice(firstBucket, firstBucket + durationBounds.length + 1),
})

/**
 * Seconds that this share of the requests took at most, by the counts of the buckets: interpolated within the bucket,
 * the largest bound for what lies beyond it; 0 without requests. Pure.
 */
export const quantileOf = (share: number, buckets: ArrayLike<number>): number => {
  let all = 0
  for (let at = 0; at < buckets.length; at++) all += buckets[at] ?? 0
  if (all <= 0) return 0
  let before = 0
  for (let at = 0; at < durationBounds.length; at++) {
    const count = buckets[at] ?? 0
    const [low, high] = [durationBounds[at - 1] ?? 0, durationBounds[at] ?? 0]
    if (count > 0 && before + count >= share * all) {
      return low + (high - low) * ((share * all - before) / count)
    }
    before += count
  }
  return durationBounds.at(-1) ?? 0
}

export class Trend {
  /** Oldest first: the one that spans the time is kept, so that a minute is a minute. */
  #looks: Look[] = []

  /** `numbers`: a slot's, or totals; `now`: monotonic milliseconds. */
  note(numbers: Float64Array, now: number): void {
    const next = this.#looks.findIndex(({ at }) => at > now - quantileSpan)
    if (next > 1) this.#looks.splice(0, next - 1)
    this.#looks.push(look(numbers, now))
  }

  /** Requests a second over the last ten, or since the first look. */
  get rate(): number {
    const last = this.#looks.at(-1)
    if (last === undefined) return 0
    const first = this.#since(last.at - rateSpan)
    const elapsed = last.at - first.at
    return elapsed <= 0 ? 0 : ((last.finished - first.finished) * 1000) / elapsed
  }

  /** Of the requests of the last minute. */
  quantile(share: number): number {
    const last = this.#looks.at(-1)
    if (last === undefined) return 0
    const { buckets } = this.#since(last.at - quantileSpan)
    return quantileOf(
      share,
      last.buckets.map((count, at) => count - (buckets[at] ?? 0)),
    )
  }

  /** The last look that was not after this time, or the first there is. */
  #since(at: number): Look {
    const found = this.#looks.findLast((one) => one.at <= at) ?? this.#looks[0]
    if (found === undefined) throw new RangeError('nothing was looked at yet')
    return found
  }
}
