/**
 * What can be known of another process: whether it lives, when it started, what it was started with. Linux tells by
 * /proc (proc(5)); elsewhere only life is known. It ends nothing.
 */
import { readdirSync } from 'node:fs'
import { hasCode } from '../errors.ts'
import { orElse, readProc } from '../util/proc-sockets.ts'

/** USER_HZ, the unit of times in /proc; 100 on every architecture Node runs on. */
const ticksPerSecond = 100

export interface Stat {
  readonly state: string
  readonly parent: number
  /** In ticks since the machine started: with the pid it names a process for good. */
  readonly startTicks: number
  /** How it is scheduled, sched(7): 0 as usual, 5 where it is idle. */
  readonly policy: number
}

/** /proc/PID/stat. The command stands in parentheses and may hold anything, parentheses too. */
export const parseStat = (text: string): Stat | undefined => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  const numberAt = (index: number): number => Number(fields[index])
  const startTicks = numberAt(19)
  if (state === undefined || !Number.isFinite(startTicks)) return undefined
  return { state, parent: numberAt(1), startTicks, policy: numberAt(38) }
}

export const statOf = (pid: number): Stat | undefined => parseStat(readProc(`${pid}/stat`))

const hasProcess = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return hasCode(thrown, 'EPERM')
  }
}

/**
 * Whether a process runs under this pid: kill(2) with signal 0; EPERM means that it is another user's. A zombie does
 * not run: where nobody reaps (Node as PID 1) they stay for ever.
 */
export const isAlive = (pid: number): boolean => hasProcess(pid) && statOf(pid)?.state !== 'Z'

/** Wall-clock milliseconds of its start; undefined without /proc. It moves when the clock is set. */
export const startedAt = (pid: number): number | undefined => {
  const stat = statOf(pid)
  const bootSeconds = /^btime (\d+)$/m.exec(readProc('stat'))?.[1]
  if (stat === undefined || bootSeconds === undefined) return undefined
  return Number(bootSeconds) * 1000 + (stat.startTicks * 1000) / ticksPerSecond
}

/** The arguments, '' when they cannot be read. A process may have written its title over them. */
export const commandOf = (pid: number): string => readProc(`${pid}/cmdline`).replaceAll('\0', ' ').trim()

/** `NAME=VALUE` texts it was started with; empty when it is another user's. */
export const environOf = (pid: number): readonly string[] =>
  readProc(`${pid}/environ`).split('\0').filter(Boolean)

/** All pids, empty without /proc. */
export const allPids = (): number[] =>
  orElse(() => readdirSync('/proc'), [])
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

/** Ids of the threads that are alive; none without /proc, or when the process is gone. */
export const threadsOf = (pid: number): number[] =>
  orElse(() => readdirSync(`/proc/${pid}/task`), []).map(Number)

/** A process and all that descend from it; itself alone where the kernel tells of no children (CONFIG_PROC_CHILDREN). */
export function familyOf(pid: number): number[] {
  const family = [pid]
  for (const member of family)
    for (const thread of threadsOf(member))
      family.push(...(readProc(`${member}/task/${thread}/children`).match(/\d+/g) ?? []).map(Number))
  return family
}
