import { afterEach, expect, test, vi } from 'vitest'
import { Meter } from '../../../src/metrics/meter.ts'
import { tallyOf } from '../../../src/metrics/reading.ts'
import { counterNames, durationBounds, firstGauge, gaugePlaceOf } from '../../../src/metrics/slot.ts'
import { boardNumbers } from '../../../src/system/board-format.ts'

const before = process.listeners('exit')
afterEach(() => {
  for (const listener of process.listeners('exit'))
    if (!before.includes(listener)) process.removeListener('exit', listener)
})

const turn = () => new Promise((resolve) => setImmediate(resolve))

const metered = () => {
  const numbers = new Float64Array(boardNumbers)
  const write = vi.fn()
  const troubles: unknown[] = []
  const map = vi.fn((): Float64Array | undefined => undefined)
  const meter = new Meter({ numbers, write, map }, (error) => troubles.push(error))
  return { meter, numbers, write, map, troubles, tally: () => tallyOf(numbers) }
}

test('names of counters end before the gauges begin', () => {
  expect(counterNames.length).toBeLessThanOrEqual(firstGauge)
  expect(gaugePlaceOf('heap')).toBeLessThan(boardNumbers)
})

test('a turn is written once, at its end, and a turn without news not at all', async () => {
  const { meter, write } = metered()
  meter.accepted()
  meter.begun()
  meter.over(200, 10, 1)
  expect(write).toHaveBeenCalledTimes(0)
  await turn()
  expect(write).toHaveBeenCalledTimes(1)
  await turn()
  expect(write).toHaveBeenCalledTimes(1)
  meter.refused()
  await turn()
  expect(write).toHaveBeenCalledTimes(2)
})

test('a request is in one bucket, one class, and in flight until it is over', () => {
  const { meter, tally } = metered()
  for (let count = 0; count < 5; count++) meter.begun()
  meter.over(204, 0, 0.4)
  meter.over(101, 0, 90_000)
  meter.over(0, 7, 2.5)
  meter.over(999, 5, 2.6)
  expect(tally()).toMatchObject({
    begun: 5,
    finished: 4,
    inFlight: 1,
    lost: 1,
    bytesSent: 12,
    statuses: { '1xx': 1, '2xx': 1, '3xx': 0, '4xx': 0, '5xx': 1 },
  })
  const { buckets } = tally()
  expect(buckets).toHaveLength(durationBounds.length + 1)
  // 2.5 ms is at its bound, and so below it.
  expect([buckets[0], buckets[2], buckets[3], buckets.at(-1)]).toEqual([1, 1, 1, 1])
})

test('what has changed is written when the process exits in the middle of a turn', () => {
  const { meter, write } = metered()
  meter.begun()
  for (const listener of process.listeners('exit')) if (!before.includes(listener)) listener(0)
  expect(write).toHaveBeenCalledTimes(1)
})

test('a board that takes nothing stops no request, and is told of once', async () => {
  const { meter, write, troubles, tally } = metered()
  const full = new Error('ENOSPC')
  write.mockImplementation(() => {
    throw full
  })
  for (const _ of [1, 2, 3]) {
    meter.begun()
    await turn()
  }
  expect(troubles).toEqual([full])
  expect(tally().begun).toBe(3)
  write.mockReset()
  meter.begun()
  await turn()
  write.mockImplementation(() => {
    throw full
  })
  meter.begun()
  await turn()
  expect(troubles).toHaveLength(2)
})

const busyTurns = async (meter: Meter) => {
  for (let count = 0; count < 6000; count++) {
    meter.begun()
    await turn()
  }
}

test('a busy process counts in the mapped board, and makes no more calls', async () => {
  const { meter, numbers, write, map } = metered()
  const mapped = new Float64Array(boardNumbers)
  map.mockImplementation(() => {
    mapped.set(numbers)
    return mapped
  })
  await busyTurns(meter)
  expect(map).toHaveBeenCalledTimes(1)
  const calls = write.mock.calls.length
  expect(calls).toBeLessThan(6000)
  meter.begun()
  expect(tallyOf(mapped).begun).toBe(6001)
  expect(meter.numbers).toBe(mapped)
  await turn()
  expect(write).toHaveBeenCalledTimes(calls)
})

test('where no board can be mapped it goes on with calls, and does not ask again', async () => {
  const { meter, write, map, tally } = metered()
  await busyTurns(meter)
  expect(map).toHaveBeenCalledTimes(1)
  const calls = write.mock.calls.length
  meter.begun()
  await turn()
  expect(write).toHaveBeenCalledTimes(calls + 1)
  expect(tally().begun).toBe(6001)
})
