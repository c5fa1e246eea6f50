import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cgroupQuota, cpuCount, parseCfs, parseCpuMax, usableCpus } from '../../../src/system/cpus.ts'

const files =
  (table: Record<string, string>) =>
  (path: string): string | undefined =>
    table[path]

test.each([
  ['max 100000\n', Number.POSITIVE_INFINITY],
  ['150000 100000\n', 1.5],
  ['50000 100000', 0.5],
  ['', Number.POSITIVE_INFINITY],
  ['nonsense', Number.POSITIVE_INFINITY],
])('cpu.max %j is %d CPUs', (text, cpus) => {
  expect(parseCpuMax(text)).toBe(cpus)
})

test.each([
  ['-1', '100000', Number.POSITIVE_INFINITY],
  ['200000\n', '100000\n', 2],
  [undefined, undefined, Number.POSITIVE_INFINITY],
])('a quota of %j in %j is %d CPUs', (quota, period, cpus) => {
  expect(parseCfs(quota, period)).toBe(cpus)
})

test('the tightest group on the way to the root counts (v2)', () => {
  const read = files({
    '/proc/self/cgroup': '0::/kubepods/pod1/app\n',
    '/sys/fs/cgroup/kubepods/pod1/app/cpu.max': 'max 100000',
    '/sys/fs/cgroup/kubepods/pod1/cpu.max': '250000 100000',
    '/sys/fs/cgroup/kubepods/cpu.max': '800000 100000',
  })
  expect(cgroupQuota(read)).toBe(2.5)
})

test('in a container the root of the mount is our group', () => {
  expect(
    cgroupQuota(files({ '/proc/self/cgroup': '0::/a/b\n', '/sys/fs/cgroup/cpu.max': '100000 100000' })),
  ).toBe(1)
})

test('v1 has the quota in two files, under either name of the mount', () => {
  const read = files({
    '/proc/self/cgroup': '4:memory:/x\n3:cpu,cpuacct:/docker/1\n0::/\n',
    '/sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us': '300000',
    '/sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us': '100000',
  })
  expect(cgroupQuota(read)).toBe(3)
})

test('without cgroups there is no quota', () => {
  expect(cgroupQuota(files({}))).toBe(Number.POSITIVE_INFINITY)
})

test('there is always one, and never more than affinity or quota allow', () => {
  fc.assert(
    fc.property(
      fc.nat(256),
      fc.oneof(fc.double({ min: 0, max: 300, noNaN: true }), fc.constant(Infinity)),
      (affinity, quota) => {
        const cpus = usableCpus(affinity, quota)
        expect(Number.isInteger(cpus) && cpus >= 1 && cpus <= Math.max(1, affinity)).toBe(true)
        expect(cpus).toBeLessThanOrEqual(Math.max(1, quota))
      },
    ),
  )
  expect(cpuCount()).toBeGreaterThanOrEqual(1)
})
