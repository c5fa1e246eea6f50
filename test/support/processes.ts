/**
 * The processes of this machine as /proc shows them (proc(5)); Linux only. It signals nothing by name.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { hasCode } from '../../src/errors.ts'

export interface ProcessFacts {
  readonly pid: number
  readonly ppid: number
  /** As in proc(5): R S D Z T ... */
  readonly state: string
  /** Command line, or the title that the process gave itself. */
  readonly command: string
}

/** The text of a file under /proc; '' when the process is gone (or is not ours to read). */
const readProc = (path: string): string => {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH', 'EACCES')) return ''
    throw error
  }
}

/** A process without its command line, which is not for nothing. */
interface Kin {
  readonly pid: number
  readonly ppid: number
  readonly state: string
  /** In ticks of the kernel: with the pid it tells a process from all others. */
  readonly started: string
}

const kinOf = (pid: number): Kin | undefined => {
  const stat = readProc(`${pid}/stat`)
  if (stat === '') return undefined
  // The name in parentheses may hold anything, parentheses too: the fields start after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = '', ppid = '0'] = fields
  return { pid, ppid: Number(ppid), state, started: fields[19] ?? '' }
}

const described = ({ pid, ppid, state }: Kin): ProcessFacts => {
  const command = readProc(`${pid}/cmdline`).replaceAll('\0', ' ').trim()
  return { pid, ppid, state, command }
}

export const factsOf = (pid: number): ProcessFacts | undefined => {
  const kin = kinOf(pid)
  return kin && described(kin)
}

const allPids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

const everyKin = (): Kin[] =>
  allPids()
    .map(kinOf)
    .filter((kin) => kin !== undefined)

/** Every process but zombies that satisfies `wanted`, lowest pid first. Tests ask many times a second: it must be cheap. */
const processesWhere = (wanted: (kin: Kin) => boolean): ProcessFacts[] =>
  everyKin()
    .filter((kin) => kin.state !== 'Z' && wanted(kin))
    .map(described)

export const childrenOf = (ppid: number): ProcessFacts[] => processesWhere((kin) => kin.ppid === ppid)

const nameOf = ({ pid, started }: Kin): string => `${pid} ${started}`

/** Who was there before the tests of this process cannot have been started by them. */
const elders: ReadonlySet<string> = new Set(everyKin().map(nameOf))

/** Processes that inherited `NAME=value` from a test of this process, whoever is their parent by now. */
export const processesMarked = (mark: string): ProcessFacts[] =>
  processesWhere(
    (kin) => !elders.has(nameOf(kin)) && readProc(`${kin.pid}/environ`).split('\0').includes(mark),
  )

/** Sends a signal to each of them. Who has ended by itself meanwhile is not sent it. */
export const signalEach = (processes: readonly (number | ProcessFacts)[], signal: NodeJS.Signals): void => {
  for (const one of processes)
    try {
      process.kill(typeof one === 'number' ? one : one.pid, signal)
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error
    }
}

/** False for zombies, too. */
export const isAlive = (pid: number): boolean => {
  const kin = kinOf(pid)
  return kin !== undefined && kin.state !== 'Z'
}

export const statusField = (pid: number, field: string): string | undefined =>
  new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readProc(`${pid}/status`))?.[1]

/** nice(2) and the scheduling policy of all threads, sched(7), from proc(5); 5 is SCHED_IDLE. */
export const standing = (pid: number): { nice: number; policy: number }[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) => {
    const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return { nice: Number(fields[16]), policy: Number(fields[38]) }
  })

/** What all threads have that nobody has put back. */
export const usual = { nice: getPriority(), policy: 0 }
