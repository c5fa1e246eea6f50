/**
 * Points in which this server differs from Gunicorn 26 and should not. Each is written as it ought to be and is
 * expected to fail (`test.fails`): when one is mended, its test says so, and moves to parity.test.ts.
 */
import { renameSync } from 'node:fs'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { type Daemon, run, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { builtProgram, freePort } from '../support/machine.ts'

/** Sends USR2 and gives the new master's pid once it has written it. */
const upgraded = async (server: Daemon): Promise<number> => {
  server.signal('SIGUSR2')
  return await eventually(() => Number(server.read('server.pid.2')) || undefined)
}

test('sockets passed by systemd are those of the new master, too', async () => {
  const port = await freePort()
  const holder = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', () => resolve()))
  const { _handle: handle } = holder as unknown as { _handle: { fd: number } }
  const server = await start({
    program: ['/bin/sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh', process.execPath, builtProgram],
    bind: [`127.0.0.1:${await freePort()}`],
    args: ['-p', 'server.pid'],
    inherit: [handle.fd],
    target: { port },
    until: 'spawned',
  })
  holder.close()
  await server.serving()
  const next = await upgraded(server)
  await server.hasWorkers(1, { master: next })
  await server.logged(new RegExp(`Listening at: http://127\\.0\\.0\\.1:${port} \\(${next}\\)`), {
    within: 3000,
  })
})

test.fails('what a worker answered is in the access log even if it is killed right after', async () => {
  const server = await start({ workers: 1, args: ['--access-logfile', 'access.log'] })
  const [worker = 0] = await server.allReady()
  await eventually(() => server.read('access.log').includes('GET /pid'))
  await server.get('/?last')
  server.signal('SIGKILL', worker)
  await server.logged(/was sent SIGKILL/)
  expect(server.read('access.log')).toContain('/?last')
})

test.fails('what was answered before a rotation is in the rotated file', async () => {
  const server = await start({ workers: 1, args: ['--access-logfile', 'access.log'] })
  await server.get('/?before')
  renameSync(server.path('access.log'), server.path('access.log.1'))
  server.signal('SIGUSR1')
  await eventually(() => (server.read('access.log') + server.read('access.log.1')).includes('/?before'))
  expect(server.read('access.log.1')).toContain('/?before')
})

test('HUP writes a pidfile that was removed', async () => {
  const server = await start({ workers: 1, args: ['-p', 'server.pid'] })
  server.unlink('server.pid')
  await server.reload()
  expect(server.read('server.pid')).toBe(`${server.pid}\n`)
})

test.fails('--check-config creates no log files', async () => {
  const { code, daemon } = await run({
    args: ['--check-config', '--error-logfile', 'e.log', '--access-logfile', 'a.log'],
  })
  expect(code).toBe(0)
  expect([daemon.exists('e.log'), daemon.exists('a.log')]).toEqual([false, false])
})

test('the titles of a new master and its workers are those of Gunicorn', async () => {
  const server = await start({ workers: 1, args: ['-p', 'server.pid', '-n', 'shop'] })
  const next = await upgraded(server)
  await server.hasWorkers(1, { master: next })
  const titled = (role: string) =>
    server.processes().some(({ command }) => command.trim().endsWith(`${role} [shop.2]`))
  await eventually(() => titled('master') && titled('worker'), { what: 'both titles' })
})

test('loglevel debug says more than info', async () => {
  const server = await start({ workers: 1, args: ['--log-level', 'debug'] })
  expect(await server.get('/?seen')).toBe('hello 1')
  await server.logged(/\[DEBUG\] GET \/\?seen/, { within: 2000 })
})

test('Ctrl-C while workers boot is no warning', async () => {
  const server = await start({ workers: 2, until: 'spawned' })
  await server.logged(/Listening at/)
  await eventually(() => server.workers().length === 2)
  for (const { pid } of [...server.workers(), { pid: server.pid }]) server.signal('SIGINT', pid)
  await server.exited()
  expect(server.log()).not.toMatch(/\[WARNING\]/)
})

test('two Host fields are refused', async () => {
  const server = await start({ workers: 1 })
  const client = await server.hold('/slow?1')
  client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n')
  await client.answer()
  expect((await client.answer()).status).toBe(400)
})

const root = process.getuid?.() === 0

test.runIf(root).fails('USR1 after a rotation makes a new access log where the worker may not', async () => {
  const server = await start({
    workers: 1,
    args: ['-u', 'nobody', '-g', 'nogroup', '--access-logfile', 'access.log'],
  })
  renameSync(server.path('access.log'), server.path('access.log.1'))
  server.signal('SIGUSR1')
  await eventually(() => server.exists('access.log'), { within: 3000 })
})
