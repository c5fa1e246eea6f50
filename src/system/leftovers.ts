/**
 * Workers that outlived their master. After `kill -9` of a master a worker that is blocked does not notice, and goes
 * on holding the listening sockets: the next master finds it by the environment it was started with, and kills it.
 * Linux only; elsewhere nothing is found.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { hasCode } from '../errors.ts'
import { monotonicNow } from './clock.ts'
import { allPids, environOf, statOf, threadsOf } from './processes.ts'

/** The master sets it for every process it starts: its own pid. */
export const masterVariable = 'TSGUNICORN_MASTER'

/** A process, named for good: pids are used again, pids with a start time are not. */
export interface Leftover {
  readonly pid: number
  readonly startTicks: number
}

const isSame = ({ pid, startTicks }: Leftover): boolean => {
  const stat = statOf(pid)
  if (stat === undefined || stat.startTicks !== startTicks) return false
  // A process whose first thread has ended holds its sockets until the last one has.
  return stat.state !== 'Z' || threadsOf(pid).length > 1
}

/**
 * Processes that master `master` started and that are nobody's now. One whose parent still is that pid belongs to a
 * living master and is not among them, unless that one is known to be ending (`gone`). Also what a worker started itself,
 * as it inherits the variable.
 */
export const findLeftovers = (master: number, gone = false): Leftover[] =>
  allPids().flatMap((pid) => {
    if (pid === process.pid || !environOf(pid).includes(`${masterVariable}=${master}`)) return []
    const stat = statOf(pid)
    if (stat === undefined || stat.state === 'Z' || (!gone && stat.parent === master)) return []
    return [{ pid, startTicks: stat.startTicks }]
  })

const killOne = (leftover: Leftover): void => {
  if (!isSame(leftover)) return
  try {
    process.kill(leftover.pid, 'SIGKILL')
  } catch (thrown) {
    // It ended by itself, or is another user's: what is left is reported by its absence from the result.
    if (!hasCode(thrown, 'ESRCH', 'EPERM')) throw thrown
  }
}

const areGone = async (leftovers: readonly Leftover[], within: number): Promise<boolean> => {
  const until = monotonicNow() + within
  // No event tells of the end of a process that is no child of ours: it is asked for.
  while (leftovers.some(isSame)) {
    if (monotonicNow() >= until) return false
    await delay(5)
  }
  return true
}

export interface EndOptions {
  /** Milliseconds they have to end by themselves: one that is not blocked finishes its requests. */
  readonly patience?: number
  /** Milliseconds that their end is waited for once they were killed. */
  readonly deadline?: number
}

/**
 * Kills those that are left after `patience` and waits until they are gone. Resolves with the pids that had to be killed,
 * whether they are gone or not.
 */
export const endLeftovers = async (
  leftovers: readonly Leftover[],
  { patience = 0, deadline = 2000 }: EndOptions = {},
): Promise<number[]> => {
  if (patience > 0 && (await areGone(leftovers, patience))) return []
  const stubborn = leftovers.filter(isSame)
  for (const leftover of stubborn) killOne(leftover)
  await areGone(stubborn, deadline)
  return stubborn.map(({ pid }) => pid)
}
