import { expect, test } from 'vitest'
import { cpuSecondsIn, cpuSecondsOf, proportionalOf, residentOf } from '../../../src/metrics/processes.ts'

test.runIf(process.platform === 'linux')(
  'a process that runs has its processor time and its memory told',
  () => {
    const { user, system } = process.cpuUsage()
    const told = cpuSecondsOf(process.pid) ?? 0
    expect(Math.abs(told - (user + system) / 1e6)).toBeLessThan(0.5)
    const rss = residentOf(process.pid) ?? 0
    expect(Math.abs(rss / process.memoryUsage.rss() - 1)).toBeLessThan(0.3)
    const pss = proportionalOf(process.pid)
    // Kernels before 4.14, and sandboxes, have no smaps_rollup.
    if (pss !== undefined) expect(pss).toBeGreaterThan(1e6)
  },
)

test('one that is gone has none', () => {
  const nobody = 2 ** 22 + 1
  expect([cpuSecondsOf(nobody), residentOf(nobody), proportionalOf(nobody)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test('a command may be named as it likes', () => {
  const behind = ['S', ...new Array(10).fill('0'), '150', '50', ...new Array(20).fill('0')].join(' ')
  expect(cpuSecondsIn(`12 (a) R 1 (x ) ${behind}`)).toBe(2)
})
