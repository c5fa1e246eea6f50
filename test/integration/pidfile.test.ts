import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { run, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { isAlive } from '../support/processes.ts'
import { sharedFolder } from '../support/shared-folder.ts'

test('the pidfile holds the pid, is readable by all, and goes with the server', async () => {
  const server = await start({ args: ['-p', 'server.pid'] })
  expect(server.read('server.pid')).toBe(`${server.pid}\n`)
  expect((statSync(server.path('server.pid')).mode & 0o777).toString(8)).toBe('644')
  await server.assertClean()
  expect(existsSync(server.path('server.pid'))).toBe(false)
})

test('a living owner refuses a second start: exit 1, the owner untouched', async () => {
  const first = await start({ args: ['-p', 'server.pid'] })
  const { code, stderr, daemon } = await run({ args: ['-p', first.path('server.pid')] })
  expect(code).toBe(1)
  expect(stderr).toMatch(new RegExp(`Already running on PID ${first.pid}`))
  expect(first.read('server.pid')).toBe(`${first.pid}\n`)
  expect(await first.get()).toBe('hello 1')
  await daemon.assertClean({ code: 1, allows: [/./] })
  await first.assertClean()
})

test.each([
  ['a pid that no process has', '4194000\n'],
  ['the pid of a process that is no server', `${process.pid}\n`],
  ['nonsense', 'what is this\n'],
  ['nothing', ''],
])('a pidfile with %s is taken over', async (_name, text) => {
  const path = `${sharedFolder()}/stale.pid`
  writeFileSync(path, text)
  const server = await start({ args: ['-p', path] })
  expect(readFileSync(path, 'utf8')).toBe(`${server.pid}\n`)
  await server.assertClean({ allows: [/stale|pid ?file/i] })
  expect(existsSync(path)).toBe(false)
})

test('of two starts racing for a pidfile one wins', async () => {
  const path = `${sharedFolder()}/race.pid`
  const options = { args: ['-p', path], until: 'spawned' } as const
  const racers = await Promise.all([start(options), start(options), start(options)])
  const winner = await eventually(
    () => {
      const pid = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
      return racers.find((racer) => racer.pid === pid)
    },
    { within: 15_000 },
  )
  const losers = racers.filter((racer) => racer !== winner)
  for (const loser of losers) expect(await loser.exited()).toEqual({ code: 1, signal: null })
  await winner.serving()
  expect(readFileSync(path, 'utf8')).toBe(`${winner.pid}\n`)
  for (const loser of losers) await loser.assertClean({ code: 1, allows: [/./] })
  await winner.assertClean()
  expect(existsSync(path)).toBe(false)
})

test('after kill -9 of the master its workers leave, and the next start with the same pidfile serves', async () => {
  const path = `${sharedFolder()}/server.pid`
  const first = await start({ workers: 2, args: ['-p', path] })
  const workers = await first.hasWorkers(2)
  process.kill(first.pid, 'SIGKILL')
  await first.gone({ within: 2000 })
  for (const pid of workers) expect(isAlive(pid)).toBe(false)
  expect(readFileSync(path, 'utf8')).toBe(`${first.pid}\n`)
  const second = await start({
    workers: 2,
    args: ['-p', path],
    bind: [`127.0.0.1:${first.port}`],
    target: first.target,
  })
  expect(readFileSync(path, 'utf8')).toBe(`${second.pid}\n`)
  await second.assertClean({ allows: [/stale|pid ?file/i] })
})

test('kill -9 of the master while a worker hangs: the next start on the same address serves', async () => {
  const path = `${sharedFolder()}/server.pid`
  const first = await start({ workers: 2, args: ['-p', path] })
  await first.hold('/hang')
  process.kill(first.pid, 'SIGKILL')
  const second = await start({
    workers: 2,
    args: ['-p', path],
    bind: [`127.0.0.1:${first.port}`],
    target: first.target,
    until: 'spawned',
  })
  // Until then it may be a worker of the first that answers.
  await first.gone()
  await second.allReady()
  await second.assertClean({ allows: [/stale|pid ?file|Ended what/i] })
})
