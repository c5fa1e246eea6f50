import { expect, test } from 'vitest'
import { type FailureRow, judge } from '../../../bench/failure-results.ts'
import type { Scenario } from '../../../bench/failure-scenarios.ts'

const phase = { requests: 100, errors: {}, p50: 1, p99: 4, most: 9 }

const row = (scenario: Scenario, changes: Partial<FailureRow> = {}): FailureRow => ({
  ...{ server: 'tsgunicorn, node', scenario, round: 1, rate: 500, settled: 700, failedLater: 0 },
  phases: { before: phase, during: { ...phase, p99: 12 }, after: phase },
  ...changes,
})

const losing = { before: phase, during: { ...phase, errors: { reset: 3 } }, after: phase }

test('no failed request and a p99 of three times that before is what is asked', () => {
  expect(judge([row('reload')])).toEqual({ met: true, why: '' })
})

test('a failed request during or after misses it', () => {
  expect(judge([row('reload', { phases: losing })])).toEqual({ met: false, why: '3 requests failed' })
  const late = { before: phase, during: phase, after: { ...phase, errors: { timeout: 1 } } }
  expect(judge([row('resize', { phases: late })]).met).toBe(false)
})

test('a killed worker may lose what it held, and nothing that came later', () => {
  expect(judge([row('kill', { phases: losing })]).met).toBe(true)
  expect(judge([row('kill', { phases: losing, failedLater: 1 })])).toEqual({
    met: false,
    why: '1 request failed',
  })
})

test('a p99 above three times that before, and a server that does not settle, miss it', () => {
  const slow = { before: phase, during: { ...phase, p99: 12.5 }, after: phase }
  expect(judge([row('upgrade', { phases: slow, settled: null })]).why).toBe(
    'p99 3.1 times that before, it did not settle',
  )
})

test('of several rounds the failures are added up, and the median of the slowdowns counts', () => {
  const rounds = [3, 40, 8].map((p99) =>
    row('hang', { phases: { before: phase, during: { ...phase, p99 }, after: phase } }),
  )
  expect(judge(rounds).met).toBe(true)
  expect(judge([...rounds, row('hang', { phases: losing })]).why).toBe('3 requests failed')
})
