/**
 * What counting costs: the built program with its meter and without, in alternating bursts of `wrk`, by the processor
 * time of all its processes for each request. `npm run bench:meter [rounds] [seconds] [connections] [application]`. The program
 * without is a copy of dist/ whose engines are not given a meter; beats are the same in both.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from '../test/support/eventually.ts'
import { builtProgram, freePort, repository } from '../test/support/machine.ts'
import { isAlive } from '../test/support/processes.ts'
import { hello, treeOf } from './measure.ts'
import { median, spread } from './statistics.ts'

const run = promisify(execFile)
const [rounds = 15, seconds = 2, connections = 32] = process.argv.slice(2, 5).map(Number)
const only = process.argv[5]

const apps = {
  fetch: ['app.mjs', `export default { fetch: () => new Response('hello') }`],
  node: ['app.mjs', `export default (req, res) => res.end('hello')`],
  wsgi: [
    'app.py',
    `def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '5')])
    return [b'hello']
`,
  ],
} as const
type App = keyof typeof apps

/** The line that gives engines their meter (worker/boot.ts). */
const wired = 'meter: options.meter'

const withoutMeter = (): string => {
  const copy = join(repository, '.tsgunicorn', `bench-meter-${process.pid}`)
  mkdirSync(dirname(copy), { recursive: true })
  cpSync(dirname(dirname(builtProgram)), copy, { recursive: true })
  let found = 0
  for (const name of readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.js')) continue
    const text = readFileSync(join(copy, name), 'utf8')
    if (!text.includes(wired)) continue
    found += 1
    writeFileSync(join(copy, name), text.replace(wired, 'meter: undefined'))
  }
  if (found === 0) throw new Error(`'${wired}' stands nowhere in dist/: build first, or mend this benchmark`)
  return copy
}

interface Server {
  readonly pid: number
  readonly port: number
  readonly child: ChildProcess
}

const start = async (program: string, app: App): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), 'tsg-bench-'))
  const [name, text] = apps[app]
  writeFileSync(join(folder, name), text)
  const port = await freePort()
  const what = app === 'wsgi' ? 'app:app' : name
  const flags = ['-b', `127.0.0.1:${port}`, '-w', '1', '--log-level', 'critical', '--no-control-socket', what]
  const child = spawn(process.execPath, [program, ...flags], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${program} could not be started`)
  await eventually(() => hello(port).catch(() => false), { within: 20_000, what: `an answer of ${app}` })
  return { pid, port, child }
}

/** Microseconds on a processor, of all threads of a process and those below it (proc(5), schedstat). */
const busy = (pid: number): number =>
  treeOf(pid)
    .flatMap((each) =>
      readdirSync(`/proc/${each}/task`).map((task) => `/proc/${each}/task/${task}/schedstat`),
    )
    .reduce((sum, path) => sum + Number(readFileSync(path, 'utf8').split(' ')[0]) / 1000, 0)

/** Processor time of one request, microseconds. */
const burst = async ({ pid, port }: Server): Promise<number> => {
  const before = busy(pid)
  const { stdout } = await run('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    `http://127.0.0.1:${port}/`,
  ])
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`failed requests:\n${stdout}`)
  return (busy(pid) - before) / Number(/(\d+) requests in/.exec(stdout)?.[1] ?? Number.NaN)
}

const stop = async ({ pid, child }: Server): Promise<void> => {
  child.kill('SIGTERM')
  await eventually(() => !isAlive(pid), { within: 15_000 })
}

const copy = withoutMeter()
try {
  for (const app of Object.keys(apps) as App[]) {
    if (only !== undefined && app !== only) continue
    const off = await start(join(copy, 'cli/tsgunicorn.js'), app)
    const on = await start(builtProgram, app)
    for (const server of [off, on]) await burst(server)
    const costs = { off: [] as number[], on: [] as number[], ratio: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      // Whoever is first in a pair is not always the same.
      const first = round % 2 === 0 ? await burst(off) : await burst(on)
      const second = round % 2 === 0 ? await burst(on) : await burst(off)
      const [without, with_] = round % 2 === 0 ? [first, second] : [second, first]
      costs.off.push(without)
      costs.on.push(with_)
      costs.ratio.push((with_ / without - 1) * 100)
    }
    for (const server of [off, on]) await stop(server)
    const difference = median(costs.on) - median(costs.off)
    console.log(
      `${app.padEnd(6)} without ${spread(costs.off, 2)} us, with ${spread(costs.on, 2)} us a request: ` +
        `${difference.toFixed(2)} us, in pairs ${median(costs.ratio).toFixed(1)} %`,
    )
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
