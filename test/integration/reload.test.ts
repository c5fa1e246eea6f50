import { expect, test } from 'vitest'
import { canReturn } from '../../src/system/priority.ts'
import { appOf, everyKind, slowBootApp, throwingApp } from '../support/apps.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startMixedLoad } from '../support/load.ts'
import { freePort } from '../support/machine.ts'
import { childrenOf, standing, usual } from '../support/processes.ts'

const both = ['127.0.0.1:PORT', 'unix:server.sock']
const targetsOf = (server: Daemon) => [server.target, { path: server.path('server.sock') }]

test.each(everyKind)(
  '%s app: HUP serves the changed code with new workers and loses no request',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), workers: 2, bind: both })
    const load = await startMixedLoad(targetsOf(server), { rate: 200 })
    server.writeApp(appOf('2'))
    await server.reload()
    await server.logged(/Hang up: Master/)
    await load.answered(100)
    for (const report of await load.stop()) expect(report.failures).toEqual([])
    expect(await server.get()).toBe('hello 2')
    await server.assertClean()
  },
)

test.each(everyKind)('%s app: ten reloads in a row under load lose no request', async (_kind, appOf) => {
  const server = await start({ app: appOf(), workers: 2, bind: both })
  const load = await startMixedLoad(targetsOf(server), { rate: 250, connections: 16 })
  for (let version = 2; version <= 11; version++) {
    server.writeApp(appOf(String(version)))
    await server.reload()
    expect(await server.get()).toBe(`hello ${version}`)
  }
  await load.answered(100)
  for (const report of await load.stop()) expect(report.failures).toEqual([])
  await server.hasWorkers(2)
  await server.assertClean()
})

test('while the new code boots slowly the old one answers at its usual speed', async () => {
  const server = await start({ workers: 2, bind: both })
  const load = await startMixedLoad(targetsOf(server), { rate: 40 })
  server.writeApp(slowBootApp('2', 2000))
  await server.reload()
  await load.answered(20)
  for (const report of await load.stop()) {
    expect(report.failures).toEqual([])
    expect(report.slowest).toBeLessThan(1000)
  }
  await server.assertClean()
})

const steps = [
  ['the default', {}, { ...usual, policy: 5 }],
  ['boot_nice 5', { boot_nice: 5 }, { ...usual, nice: usual.nice + 5 }],
] as const

test.skipIf(!canReturn()).each(steps)(
  'who boots beside others steps back until it is ready: %s',
  async (_, settings, back) => {
    const server = await start({ workers: 2, config: { max_booting: 1, ...settings } })
    const old = await server.hasWorkers(2)
    const all = (pids: readonly number[], wanted: typeof usual) =>
      pids.flatMap(standing).every(({ nice, policy }) => nice === wanted.nice && policy === wanted.policy)
    expect(all(old, usual)).toBe(true)
    const startsChild = `import { spawn } from 'node:child_process'
      spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
      await new Promise((resolve) => setTimeout(resolve, 700))`
    server.writeApp(appOf('2', startsChild))
    server.signal('SIGHUP')
    const fresh = () => server.workers().find(({ pid }) => !old.includes(pid))?.pid
    await eventually(() => fresh() !== undefined)
    const first = fresh() ?? 0
    await eventually(() => childrenOf(first).length === 1)
    const family = [first, ...childrenOf(first).map(({ pid }) => pid)]
    await eventually(() => all(family, back))
    const workers = await server.hasWorkers(2, { not: old })
    await eventually(() => all([...workers, ...family], usual))
    expect(await server.get()).toBe('hello 2')
    await server.assertClean()
  },
)

test.skipIf(!canReturn())('who does not get ready is stepped back for a second alone', async () => {
  const server = await start({ workers: 1 })
  const old = await server.hasWorkers(1)
  server.writeApp(slowBootApp('2', 3000))
  server.signal('SIGHUP')
  const fresh = () => server.workers().find(({ pid }) => !old.includes(pid))?.pid
  const isAt = (policy: number) => {
    const pid = fresh()
    return pid !== undefined && standing(pid).every((thread) => thread.policy === policy)
  }
  await eventually(() => isAt(5))
  await eventually(() => isAt(0))
  expect(server.log()).not.toContain('generation 2 serves')
  await server.hasWorkers(1, { not: old })
  await server.assertClean()
})

test('HUP takes a changed number of workers', async () => {
  const server = await start({ config: { workers: 1 } })
  server.rewriteConfig({ workers: 3 })
  await server.reload(3)
  server.rewriteConfig({ workers: 2 })
  await server.reload(2)
  await server.assertClean()
})

test('HUP takes changed addresses: one kept without a gap, one added, one removed', async () => {
  const [kept, removed, added] = [await freePort(), await freePort(), await freePort()]
  const config = (...ports: number[]) => ({ workers: 2, bind: ports.map((port) => `127.0.0.1:${port}`) })
  const server = await start({ bind: [], config: config(kept, removed), target: { port: kept } })
  const load = await startMixedLoad([{ port: kept }], { rate: 100 })
  server.rewriteConfig(config(kept, added))
  await server.reload()
  expect(await server.get('/', { port: added })).toBe('hello 1')
  await expect(server.get('/', { port: removed })).rejects.toThrow(/refused/)
  await load.answered(30)
  for (const report of await load.stop()) expect(report.failures).toEqual([])
  await server.assertClean()
})

test('HUP swaps a unix socket for another, and the old path is gone', async () => {
  const config = (name: string) => ({ workers: 1, bind: [`unix:${name}`] })
  const server = await start({ bind: [], config: config('a.sock'), until: 'spawned' })
  const path = (name: string) => ({ path: server.path(name) })
  await eventually(() => server.get('/', path('a.sock')), { within: 15_000 })
  server.rewriteConfig(config('b.sock'))
  server.signal('SIGHUP')
  await eventually(() => server.get('/', path('b.sock')), { within: 15_000 })
  await eventually(() => server.read('a.sock') === '' && !server.exists('a.sock'))
  await server.assertClean()
})

const failures = [
  [
    'a syntax error in the configuration',
    (server: Daemon) => server.rewriteConfig('export default { workers: '),
  ],
  ['a typo in the configuration', (server: Daemon) => server.rewriteConfig({ workers: 2, timeuot: 3 })],
  ['an application that throws', (server: Daemon) => server.writeApp(throwingApp)],
  ['an application with a syntax error', (server: Daemon) => server.writeApp('export default (')],
  ['an application without the export', (server: Daemon) => server.writeApp('export const x = 1')],
] as const

test.each(failures)('%s: the reload fails, the old workers serve on untouched', async (_name, breakIt) => {
  const server = await start({ config: { workers: 2 }, bind: both })
  const old = await server.hasWorkers(2)
  const load = await startMixedLoad(targetsOf(server), { rate: 30 })
  breakIt(server)
  server.signal('SIGHUP')
  await server.logged(/\[ERROR\].*reload/i)
  expect(await server.hasWorkers(2)).toEqual(old)
  await load.answered(20)
  for (const report of await load.stop()) expect(report.failures).toEqual([])
  // What was mended is taken by the next HUP.
  server.rewriteConfig({ workers: 2 })
  server.writeApp(appOf('2'))
  await server.reload()
  expect(await server.get()).toBe('hello 2')
  await server.assertClean({ allows: [/./] })
})

test('a reload whose new address is taken keeps the old one', async () => {
  const first = await start({})
  const server = await start({ bind: [], config: { bind: ['unix:server.sock'] }, until: 'spawned' })
  const target = { path: server.path('server.sock') }
  await eventually(() => server.get('/', target), { within: 15_000 })
  const old = await server.hasWorkers(1)
  server.rewriteConfig({ bind: ['unix:server.sock', `127.0.0.1:${first.port}`] })
  server.signal('SIGHUP')
  await server.logged(/\[ERROR\].*reload/i, { within: 20_000 })
  expect(await server.hasWorkers(1)).toEqual(old)
  expect(await server.get('/', target)).toBe('hello 1')
  await server.assertClean({ allows: [/./] })
  await first.assertClean()
})

test('TERM during a reload ends the server, old and new workers alike', async () => {
  const server = await start({ workers: 2 })
  const old = await server.hasWorkers(2)
  server.writeApp(slowBootApp('2', 30_000))
  server.signal('SIGHUP')
  await eventually(() => server.workerPids().some((pid) => !old.includes(pid)), { within: 15_000 })
  server.signal('SIGTERM')
  expect(await server.exited({ within: 5000 })).toEqual({ code: 0, signal: null })
  await server.assertClean({ allows: [/SIGTERM/] })
})

test('HUP during a reload is not lost: the last code wins', async () => {
  const server = await start({ workers: 2 })
  const old = await server.hasWorkers(2)
  server.writeApp(slowBootApp('2', 1000))
  server.signal('SIGHUP')
  await eventually(() => server.workerPids().some((pid) => !old.includes(pid)), { within: 15_000 })
  server.writeApp(appOf('3'))
  server.signal('SIGHUP')
  await eventually(async () => (await server.get()) === 'hello 3', { within: 20_000, what: 'hello 3' })
  // The older of the two loads may still have workers that answer or drain.
  await server.logged(/Reloaded: generation 3 serves/)
  const serving = await server.hasWorkers(2, { not: old })
  for (let i = 0; i < 20; i++) expect(await server.get()).toBe('hello 3')
  expect(await server.hasWorkers(2)).toEqual(serving)
  await server.assertClean()
})

test.each(everyKind)(
  '%s app: a request in hand of an old worker is finished after the reload',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), workers: 1 })
    const [old] = await server.hasWorkers(1)
    const client = await server.hold('/slow?1500')
    server.writeApp(appOf('2'))
    server.signal('SIGHUP')
    await server.logged(/Reloaded: generation 2 serves/)
    expect((await client.answer()).body).toBe(`hello late ${old}`)
    await server.hasWorkers(1, { not: old === undefined ? [] : [old] })
    await server.assertClean()
  },
)

test('a reload does not leak descriptors or processes in the master', async () => {
  const server = await start({ config: { workers: 1 } })
  const count = () => server.descriptors(server.masterPid())
  await server.reload()
  await server.reload()
  const before = await eventually(() => server.workerPids().length === 1 && count())
  for (let i = 0; i < 4; i++) await server.reload()
  await eventually(() => count() <= before, { what: () => `${before} descriptors, there are ${count()}` })
  await server.assertClean()
})
