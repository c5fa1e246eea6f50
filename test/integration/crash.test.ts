import { expect, test } from 'vitest'
import { appOf, everyKind } from '../support/apps.ts'
import { start } from '../support/daemon.ts'
import { eventually, steadily } from '../support/eventually.ts'
import { startLoad } from '../support/load.ts'
import { isAlive } from '../support/processes.ts'

test.each(everyKind)(
  '%s app: kill -9 of a worker fails only what it held, and it is replaced',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), workers: 2 })
    const victims = await server.hasWorkers(2)
    const load = await startLoad(server.target, { mode: 'fresh', rate: 100 })
    const held = await server.hold('/slow?60000')
    // The held request tells which worker has it only by failing: kill both, one after the other.
    for (const victim of victims) {
      const others = victims.filter((pid) => pid !== victim && isAlive(pid))
      process.kill(victim, 'SIGKILL')
      expect(await server.hasWorkers(2, { not: [victim] })).toEqual(expect.arrayContaining(others))
      await server.logged(new RegExp(`Worker \\(pid:${victim}\\) was sent SIGKILL! Perhaps out of memory\\?`))
      await load.answered(50)
    }
    const report = await load.stop()
    // At most the requests that the victims had in hand at that moment.
    expect(report.failures.length).toBeLessThanOrEqual(4)
    held.close()
    await server.assertClean({ allows: [/was sent SIGKILL/, /died while it handled GET .*502/] })
  },
)

test('a worker that exits by itself is replaced, and its code is logged', async () => {
  const server = await start({ workers: 2 })
  const old = await server.hasWorkers(2)
  await server.request('/exit?7').catch(() => undefined)
  await server.logged(/Worker \(pid:\d+\) exited with code 7/)
  const now = await server.hasWorkers(2)
  expect(now.filter((pid) => old.includes(pid))).toHaveLength(1)
  expect(await server.get()).toBe('hello 1')
  await server.assertClean({ allows: [/exited with code 7/] })
})

test.each([3, 4])(
  'an application that exits with %i after the start does not stop the server',
  async (code) => {
    const server = await start({ workers: 1 })
    const old = await server.hasWorkers(1)
    await server.request(`/exit?${code}`).catch(() => undefined)
    await server.hasWorkers(1, { not: old })
    await server.serving()
    await server.assertClean({ allows: [/exited with code/] })
  },
)

test('a handler whose error nobody catches ends its worker, the others serve on', async () => {
  const top = `setTimeout(() => undefined, 0)`
  const app = appOf('1', top).replace(
    "'/hold': () => undefined",
    `'/hold': () => { setImmediate(() => { throw new Error('late throw') }) }`,
  )
  const server = await start({ workers: 2, app })
  const old = await server.hasWorkers(2)
  await server.request('/hold').catch(() => undefined)
  await server.logged(/late throw/)
  await eventually(() => server.workerPids().some((pid) => !old.includes(pid)), { within: 15_000 })
  await server.hasWorkers(2)
  await server.assertClean({ allows: [/./] })
})

test('workers that die again and again are restarted ever more slowly, and the server recovers', async () => {
  const dying = (file: string) =>
    appOf(
      '1',
      `import { existsSync } from 'node:fs'\nif (existsSync(${JSON.stringify(file)})) process.exit(9)`,
    )
  const server = await start({ workers: 1, app: appOf() })
  const first = await server.hasWorkers(1)
  server.writeApp(dying(server.path('trap')))
  server.signal('SIGHUP')
  const [old = 0] = await server.hasWorkers(1, { not: first })
  server.write('trap', '')
  const end = server.logEnd()
  process.kill(old, 'SIGKILL')
  const boots = () =>
    server
      .log()
      .slice(end)
      .match(/Booting worker with pid/g)?.length ?? 0
  await eventually(() => boots() >= 3, { within: 20_000, what: () => `three boots; ${boots()}` })
  // Without a back-off a process that dies at once boots some ten times a second.
  await steadily(() => boots() < 12, { during: 3000, what: 'fewer than twelve boots' })
  server.unlink('trap')
  await server.serving({ within: 40_000 })
  await server.assertClean({ allows: [/./] })
})

test('at the first start workers that die before they are ready end it with 3', async () => {
  const server = await start({
    workers: 2,
    app: `process.exit(9)\n`,
    until: 'spawned',
    args: ['-p', 'server.pid'],
  })
  expect(await server.exited({ within: 40_000 })).toEqual({ code: 3, signal: null })
  await server.logged(/Worker failed to boot/)
  await server.assertClean({ code: 3, allows: [/./] })
})
