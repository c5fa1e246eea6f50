/**
 * The processes of this machine as /proc shows them (proc(5)); Linux only. It signals nothing by name.
 */
import { readdirSync, readFileSync } from 'node:fs'
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

export const factsOf = (pid: number): ProcessFacts | undefined => {
  const stat = readProc(`${pid}/stat`)
  if (stat === '') return undefined
  // The name in parentheses may hold anything, parentheses too: the fields start after the last one.
  const [state = '', ppid = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const command = readProc(`${pid}/cmdline`).replaceAll('\0', ' ').trim()
  return { pid, ppid: Number(ppid), state, command }
}

const allPids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

/** Every process but zombies that satisfies `wanted`, lowest pid first. */
const processesWhere = (wanted: (facts: ProcessFacts) => boolean): ProcessFacts[] =>
  allPids()
    .map(factsOf)
    .filter((facts) => facts !== undefined)
    .filter((facts) => facts.state !== 'Z' && wanted(facts))

export const childrenOf = (ppid: number): ProcessFacts[] => processesWhere((facts) => facts.ppid === ppid)

/** Processes that inherited `NAME=value` in their environment, whoever is their parent by now. */
export const processesMarked = (mark: string): ProcessFacts[] =>
  processesWhere(({ pid }) => readProc(`${pid}/environ`).split('\0').includes(mark))

/** False for zombies, too. */
export const isAlive = (pid: number): boolean => {
  const facts = factsOf(pid)
  return facts !== undefined && facts.state !== 'Z'
}

export const statusField = (pid: number, field: string): string | undefined =>
  new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readProc(`${pid}/status`))?.[1]

export const environmentOf = (pid: number): Record<string, string> =>
  Object.fromEntries(
    readProc(`${pid}/environ`)
      .split('\0')
      .filter((entry) => entry.includes('='))
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  )
