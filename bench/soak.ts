/**
 * Everything that is done to a server, over and over, under closed-loop load of new and of kept connections, on TCP
 * and on a unix socket: `npm run bench:soak [seconds]`. Exits with 1 when a single request failed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { eventually } from '../test/support/eventually.ts'
import type { LoadNews, LoadPlan, LoadReport } from '../test/support/load-types.ts'
import { builtProgram, freePort } from '../test/support/machine.ts'

const applications = {
  node: `export default (req, res) => setTimeout(() => res.end('hello'), Math.random() * 5)\n`,
  fetch: `const wait = () => new Promise((done) => setTimeout(done, Math.random() * 5))
export default { fetch: async () => { await wait(); return new Response('hello') } }\n`,
} as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { app: { type: 'string', default: 'node' } },
})
const kind = values.app === 'node' || values.app === 'fetch' ? values.app : undefined
if (kind === undefined) throw new Error(`--app is node or fetch, not '${values.app}'`)
const seconds = Number(positionals[0] ?? 60)
const folder = mkdtempSync(join(tmpdir(), 'tsg-soak-'))
const port = await freePort()
const path = (name: string): string => join(folder, name)
const read = (name: string): string => readFileSync(path(name), 'utf8')

writeFileSync(path('app.mjs'), applications[kind])
writeFileSync(
  path('gunicorn.conf.mjs'),
  `export const bind = ['127.0.0.1:${port}', 'unix:s.sock']
export const workers = 3, pidfile = 'p.pid', max_requests = 2000, max_requests_jitter = 500\n`,
)
const log = openSync(path('log'), 'a')
spawn(process.execPath, [builtProgram, 'app.mjs'], { cwd: folder, stdio: ['ignore', log, log] })
closeSync(log)

/** Waits for words in what the server has said since; gives up after half a minute. */
const says = (words: RegExp, from: number): Promise<boolean> =>
  eventually(() => words.test(read('log').slice(from)), { within: 30_000, what: String(words) })

const master = (): number => Number(read('p.pid'))
const signal = async (name: NodeJS.Signals, words: RegExp, pid = master()): Promise<void> => {
  const from = read('log').length
  process.kill(pid, name)
  await says(words, from)
}

const deeds: Readonly<Record<string, () => Promise<void>>> = {
  reload: () => signal('SIGHUP', /generation \d+ serves/),
  grow: () => signal('SIGTTIN', /Booting worker/),
  shrink: () => signal('SIGTTOU', /Worker exiting/),
  reopen: () => signal('SIGUSR1', /Handling signal: usr1/),
  upgrade: async () => {
    const old = master()
    await signal('SIGUSR2', /The new master is ready/)
    await signal('SIGTERM', /Master has been promoted/, old)
    await eventually(() => master() !== old, { within: 10_000, what: 'the new pidfile' })
  },
  'back out': async () => {
    await signal('SIGUSR2', /The new master is ready/)
    await signal('SIGTERM', /the new master \(pid:\d+\) ended/, Number(read('p.pid.2')))
  },
}

const entry = fileURLToPath(new URL('../test/support/load-main.ts', import.meta.url))
const tsx = createRequire(import.meta.url).resolve('tsx')

const load = (target: LoadPlan['target'], mode: LoadPlan['mode']): ChildProcess => {
  const plan: LoadPlan = { target, mode, connections: 6, path: '/', expectBody: 'hello', timeout: 15_000 }
  return spawn(process.execPath, ['--import', tsx, entry, JSON.stringify(plan)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

const reportOf = (child: ChildProcess): Promise<LoadReport> =>
  new Promise((resolve) => {
    child.on('message', (news: LoadNews) => news.type === 'report' && resolve(news.report))
    child.send('stop')
  })

await says(/Booting worker[\s\S]*Booting worker[\s\S]*Booting worker/, 0)
const targets = [{ port }, { path: path('s.sock') }]
const modes = ['fresh', 'keepalive'] as const
const plans = targets.flatMap((target) => modes.map((mode) => ({ target, mode })))
const loads = plans.map(({ target, mode }) => load(target, mode))
const began = performance.now()
/** What was done when, so that a failure can be told its cause. */
const story: { readonly name: string; readonly from: number; readonly to: number }[] = []
const counts = new Map<string, number>()
const until = performance.now() + seconds * 1000
while (performance.now() < until) {
  for (const [name, deed] of Object.entries(deeds)) {
    const from = performance.now() - began
    await deed()
    story.push({ name, from, to: performance.now() - began })
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
}
const reports = await Promise.all(loads.map(reportOf))
await signal('SIGTERM', /Shutting down: Master/)
rmSync(folder, { recursive: true })
const failures = reports.flatMap((report, index) =>
  report.failures.map((failure) => ({
    ...plans[index],
    ...failure,
    during: story.filter(({ from, to }) => from - 500 < failure.at && failure.at < to + 500),
  })),
)
console.log([...counts].map(([name, count]) => `${name} x${count}`).join(', '))
console.log(
  `${kind} application: ${reports.reduce((sum, { answered }) => sum + answered, 0)} requests answered, ${failures.length} failed`,
)
for (const failure of failures.slice(0, 10)) console.dir(failure, { depth: 5 })
process.exitCode = failures.length > 0 ? 1 : 0
