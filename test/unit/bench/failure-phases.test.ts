import { expect, test } from 'vitest'
import { failedAfter, phasesOf, stripOf } from '../../../bench/failure-phases.ts'

const moments = { began: 1000, order: 1200, settled: 1500, ended: 1600 }
const asked = [
  { due: 900, latency: 77 },
  { due: 1000, latency: 2 },
  { due: 1195, latency: 4 },
  { due: 1200, latency: 30 },
  { due: 1301, latency: 5, kind: 'reset' },
  { due: 1302, latency: 5, kind: 'closed' },
  { due: 1303, latency: 5, kind: 'reset' },
  { due: 1500, latency: 3 },
  { due: 1600, latency: 88, kind: 'timeout' },
]

test('a request belongs to the phase in which it was due, and to none outside of them', () => {
  const { before, during, after } = phasesOf(asked, moments)
  expect([before.requests, during.requests, after.requests]).toEqual([2, 4, 1])
  expect([before.most, during.most, after.most]).toEqual([4, 30, 3])
})

test('what was under way when the order came belongs to what came of it', () => {
  const held = [
    { due: 1199, latency: 0.5 },
    { due: 1199, latency: 50, kind: 'reset' },
  ]
  const { before, during } = phasesOf(held, moments)
  expect([before.requests, before.errors]).toEqual([1, {}])
  expect([during.requests, during.errors]).toEqual([1, { reset: 1 }])
  expect(stripOf(held, moments).failed).toEqual([0, 0, 1, 0, 0, 0])
})

test('failed requests are counted by kind, and have no latency', () => {
  const { during } = phasesOf(asked, moments)
  expect(during.errors).toEqual({ closed: 1, reset: 2 })
  expect(during.p99).toBe(30)
})

test('percentiles are taken of the answered requests in order', () => {
  const many = Array.from({ length: 200 }, (_, index) => ({
    due: 1000 + (index % 100),
    latency: (200 - index) / 2,
  }))
  const { before } = phasesOf(many, moments)
  expect([before.p50, before.p99, before.most]).toEqual([50.5, 99.5, 100])
})

test('what was due after a kill cannot have been held by the killed worker', () => {
  expect(failedAfter(asked, 1302)).toBe(2)
  expect(failedAfter(asked, 1600)).toBe(0)
})

test('a strip has the slowest answer and the failures of each stretch, and where the order was given', () => {
  expect(stripOf(asked, moments)).toEqual({
    slowest: [2, 4, 30, 0, 0, 3],
    failed: [0, 0, 0, 3, 0, 0],
    order: 200,
    settled: 500,
  })
})
