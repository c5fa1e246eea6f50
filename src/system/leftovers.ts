/**
 * Workers that outlived their master. After `kill -9` of a master a worker that is blocked does not notice, and goes
 * on holding the listening sockets: the next master finds it by the environment it was started with, and kills it.
 * Linux only; elsewhere nothing is found.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { hasCode } from '../errors.ts'
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
  return stat.state !== 'Z' || threadsOf(pid) > 1
}

/**
 * Processes that master `master` started and that are nobody's now. One whose parent still is that pid belongs to a
 * living master and is not among them. Also what a worker started itself, as it inherits the variable.
 */
export const findLeftovers = (master: number): Leftover[] =>
  allPids().flatMap((pid) => {
    if (pid === process.pid || !environOf(pid).includes(`${masterVariable}=${master}`)) return []
    const stat = statOf(pid)
    if (stat === undefined || stat.state === 'Z' || stat.parent === master) return []
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

/**
 * Kills them and waits until they are gone, at most `deadline` ms.
 * Resolves with the pids that are gone; a pid that is missing there lives on.
 */
export const endLeftovers = async (leftovers: readonly Leftover[], deadline = 2000): Promise<number[]> => {
  for (const leftover of leftovers) killOne(leftover)
  // No event tells of the end of a process that is no child of ours: it is asked for.
  for (let waited = 0; waited < deadline && leftovers.some(isSame); waited += 5) await delay(5)
  return leftovers.filter((leftover) => !isSame(leftover)).map(({ pid }) => pid)
}
