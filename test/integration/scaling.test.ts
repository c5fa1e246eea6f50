import { expect, test } from 'vitest'
import { everyKind } from '../support/apps.ts'
import { start } from '../support/daemon.ts'
import { startMixedLoad } from '../support/load.ts'

test('TTIN adds a worker, TTOU takes the oldest away, never the last one', async () => {
  const server = await start({ workers: 2 })
  const two = await server.hasWorkers(2)
  server.signal('SIGTTIN')
  const three = await server.hasWorkers(3)
  expect(three).toEqual(expect.arrayContaining(two))
  server.signal('SIGTTOU')
  const after = await server.hasWorkers(2)
  expect(after).not.toContain(two[0])
  server.signal('SIGTTOU')
  const [last] = await server.hasWorkers(1)
  const end = server.logEnd()
  server.signal('SIGTTOU')
  await server.logged(/Handling signal: ttou/, { after: end })
  // The next signal is handled after the refused one: the count shows that nothing was taken.
  server.signal('SIGTTIN')
  expect(await server.hasWorkers(2)).toContain(last)
  await server.assertClean()
})

test('signals that come at once are all counted', async () => {
  const server = await start({ workers: 1 })
  for (const count of [2, 3, 4]) {
    server.signal('SIGTTIN')
    await server.logged(new RegExp(`(Handling signal: ttin[^]*){${count - 1}}`))
  }
  await server.hasWorkers(4)
  await server.allReady()
  await server.assertClean()
})

test('HUP brings the configured number back', async () => {
  const server = await start({ config: { workers: 2 } })
  const old = await server.hasWorkers(2)
  server.signal('SIGTTIN')
  const three = await server.hasWorkers(3)
  server.signal('SIGHUP')
  await server.hasWorkers(2, { not: [...old, ...three] })
  await server.assertClean()
})

test.each(everyKind)('%s app: scaling up and down under load loses nothing', async (_kind, appOf) => {
  const server = await start({ app: appOf(), workers: 2, bind: ['127.0.0.1:PORT', 'unix:server.sock'] })
  const load = await startMixedLoad([server.target, { path: server.path('server.sock') }], { rate: 150 })
  for (const [signal, count] of [
    ['SIGTTIN', 3],
    ['SIGTTOU', 2],
    ['SIGTTOU', 1],
    ['SIGTTIN', 2],
  ] as const) {
    server.signal(signal)
    await server.hasWorkers(count)
    await load.answered(60)
  }
  for (const report of await load.stop()) expect(report.failures).toEqual([])
  await server.assertClean()
})
