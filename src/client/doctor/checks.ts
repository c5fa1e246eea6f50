/** What is judged about a machine and a server, from facts. Pure: facts.ts gathers. A check that has no facts says nothing. */
import type { Status } from '../../control/status.ts'
import { size } from '../units.ts'
import { exitWords } from '../workers.ts'
import { nodeEnds, pythonEnds } from './lifetimes.ts'

export interface Facts {
  /** Milliseconds, of the wall clock. */
  readonly now: number
  /** When this program was installed: no clock is earlier. */
  readonly installed: number
  /** Without `v`. */
  readonly node: string
  /** Absent: no server runs. */
  readonly status: Status | null
  readonly unreachable: string | null
  readonly stale: readonly string[]
  readonly worker_connections: number
  readonly backlog: number
  /** Open files that the master (or, without one, this shell) may have. */
  readonly openFiles: number | null
  readonly somaxconn: number | null
  readonly cpus: number
  /** Processors that the container may use. */
  readonly cpuQuota: number | null
  /** Bytes. */
  readonly memory: { readonly limit: number; readonly used: number | null } | null
  readonly paths: readonly PathFact[]
  readonly shared: { readonly path: string; readonly free: number } | null
  readonly python: PythonFact
}

export interface PathFact {
  readonly what: string
  readonly path: string
  /** Why it cannot be written; null when it can. */
  readonly problem: string | null
}

/** `wanted`: the application is in Python. `version` null: there is none, or it does not start. */
export interface PythonFact {
  readonly wanted: boolean
  readonly path: string | null
  readonly version: string | null
}

export interface Finding {
  readonly check: string
  readonly state: 'ok' | 'warning' | 'problem'
  readonly words: string
  readonly advice: string | null
}

type Verdict = Omit<Finding, 'check'>

const ok = (words: string): Verdict => ({ state: 'ok', words, advice: null })
const warning = (words: string, advice: string): Verdict => ({ state: 'warning', words, advice })
const problem = (words: string, advice: string): Verdict => ({ state: 'problem', words, advice })

/** Descriptors that a process needs beside its connections: listeners, logs, the application's own files. */
const ownDescriptors = 64
/** Bytes of shared memory that the board needs at most. */
const boardBytes = 1024 * 1024

type Check = (facts: Facts) => readonly Verdict[]

const checks: Readonly<Record<string, Check>> = {
  server: ({ status, unreachable, stale }) => [
    ...(unreachable === null ? [] : [problem(unreachable, 'Look at the log of the server, and at "ps".')]),
    ...(status === null ? [] : [serverVerdict(status), ...lastVerdicts(status)]),
    ...(status === null && unreachable === null ? [ok('none is running: defaults are judged')] : []),
    ...stale.map((path) => warning(`${path} is left over: nobody answers on it`, `Remove it: rm ${path}`)),
  ],
  node: ({ node, now }) => [versionVerdict('Node', node, nodeEnds[node.split('.')[0] ?? ''], now)],
  python: ({ python, now }) => [pythonVerdict(python, now)],
  'open files': ({ openFiles, worker_connections }) =>
    openFiles === null ? [] : [openFilesVerdict(openFiles, worker_connections)],
  backlog: ({ somaxconn, backlog }) =>
    somaxconn === null
      ? []
      : somaxconn >= backlog
        ? [ok(`${backlog}, the system allows ${somaxconn}`)]
        : [
            warning(
              `${backlog} is wanted, and the system allows ${somaxconn}`,
              `Raise it: sysctl -w net.core.somaxconn=${backlog}, or set backlog to ${somaxconn}.`,
            ),
          ],
  processors: (facts) => [processorsVerdict(facts)],
  memory: ({ memory }) => (memory === null ? [] : [memoryVerdict(memory)]),
  writable: ({ paths }) =>
    paths.map(({ what, path, problem: why }) =>
      why === null
        ? ok(`${what}: ${path}`)
        : problem(
            `${what}: ${path}: ${why}`,
            `Give the server's user the right to write there, or change ${what}.`,
          ),
    ),
  'shared memory': ({ shared }) =>
    shared === null
      ? []
      : shared.free >= boardBytes
        ? [ok(`${shared.path} has ${size(shared.free)} free`)]
        : [
            problem(
              `${shared.path} has ${size(shared.free)} free`,
              'Make room there, run the container with --shm-size=64m, or set worker_tmp_dir.',
            ),
          ],
  clock: ({ now, installed }) => [
    // A minute: file systems of other machines round, or run a little ahead.
    now + 60_000 >= installed
      ? ok(new Date(now).toISOString())
      : problem(
          `${new Date(now).toISOString()} is before this program was installed`,
          'Set the clock (timedatectl set-ntp true): certificates and logs depend on it.',
        ),
  ],
}

/** Every check's findings, in the order of the table. */
export const examine = (facts: Facts): readonly Finding[] =>
  Object.entries(checks).flatMap(([check, judge]) => judge(facts).map((verdict) => ({ check, ...verdict })))

const serverVerdict = ({ name, pid, state, alive, ready }: Status): Verdict => {
  const who = `${name} (pid ${pid})`
  if (!alive) return problem(`${who}: no worker beats`, 'Look at "tsgunicornc status" and at its log.')
  if (!ready)
    return warning(`${who} is ${state} and not ready`, 'Look at "tsgunicornc status" and at its log.')
  return ok(`${who} is ${state}`)
}

const lastVerdicts = ({ lastReload, upgrade, lastExit }: Status): readonly Verdict[] => [
  ...(lastReload?.ok === false
    ? [
        warning(
          `the last reload failed: ${lastReload.message ?? 'no reason was given'}`,
          'What serves is older than the files: mend them, then "tsgunicornc reload --wait".',
        ),
      ]
    : []),
  ...(upgrade === 'none'
    ? []
    : [
        warning(
          `an upgrade is ${upgrade}: two masters serve`,
          'End it with "tsgunicornc upgrade --complete" or "--back-out".',
        ),
      ]),
  ...(lastExit?.signal === 'SIGKILL'
    ? [
        warning(
          `worker ${lastExit.age} (pid ${lastExit.pid}) was killed: ${exitWords(lastExit)}`,
          'If it was not the timeout, look for "Out of memory" in the log of the kernel (dmesg).',
        ),
      ]
    : []),
]

const versionVerdict = (what: string, version: string, end: string | undefined, now: number): Verdict => {
  if (end === undefined) return ok(`${what} ${version}: its end is not known here`)
  return Date.parse(end) >= now
    ? ok(`${what} ${version}: security fixes until ${end}`)
    : warning(`${what} ${version} gets no security fixes since ${end}`, `Use a newer ${what}.`)
}

const pythonVerdict = ({ wanted, path, version }: PythonFact, now: number): Verdict => {
  if (version === null) {
    const words = path === null ? 'none is found' : `${path} does not start`
    return wanted
      ? problem(words, 'Set python to an interpreter from 3.9 on, or activate its virtual environment.')
      : ok(`${words}: only Python applications need one`)
  }
  const short = version.split('.').slice(0, 2).join('.')
  const [major = 0, minor = 0] = short.split('.').map(Number)
  if (major < 3 || (major === 3 && minor < 9)) {
    const judge = wanted ? problem : warning
    return judge(`${path} is Python ${version}`, 'Python applications need Python 3.9 or newer.')
  }
  const verdict = versionVerdict('Python', version, pythonEnds[short], now)
  return { ...verdict, words: `${verdict.words} (${path})` }
}

const openFilesVerdict = (limit: number, connections: number): Verdict => {
  const needed = connections + ownDescriptors
  return limit >= needed
    ? ok(`${limit} are allowed, ${needed} are needed`)
    : problem(
        `${limit} are allowed, and worker_connections ${connections} needs ${needed}`,
        `Raise it (ulimit -n ${needed}, LimitNOFILE=${needed} in the unit), or lower worker_connections.`,
      )
}

const processorsVerdict = ({ status, cpus, cpuQuota }: Facts): Verdict => {
  const processors = Math.max(1, Math.min(cpus, cpuQuota ?? cpus))
  const words =
    cpuQuota === null || cpuQuota >= cpus ? `${cpus} processors` : `${cpuQuota} of ${cpus} processors`
  if (status === null) return ok(words)
  const { target } = status
  if (target > 4 * processors + 1)
    return warning(
      `${target} workers on ${words}`,
      `More than ${Math.floor(2 * processors) + 1} rarely help: they wait for one another. Set workers, or "auto".`,
    )
  if (target === 1 && processors >= 2)
    return warning(`one worker on ${words}`, 'One worker uses one processor: set workers, or "auto".')
  return ok(`${target} workers on ${words}`)
}

const memoryVerdict = ({
  limit,
  used,
}: {
  readonly limit: number
  readonly used: number | null
}): Verdict => {
  if (used === null) return ok(`the container may use ${size(limit)}`)
  const words = `${size(used)} of the container's ${size(limit)} are used`
  return used < 0.9 * limit
    ? ok(words)
    : warning(words, 'The kernel kills at the limit: raise it, use fewer workers, or set max_worker_memory.')
}
