import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type BodyClock, intervalOf, judgeBody } from '../../../src/http/node/watch.ts'

const policy = { bodyMs: 1000, bodyMinRate: 100 }
const clockOf = (): BodyClock => ({
  request: {} as IncomingMessage,
  base: 0,
  bytes: 0,
  countedMs: 0,
  stillMs: 0,
})
/** Lets one look after another see these bytes, 100 ms apart; what each of them said. */
const looks = (
  bytes: number[],
  { reading = true, ...more }: Partial<typeof policy> & { reading?: boolean } = {},
) => {
  const clock = clockOf()
  return bytes.map((count) =>
    judgeBody(clock, { elapsedMs: 100, bytes: count, reading }, { ...policy, ...more }),
  )
}
const steps = (count: number, each: number) => Array.from({ length: count }, (_, index) => (index + 1) * each)

describe('a body', () => {
  test('that keeps the rate is never too slow', () => {
    expect(looks(steps(100, 10)).filter(Boolean)).toEqual([])
  })
  test('below the rate is given its first second', () => {
    const said = looks(steps(12, 9))
    expect(said.findIndex(Boolean)).toBe(9)
    expect(said[9]).toContain('body_min_rate')
  })
  test('of which nothing comes for a second is over, however much came before', () => {
    const said = looks([1_000_000, ...Array.from({ length: 12 }, () => 1_000_000)])
    expect(said.findIndex(Boolean)).toBe(10)
    expect(said[10]).toContain('body_timeout')
  })
  test('may come at any rate where none is demanded', () => {
    expect(looks(steps(100, 1), { bodyMinRate: 0 }).filter(Boolean)).toEqual([])
  })
  test('is not judged by time in which nobody reads', () => {
    expect(
      looks(
        Array.from({ length: 100 }, () => 5),
        { reading: false },
      ).filter(Boolean),
    ).toEqual([])
  })
})

test.each([
  [[60_000, 60_000], 1000],
  [[0, 2000], 500],
  [[60], 15],
  [[1], 10],
  [[0, 0], 1000],
])('with times of %j it is looked every %i ms', (times, expected) => {
  expect(intervalOf(times)).toBe(expected)
})
