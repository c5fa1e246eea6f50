/**
 * How many CPUs 'auto' means: what the scheduler's affinity allows, and no more than the cgroup's quota pays for.
 * Node's `availableParallelism` sees the affinity; quotas it sees only since 22.12, and not in every case.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { hasCode } from '../errors.ts'

/** The text of a file, undefined when there is none. */
export type ReadText = (path: string) => string | undefined

/** `cpu.max` of cgroup v2: 'QUOTA PERIOD' in microseconds, or 'max PERIOD'. CPUs, Infinity without a quota. */
export const parseCpuMax = (text: string): number => {
  const [, quota, period] = /^(\d+) (\d+)\s*$/.exec(text) ?? []
  return quota === undefined || Number(period) === 0
    ? Number.POSITIVE_INFINITY
    : Number(quota) / Number(period)
}

/** `cpu.cfs_quota_us` and `cpu.cfs_period_us` of cgroup v1; a quota of -1 is none. */
export const parseCfs = (quota: string | undefined, period: string | undefined): number => {
  const [q, p] = [Number(quota ?? -1), Number(period ?? 0)]
  return q > 0 && p > 0 ? q / p : Number.POSITIVE_INFINITY
}

/** /proc/self/cgroup, cgroups(7): 'ID:CONTROLLERS:PATH', v2 is the line without controllers. */
export const parseCgroups = (text: string): { readonly v2?: string; readonly cpu?: string } => {
  const lines = text.split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
  const v2 = lines.find((line) => line?.[1] === '')?.[2]
  const cpu = lines.find((line) => line?.[1]?.split(',').includes('cpu') === true)?.[2]
  return { ...(v2 === undefined ? {} : { v2 }), ...(cpu === undefined ? {} : { cpu }) }
}

/** A group and those around it, to the root. In a container the path may not exist: its root is our group. */
const upwards = (path: string): string[] => (path === '/' ? ['/'] : [path, ...upwards(dirname(path))])

const inV2 = (read: ReadText, group: string): number =>
  parseCpuMax(read(join('/sys/fs/cgroup', group, 'cpu.max')) ?? 'max 100000')

const inV1 = (read: ReadText, group: string): number => {
  const roots = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct']
  const quotas = roots.map((root) =>
    parseCfs(read(join(root, group, 'cpu.cfs_quota_us')), read(join(root, group, 'cpu.cfs_period_us'))),
  )
  return Math.min(...quotas)
}

/** The smallest quota of the groups this process is in, in CPUs; Infinity without any. */
export const cgroupQuota = (read: ReadText): number => {
  const { v2, cpu } = parseCgroups(read('/proc/self/cgroup') ?? '')
  const quotas = [
    ...(v2 === undefined ? [] : upwards(v2).map((group) => inV2(read, group))),
    ...(cpu === undefined ? [] : upwards(cpu).map((group) => inV1(read, group))),
  ]
  return Math.min(Number.POSITIVE_INFINITY, ...quotas)
}

/** Pure: CPUs to use. Half a CPU is one. */
export const usableCpus = (affinity: number, quota: number): number =>
  Math.max(1, Math.min(affinity, Math.max(1, Math.floor(quota))))

const readText: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'EACCES', 'ENOTDIR', 'EPERM', 'EINVAL')) return undefined
    throw thrown
  }
}

/** What `workers: 'auto'` is on this machine, now: at least 1. */
export const cpuCount = (read: ReadText = readText): number =>
  usableCpus(availableParallelism(), cgroupQuota(read))
