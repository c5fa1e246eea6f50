import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { durationBounds, firstBucket, placeOf } from '../../../src/metrics/slot.ts'
import { quantileOf, Trend } from '../../../src/metrics/trend.ts'
import { boardNumbers } from '../../../src/system/board-format.ts'

const bucketCount = durationBounds.length + 1
const numbersWith = (finished: number, buckets: readonly number[]): Float64Array => {
  const numbers = new Float64Array(boardNumbers)
  numbers[placeOf('finished')] = finished
  numbers.set(buckets, firstBucket)
  return numbers
}

describe('a quantile', () => {
  test('is interpolated within its bucket', () => {
    expect(quantileOf(0.5, [10])).toBeCloseTo(0.00025)
    expect(quantileOf(0.75, [10, 10])).toBeCloseTo(0.00075)
    expect(quantileOf(1, [0, 0, 4])).toBeCloseTo(0.0025)
  })

  test('without requests is 0, and beyond the last bound is that bound', () => {
    expect(quantileOf(0.5, new Float64Array(bucketCount))).toBe(0)
    expect(quantileOf(0.5, [...new Array(bucketCount - 1).fill(0), 3])).toBe(30)
  })

  test('rises with its share and lies within the bounds', () => {
    const buckets = fc.array(fc.nat({ max: 1000 }), { minLength: bucketCount, maxLength: bucketCount })
    fc.assert(
      fc.property(buckets, fc.double({ min: 0, max: 1, noNaN: true }), (counts, share) => {
        const [low, high] = [quantileOf(share, counts), quantileOf(1, counts)]
        expect(low).toBeGreaterThanOrEqual(0)
        expect(low).toBeLessThanOrEqual(high)
        expect(high).toBeLessThanOrEqual(30)
      }),
    )
  })
})

describe('a trend', () => {
  test('without two looks is 0', () => {
    const trend = new Trend()
    expect([trend.rate, trend.quantile(0.5)]).toEqual([0, 0])
    trend.note(numbersWith(100, [100]), 5000)
    expect([trend.rate, trend.quantile(0.5)]).toEqual([0, 0])
  })

  test('has the rate of the last ten seconds, and the times of the last minute', () => {
    const trend = new Trend()
    // For 100 s 50 requests a second of the first bucket; then 5 a second of the fourth.
    let [finished, quick, slow] = [0, 0, 0]
    for (let second = 0; second <= 100; second++) {
      trend.note(numbersWith(finished, [quick, 0, 0, slow]), second * 1000)
      finished += 50
      quick += 50
    }
    expect(trend.rate).toBeCloseTo(50)
    expect(trend.quantile(0.95)).toBeLessThan(0.0005)
    for (let second = 101; second <= 170; second++) {
      finished += 5
      slow += 5
      trend.note(numbersWith(finished, [quick, 0, 0, slow]), second * 1000)
    }
    expect(trend.rate).toBeCloseTo(5)
    expect(trend.quantile(0.5)).toBeGreaterThan(0.0025)
  })

  test('that is looked at seldom still tells what is true of the time between', () => {
    const trend = new Trend()
    trend.note(numbersWith(0, [0]), 0)
    trend.note(numbersWith(300, [300]), 300_000)
    expect(trend.rate).toBeCloseTo(1)
  })
})
