/**
 * What the system says that a process uses, from Linux's /proc (proc(5)). Undefined elsewhere, when it is gone, or when it
 * is another user's. Some 30 microseconds each; PSS, for which the kernel walks all pages, far more.
 */
import { readProc } from '../util/proc-sockets.ts'

/** USER_HZ, the unit of times in /proc; 100 on every architecture Node runs on. */
const ticksPerSecond = 100

/** Processor time since its start, user and system, in seconds. */
export const cpuSecondsOf = (pid: number): number | undefined => cpuSecondsIn(readProc(`${pid}/stat`))

/** In the text of /proc/PID/stat. The command stands in parentheses and may hold anything. Pure. */
export const cpuSecondsIn = (text: string): number | undefined => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return Number.isFinite(ticks) ? ticks / ticksPerSecond : undefined
}

/** Resident memory, in bytes. */
export const residentOf = (pid: number): number | undefined => kilobytes('VmRSS', readProc(`${pid}/status`))

/** Memory with shared pages counted in parts, in bytes. */
export const proportionalOf = (pid: number): number | undefined =>
  kilobytes('Pss', readProc(`${pid}/smaps_rollup`))

/** A line `NAME:   123 kB`, in bytes. */
const kilobytes = (name: string, text: string): number | undefined => {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]
  return found === undefined ? undefined : Number(found) * 1024
}
