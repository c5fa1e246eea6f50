import { expect, test } from 'vitest'
import { everyKind } from '../support/apps.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { type LoadReport, startLoad, startMixedLoad } from '../support/load.ts'

const both = ['127.0.0.1:PORT', 'unix:server.sock']
const targetsOf = (server: Daemon) => [server.target, { path: server.path('server.sock') }]
const boots = (server: Daemon) => server.log().match(/Booting worker with pid/g)?.length ?? 0

test.each(everyKind)(
  '%s app: max_requests with jitter under load: workers are replaced and no request is lost',
  async (_kind, appOf) => {
    const server = await start({
      app: appOf(),
      workers: 2,
      bind: both,
      args: ['--max-requests', '50', '--max-requests-jitter', '20'],
    })
    const load = await startMixedLoad(targetsOf(server), { rate: 150 })
    await server.logged(/Autorestarting worker after current request/)
    await eventually(() => boots(server) >= 8, {
      within: 40_000,
      what: () => `eight boots, there are ${boots(server)}`,
    })
    for (const report of await load.stop()) {
      expect(report.failures).toEqual([])
      expect(report.slowest).toBeLessThan(1500)
    }
    await server.hasWorkers(2)
    await server.assertClean()
  },
)

test('max_requests replaces a worker only when its successor is ready', async () => {
  const server = await start({ workers: 1, args: ['--max-requests', '5'] })
  const [old = 0] = await server.hasWorkers(1)
  for (let i = 0; i < 60; i++) expect(await server.get()).toBe('hello 1')
  await eventually(() => !server.workerPids().includes(old), { within: 10_000 })
  await server.assertClean()
})

test('max_worker_memory replaces a worker that has grown, without a lost request', async () => {
  const server = await start({ workers: 1, config: { max_worker_memory: '160M' } })
  const old = await server.hasWorkers(1)
  const load = await startMixedLoad([server.target], { rate: 100 })
  expect(await server.get('/grow?150')).toBe('hello grown')
  await server.hasWorkers(1, { not: old, within: 20_000 })
  for (const report of await load.stop()) expect(report.failures).toEqual([])
  await server.logged(/max_worker_memory|memory/)
  await server.assertClean({ allows: [/memory/] })
})

test.each(everyKind)(
  '%s app: max_worker_lifetime replaces workers without a lost request',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), workers: 2, config: { max_worker_lifetime: 2 }, bind: both })
    const old = await server.hasWorkers(2)
    const load = await startMixedLoad(targetsOf(server), { rate: 100 })
    await eventually(() => server.workerPids().every((pid) => !old.includes(pid)), { within: 20_000 })
    for (const report of await load.stop()) expect(report.failures).toEqual([])
    await server.assertClean({ allows: [/lifetime/] })
  },
)

/**
 * No request was on it: refused, or caught by the kernel in the middle of its handshake as the last listener closed
 * (connect(2) itself then fails with ECONNRESET).
 */
const neverConnected = ({ kind, detail }: LoadReport['failures'][number]): boolean =>
  kind === 'refused' || kind === 'ENOENT' || /: connect ECONN/.test(detail)

test.each(everyKind)(
  '%s app: TERM under full load: what was sent before is answered, later connections are refused, nothing is reset',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), workers: 2, bind: both })
    // Closed loop: at every moment most of these wait in the accept queue or in a worker.
    const modes = ['fresh', 'keepalive'] as const
    const loads = await Promise.all(
      targetsOf(server).flatMap((target) =>
        modes.map((mode) => startLoad(target, { mode, connections: 24 })),
      ),
    )
    await Promise.all(loads.map((load) => load.answered(500)))
    // Before TERM nothing may fail, not even a connect.
    expect(loads.map((load) => load.failedSoFar)).toEqual([0, 0, 0, 0])
    server.signal('SIGTERM')
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    for (const report of await Promise.all(loads.map((load) => load.stop()))) {
      expect(report.failures.filter((failure) => !neverConnected(failure))).toEqual([])
    }
    await server.assertClean()
  },
)
