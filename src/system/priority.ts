/**
 * A process's priority, nice(2): a lower one gets less of a processor that others want, too. Whoever is not privileged
 * may lower one and not raise it again, unless RLIMIT_NICE allows (setrlimit(2)): so it is asked before. On Linux each
 * thread has its own, setpriority(2); elsewhere nothing is lowered.
 */
import { readFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { hasCode } from '../errors.ts'
import { threadsOf } from './processes.ts'

/** capabilities(7) */
const CAP_SYS_NICE = 23n

/** From /proc/self/status and /proc/self/limits, proc(5): whether `nice` may be had again after a higher one. Pure. */
export const mayReturnTo = (nice: number, status: string, limits: string): boolean => {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]
  if (effective !== undefined && (BigInt(`0x${effective}`) >> CAP_SYS_NICE) & 1n) return true
  const [, soft] = /^Max nice priority\s+(\S+)/m.exec(limits) ?? []
  return soft === 'unlimited' || Number(soft ?? 0) >= 20 - nice
}

/** Whether this process may lower another one's priority and raise it to its own again. */
export const canReturn = (): boolean =>
  process.platform === 'linux' &&
  mayReturnTo(
    getPriority(),
    readFileSync('/proc/self/status', 'utf8'),
    readFileSync('/proc/self/limits', 'utf8'),
  )

/** Its threads that are to come inherit it. False when the process is gone already. */
export const lowerPriority = (pid: number, by: number): boolean => change(pid, by)

/** Threads may begin while others are raised, and inherit what these had: they are looked for again. */
const rounds = 3

/** All threads of a process, by as much as was lowered: what it has changed itself stays changed. */
export function raisePriority(pid: number, by: number): void {
  const raised = new Set<number>()
  for (let round = 0; round < rounds; round += 1) {
    const fresh = threadsOf(pid).filter((thread) => !raised.has(thread))
    for (const thread of fresh) {
      change(thread, -by)
      raised.add(thread)
    }
    if (fresh.length === 0) return
  }
}

/** No thread gets above 0 by us: one that began between two looks has been raised with its parent. */
function change(thread: number, by: number): boolean {
  try {
    const nice = getPriority(thread)
    if (by > 0 || nice >= getPriority() - by) setPriority(thread, Math.min(19, nice + by))
    return true
  } catch (thrown) {
    // Gone already.
    if (thrown instanceof Error && 'info' in thrown && hasCode(thrown.info, 'ESRCH')) return false
    throw thrown
  }
}
