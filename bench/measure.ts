/** What the benchmarks share: processes that are started, asked and ended, and the idle cost of one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../test/support/eventually.ts'
import { builtProgram, freePort } from '../test/support/machine.ts'
import { childrenOf, isAlive } from '../test/support/processes.ts'

/** Sources of the servers that are compared. All answer the same. */
export const sources = {
  'bare.mjs': `import { createServer } from 'node:http'
createServer((req, res) => res.end('hello')).listen(Number(process.env.PORT), '127.0.0.1')`,
  'app.mjs': `export default (req, res) => res.end('hello')`,
  'fetch.mjs': `export default { fetch: () => new Response('hello') }`,
  'cluster.mjs': `import cluster from 'node:cluster'
import { createServer } from 'node:http'
if (cluster.isPrimary) { cluster.fork(); cluster.fork() }
else createServer((req, res) => res.end('hello')).listen(Number(process.env.PORT), '127.0.0.1')`,
} as const

/** `tsgunicorn` serves a node-style application on node:http, `fetch` a fetch application on the core. */
export type Contestant = 'bare' | 'cluster' | keyof typeof applications

const applications = { tsgunicorn: 'app.mjs', fetch: 'fetch.mjs' } as const

export interface Running {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
  /** Milliseconds from the command to the first answer. */
  readonly startedIn: number
  readonly stop: () => Promise<void>
}

const commandOf = (who: Contestant, port: number, workers: number, more: readonly string[]): string[] =>
  who === 'tsgunicorn' || who === 'fetch'
    ? [
        builtProgram,
        '-b',
        `127.0.0.1:${port}`,
        '-w',
        String(workers),
        '--log-level',
        'critical',
        ...more,
        applications[who],
      ]
    : [`${who}.mjs`]

export interface ContestantOptions {
  readonly workers?: number
  /** Flags of tsgunicorn's. */
  readonly more?: readonly string[]
}

/** Starts one and waits for its first answer. */
export const startContestant = async (
  who: Contestant,
  { workers = 1, more = [] }: ContestantOptions = {},
): Promise<Running> => {
  const folder = mkdtempSync(join(tmpdir(), 'tsg-bench-'))
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(folder, name), text)
  const port = await freePort()
  const began = performance.now()
  const child = spawn(process.execPath, commandOf(who, port, workers, more), {
    cwd: folder,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${who} could not be started`)
  await eventually(() => hello(port), { within: 15_000, every: 1, what: `an answer of ${who}` })
  const startedIn = performance.now() - began
  const stop = async () => {
    child.kill('SIGTERM')
    await eventually(() => !isAlive(pid), { within: 15_000 })
    rmSync(folder, { recursive: true, force: true })
  }
  return { child, pid, port, startedIn, stop }
}

/** True when it answers with 200. */
export const hello = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, agent: false }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode === 200))
    })
      .once('error', reject)
      .end()
  })

/** Bytes, from /proc/PID/smaps_rollup: what is resident, and what no other process shares. */
export const memoryOf = (pid: number): { readonly rss: number; readonly own: number } => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kilobytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN)
  return {
    rss: kilobytes('Rss') * 1024,
    own: (kilobytes('Private_Clean') + kilobytes('Private_Dirty')) * 1024,
  }
}

/** How often the process's threads went to sleep so far: each is a wake-up (proc(5), status). */
export const wakeUpsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'))
    .map((status) => Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1] ?? 0))
    .reduce((sum, count) => sum + count, 0)

/** The process and all below it. */
export const treeOf = (pid: number): number[] => [
  pid,
  ...childrenOf(pid).flatMap((child) => treeOf(child.pid)),
]

/**
 * Milliseconds of processor time that a process and all below it have used, and those of theirs that have ended and
 * were waited for: clock ticks of 10 ms (proc(5)).
 */
export const cpuTimeOf = (pid: number): number =>
  treeOf(pid)
    .map((each) => readFileSync(`/proc/${each}/stat`, 'utf8'))
    .map((stat) => stat.slice(stat.lastIndexOf(')') + 2).split(' '))
    .map((fields) => (Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])) * 10)
    .reduce((sum, time) => sum + time, 0)
