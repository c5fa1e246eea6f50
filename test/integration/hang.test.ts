import { expect, test } from 'vitest'
import { endlessBootApp } from '../support/apps.ts'
import { start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startLoad } from '../support/load.ts'
import { isAlive } from '../support/processes.ts'

test('a worker whose event loop is blocked is named with its stack and its request, and replaced in time', async () => {
  const server = await start({ workers: 2, args: ['--timeout', '2'] })
  const old = await server.hasWorkers(2)
  const began = performance.now()
  const client = await server.hold('/hang?password=hidden')
  await server.logged(/\[CRITICAL\] WORKER TIMEOUT \(pid:\d+\)/)
  const match = await server.logged(/WORKER TIMEOUT \(pid:(\d+)\)/)
  const pid = Number(match[1])
  expect(old).toContain(pid)
  await client.ended()
  const now = await server.hasWorkers(2, { not: [pid] })
  // timeout + 2 s, and what the machine needs to start a process.
  expect(performance.now() - began).toBeLessThan(5500)
  expect(now.filter((other) => old.includes(other))).toHaveLength(1)
  await server.logged(/blockForever/)
  await server.logged(/app\.mjs/)
  await server.logged(/GET \/hang/)
  await server.assertClean({ allows: [/./] })
})

test('while one worker hangs the others answer', async () => {
  const server = await start({ workers: 2, args: ['--timeout', '3'] })
  await server.hasWorkers(2)
  await server.hold('/hang')
  // Connections that the blocked worker had already accepted wait for it; new ones do not go there.
  const load = await startLoad(server.target, { mode: 'fresh', rate: 100 })
  await server.logged(/WORKER TIMEOUT/)
  await load.answered(50)
  const report = await load.stop()
  expect(report.failures.length).toBeLessThanOrEqual(1)
  await server.assertClean({ allows: [/./] })
})

test('a stopped process (SIGSTOP) is silent, too', async () => {
  const server = await start({ workers: 1, args: ['--timeout', '1'] })
  const [pid = 0] = await server.hasWorkers(1)
  process.kill(pid, 'SIGSTOP')
  await server.logged(new RegExp(`WORKER TIMEOUT \\(pid:${pid}\\)`))
  await eventually(() => !isAlive(pid), { within: 6000 })
  await server.hasWorkers(1, { not: [pid] })
  await server.assertClean({ allows: [/./] })
})

test('a slow request that awaits is not a hang', async () => {
  const server = await start({ workers: 1, args: ['--timeout', '1'] })
  const client = await server.hold('/slow?3000')
  expect((await client.answer()).status).toBe(200)
  client.close()
  await server.assertClean()
})

test('timeout 0 never judges', async () => {
  const server = await start({ workers: 1, args: ['--timeout', '0'] })
  expect(await server.get()).toBe('hello 1')
  await server.assertClean()
})

test('a boot longer than boot_timeout ends the first start with 3', async () => {
  const server = await start({
    workers: 2,
    app: endlessBootApp,
    config: { boot_timeout: 1 },
    until: 'spawned',
  })
  expect(await server.exited({ within: 30_000 })).toEqual({ code: 3, signal: null })
  await server.logged(/WORKER BOOT TIMEOUT/)
  await server.assertClean({ code: 3, allows: [/./] })
})

test('timeout does not count while a worker boots', async () => {
  const server = await start({
    workers: 1,
    app: `await new Promise((r) => setTimeout(r, 2500))\nexport default (req, res) => res.end('hello 1')`,
    args: ['--timeout', '1'],
  })
  expect(await server.get()).toBe('hello 1')
  await server.assertClean()
})

test('a reload whose workers exceed boot_timeout fails, the old ones serve on', async () => {
  const server = await start({ workers: 1, config: { boot_timeout: 2 } })
  const old = await server.hasWorkers(1)
  server.write('app.mjs', endlessBootApp)
  server.signal('SIGHUP')
  await server.logged(/\[ERROR\].*reload/i)
  expect(await server.hasWorkers(1)).toEqual(old)
  expect(await server.get()).toBe('hello 1')
  await server.assertClean({ allows: [/./] })
})
