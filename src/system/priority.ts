/**
 * A process's priority: a lower one, nice(2), gets less of a processor that others want, too; an idle one, SCHED_IDLE of
 * sched(7), gets what nobody wants, and makes way at once for whoever wakes up. Whoever is not privileged may lower one
 * and not raise it again, unless RLIMIT_NICE allows (setrlimit(2), for both): so it is asked before. On Linux each thread
 * has its own, setpriority(2); elsewhere nothing is lowered.
 */
import { readFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { hasCode } from '../errors.ts'
import { hasLibc, policies, setPolicy } from './libc.ts'
import { familyOf, statOf, threadsOf } from './processes.ts'

/** Below what nice(2) knows. */
export const idle = 20
const leastNice = 19

/** capabilities(7) */
const CAP_SYS_NICE = 23n

/** From /proc/self/status and /proc/self/limits, proc(5): whether `nice` may be had again after a higher one. Pure. */
export const mayReturnTo = (nice: number, status: string, limits: string): boolean => {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]
  if (effective !== undefined && (BigInt(`0x${effective}`) >> CAP_SYS_NICE) & 1n) return true
  const [, soft] = /^Max nice priority\s+(\S+)/m.exec(limits) ?? []
  return soft === 'unlimited' || Number(soft ?? 0) >= 20 - nice
}

/** Whether this process may lower another one's priority and raise it to its own again, which is no policy of its own. */
export const canReturn = (): boolean =>
  process.platform === 'linux' &&
  statOf(process.pid)?.policy === policies.usual &&
  mayReturnTo(
    getPriority(),
    readFileSync('/proc/self/status', 'utf8'),
    readFileSync('/proc/self/limits', 'utf8'),
  )

/** Whether `idle` is to be had: calls of libc are. */
export const canBeIdle = (): boolean => hasLibc()

/**
 * By so much, or `idle`; without calls of libc that is the least of nice(2). Gives what `raisePriority` is to be told,
 * undefined when the process is gone already.
 */
export function lowerPriority(pid: number, by: number): number | undefined {
  const lowered = by >= idle && setPolicy(pid, 'idle') === undefined ? idle : Math.min(by, leastNice)
  let found = false
  eachThread(pid, (thread) => {
    const there = lowered === idle ? obey(setPolicy(thread, 'idle')) : change(thread, lowered)
    found ||= there
  })
  return found ? lowered : undefined
}

/** All threads of a process, and of those that it has started, by as much as was lowered: what they chose themselves stays. */
export function raisePriority(pid: number, by: number): void {
  for (const process of familyOf(pid))
    eachThread(process, (thread) => {
      if (by < idle) change(thread, -by)
      else if (isIdle(thread)) obey(setPolicy(thread, 'usual'))
    })
}

/** Threads may begin while others are changed, and inherit what these had: they are looked for again. */
const rounds = 3

function eachThread(pid: number, deed: (thread: number) => void): void {
  const done = new Set<number>()
  for (let round = 0; round < rounds; round += 1) {
    const fresh = threadsOf(pid).filter((thread) => !done.has(thread))
    for (const thread of fresh) {
      deed(thread)
      done.add(thread)
    }
    if (fresh.length === 0) return
  }
}

const isIdle = (thread: number): boolean => statOf(thread)?.policy === policies.idle

/** False when the thread is gone already. */
function obey(why: string | undefined): boolean {
  if (why === undefined) return true
  if (why.endsWith(' ESRCH')) return false
  throw new Error(why)
}

/** Behind us by so much, or back; one that has inherited it already, or chose its own, is not changed again. */
function change(thread: number, by: number): boolean {
  try {
    const nice = getPriority(thread)
    const behind = Math.min(leastNice, getPriority() + Math.abs(by))
    if (by > 0 && nice < behind) setPriority(thread, behind)
    if (by < 0 && nice >= behind) setPriority(thread, Math.max(getPriority(), nice + by))
    return true
  } catch (thrown) {
    // Gone already.
    if (thrown instanceof Error && 'info' in thrown && hasCode(thrown.info, 'ESRCH')) return false
    throw thrown
  }
}
