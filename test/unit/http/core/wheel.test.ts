import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Wheel } from '../../../../src/http/core/wheel.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a loop that stood still is nobody else’s delay: deadlines move with it', () => {
  const wheel = new Wheel(() => undefined)
  const seen: number[] = []
  wheel.add({ sweep: (now) => void seen.push(now) })
  const due = wheel.due(2000)
  // The process was stopped for a minute: one tick comes, late.
  const { now } = performance
  const late = vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 60_000)
  vi.advanceTimersByTime(500)
  expect(seen).toHaveLength(1)
  expect(seen[0]).toBeLessThan(due)
  vi.advanceTimersByTime(2500)
  expect(seen.at(-1)).toBeGreaterThanOrEqual(due)
  late.mockRestore()
})
