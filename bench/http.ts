/**
 * Requests a second and processor time a request, against other servers, each one process (tsgunicorn: a master and
 * one worker). `npm run bench:http -- [--rounds N] [--seconds S] [--node PATH] [--json FILE] [--only WORDS]
 * [--workloads WORDS]`; WORDS are parts of names, separated by commas.
 *
 * The server has one core, the client the other; contestants take turns within a round, each freshly started and
 * warmed for a second; medians, with least and most; no round is left out. The last column compares within each
 * round, so that a machine that gets slower does not decide.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { eventually } from '../test/support/eventually.ts'
import { freePort } from '../test/support/machine.ts'
import { isAlive } from '../test/support/processes.ts'
import { request } from '../test/support/raw-client.ts'
import { assertBuilt, type Contestant, contestants, repositoryModules } from './http-contestants.ts'
import { type Row, tableOf } from './http-table.ts'
import { burst, type Measured, regulars, tool, type Workload, workloads } from './http-workloads.ts'
import { cpuTimeOf } from './measure.ts'
import { obtain, versionOf } from './obtain.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    node: { type: 'string', default: process.execPath },
    json: { type: 'string' },
    only: { type: 'string', default: '' },
    workloads: { type: 'string', default: '' },
  },
})
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)
const { node } = options
assertBuilt()
const obtained = obtain()

/** The words before a command that are allowed here: a core of its own, and the right of way. */
const succeeds = (...[program = '', ...args]: string[]): boolean =>
  spawnSync(program, [...args, 'true'], { stdio: 'ignore' }).status === 0
const pinned = cpus().length > 1 && succeeds('taskset', '-c', '1')
const hasty = succeeds('nice', '-n', '-20')
const before = (core: number): string[] => [
  ...(hasty ? ['nice', '-n', '-20'] : []),
  ...(pinned ? ['taskset', '-c', String(core)] : []),
]

const chosen = <T extends { readonly name: string }>(all: readonly T[], words: string): readonly T[] =>
  all.filter(({ name }) => words.split(',').some((word) => name.includes(word)))

interface Server {
  readonly pid: number
  readonly port: number
  readonly folder: string
  readonly stop: () => Promise<void>
}

/** Starts one and waits for its right answer. */
const startServer = async (who: Contestant, workload: Workload): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), 'tsg-bench-'))
  symlinkSync(repositoryModules, join(folder, 'node_modules'))
  writeFileSync(join(folder, who.file), `${who.source(workload.task, obtained)}\n`)
  const port = await freePort()
  const [program = '', ...args] = [...before(0), ...who.command({ node, port, folder, obtained })]
  const env = { ...process.env, PORT: String(port), NODE_ENV: 'production' }
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] })
  const { pid } = child
  if (pid === undefined) throw new Error(`${who.name}: ${program} could not be started`)
  const stop = async () => {
    child.kill('SIGTERM')
    await eventually(() => !isAlive(pid), { within: 10_000 }).catch(() => child.kill('SIGKILL'))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await eventually(() => answersRightly(port, workload), { within: 15_000, what: `${who.name} to answer` })
  } catch (error) {
    await stop()
    throw error
  }
  return { pid, port, folder, stop }
}

const answersRightly = async (port: number, { body, answer }: Workload): Promise<boolean> => {
  const asked = body === undefined ? {} : { method: 'POST', body }
  const got = await request({ port }, '/', { ...asked, headers: { 'Content-Type': 'application/json' } })
  if (got.body !== answer) throw new Error(`answered ${got.status} ${got.body.slice(0, 80)}`)
  return true
}

const measure = async (who: Contestant, workload: Workload): Promise<Measured & { cost: number }> => {
  const server = await startServer(who, workload)
  try {
    const load = { port: server.port, workload, folder: server.folder, before: before(1) }
    await burst({ ...load, seconds: 1 })
    const from = cpuTimeOf(server.pid)
    const measured = await burst({ ...load, seconds })
    return { ...measured, cost: ((cpuTimeOf(server.pid) - from) * 1000) / measured.requests }
  } finally {
    await server.stop()
  }
}

const rowOf = (workload: Workload, { name }: Contestant): Row => ({
  workload: workload.name,
  contestant: name,
  perSecond: [],
  cost: [],
  faults: 0,
})

/** All contestants of a workload, in turns. One that fails is out, with its reason. */
const compare = async (workload: Workload, skipped: Map<string, string>): Promise<Row[]> => {
  const able = chosen<Contestant>(contestants, options.only)
    .filter(
      ({ tasks, name }) => tasks.includes(workload.task) && (!workload.short || regulars.includes(name)),
    )
    .filter(({ name }) => !skipped.has(name))
  const rows = new Map(able.map((who) => [who, rowOf(workload, who)]))
  for (let round = 0; round < rounds; round++) {
    for (const [who, row] of rows) {
      try {
        const { perSecond, cost, faults } = await measure(who, workload)
        row.perSecond.push(perSecond)
        row.cost.push(cost)
        row.faults += faults
        console.error(
          `${workload.name} ${round + 1}/${rounds} ${who.name}: ${Math.round(perSecond)}/s, ${cost.toFixed(2)} us`,
        )
      } catch (error) {
        rows.delete(who)
        skipped.set(`${who.name} (${workload.name})`, String(error).slice(0, 300))
      }
    }
  }
  return [...rows.values()]
}

const skipped = new Map<string, string>()
for (const { name, missing } of contestants as readonly Contestant[]) {
  const why = missing(obtained)
  if (why !== undefined) skipped.set(name, why)
}
const rows: Row[] = []
for (const workload of chosen<Workload>(workloads, options.workloads))
  rows.push(...(await compare(workload, skipped)))

const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
const facts = {
  date: new Date().toISOString().slice(0, 10),
  node: version,
  versions: {
    ...Object.fromEntries(['hono', 'srvx', 'fastify'].map((name) => [name, versionOf(name)])),
    ...obtained.versions,
  },
  machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${process.platform} ${release()}`,
  how: `${tool}, 64 connections, ${rounds} rounds of ${seconds} s after 1 s of warming, ${pinned ? 'server and client on a core each' : 'not pinned'}`,
}
console.log(tableOf(rows, facts, skipped))
if (options.json !== undefined)
  writeFileSync(
    options.json,
    `${JSON.stringify({ ...facts, skipped: Object.fromEntries(skipped), rows }, null, 2)}\n`,
  )
