/** Gathers what doctor judges: files of the system, paths, versions. It judges nothing; what cannot be read is null. */
import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import type { ConfigFact, Status } from '../../control/status.ts'
import { hasCode, messageOf } from '../../errors.ts'
import { defaults } from '../defaults.ts'
import type { World } from '../world.ts'
import type { Facts, PathFact } from './checks.ts'
import { type Settings, textIn } from './files.ts'
import { pythonFact } from './python.ts'

export interface Server {
  readonly status: Status
  readonly config: readonly ConfigFact[]
  readonly socket: string
  /** Its working directory; null when the system does not tell. */
  readonly directory: string | null
}

export interface Surroundings {
  readonly server: Server | null
  /** Why a server that is there does not answer. */
  readonly unreachable: string | null
  readonly stale: readonly string[]
}

export const gather = async (world: World, surroundings: Surroundings): Promise<Facts> => {
  const { server, unreachable, stale } = surroundings
  const setting = settingsOf(server)
  const directory = server?.directory ?? world.directory
  const temporary = textOr(setting('worker_tmp_dir'), '/dev/shm')
  return {
    now: Date.now(),
    installed: statSync(new URL(import.meta.url)).mtimeMs,
    node: process.versions.node,
    status: server?.status ?? null,
    unreachable,
    stale,
    worker_connections: numberOr(setting('worker_connections'), defaults.worker_connections),
    backlog: numberOr(setting('backlog'), defaults.backlog),
    openFiles: openFilesOf(server?.status.pid ?? 'self'),
    somaxconn: numberIn('/proc/sys/net/core/somaxconn'),
    cpus: availableParallelism(),
    cpuQuota: cpuQuota(),
    memory: memory(),
    paths: pathFacts(setting, directory, server?.socket),
    shared: sharedMemory(temporary),
    python: await pythonFact({ setting, status: server?.status ?? null, env: world.env, directory }),
  }
}

const settingsOf = (server: Server | null): Settings => {
  const values = new Map(server?.config.map(({ name, value }) => [name, value]))
  return (name) => values.get(name)
}

const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise
const textOr = (value: unknown, otherwise: string): string =>
  typeof value === 'string' && value !== '' ? value : otherwise

const numberIn = (path: string): number | null => {
  const text = textIn(path)?.trim()
  return text === undefined || !/^\d+$/.test(text) ? null : Number(text)
}

const openFilesOf = (pid: number | 'self'): number | null => {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(textIn(`/proc/${pid}/limits`) ?? '')?.[1]
  if (soft === undefined) return null
  return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft)
}

/** cgroup v2 (`max` is no limit), else v1. */
const cpuQuota = (): number | null => {
  const [quota, period] = (textIn('/sys/fs/cgroup/cpu.max') ?? '').trim().split(' ').map(Number)
  return quota === undefined || period === undefined || Number.isNaN(quota) ? null : quota / period
}

const memory = (): Facts['memory'] => {
  const limit =
    numberIn('/sys/fs/cgroup/memory.max') ?? numberIn('/sys/fs/cgroup/memory/memory.limit_in_bytes')
  // v1 says an absurd number for none.
  if (limit === null || limit > Number.MAX_SAFE_INTEGER / 2) return null
  const used =
    numberIn('/sys/fs/cgroup/memory.current') ?? numberIn('/sys/fs/cgroup/memory/memory.usage_in_bytes')
  return { limit, used }
}

const sharedMemory = (path: string): Facts['shared'] => {
  try {
    const { bavail, bsize } = statfsSync(path)
    return { path, free: bavail * bsize }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES')) return null
    throw error
  }
}

/** Files that are written: their folder counts when they are not there yet. */
const fileSettings = ['pidfile', 'errorlog', 'accesslog'] as const

const pathFacts = (setting: Settings, directory: string, socket: string | undefined): readonly PathFact[] => {
  const files = fileSettings.flatMap((what) => {
    const value = setting(what)
    if (typeof value !== 'string' || value === '' || value === '-') return []
    return [{ what, path: isAbsolute(value) ? value : join(directory, value) }]
  })
  const folder = setting('worker_tmp_dir')
  const all = [
    ...files,
    ...(typeof folder === 'string' ? [{ what: 'worker_tmp_dir', path: folder }] : []),
    ...(socket === undefined ? [] : [{ what: 'control_socket', path: dirname(socket) }]),
  ]
  return all.map(({ what, path }) => ({ what, path, problem: whyUnwritable(path) }))
}

const whyUnwritable = (path: string): string | null => {
  try {
    accessSync(path, constants.W_OK)
    return null
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) return messageOf(error)
    const folder = dirname(path)
    return folder === path ? messageOf(error) : whyNoFileIn(folder)
  }
}

const whyNoFileIn = (folder: string): string | null => {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    return messageOf(error)
  }
}
