/**
 * Points in which this server differs from Gunicorn 26 and should not. Each is written as it ought to be and is
 * expected to fail (`test.fails`): when one is mended, its test says so, and moves to parity.test.ts.
 */
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { type Daemon, run, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { builtProgram, freePort } from '../support/machine.ts'

const helloOnly = `export default (_req, res) => res.end('hello')\n`

/** Sends USR2 and gives the new master's pid once it has written it. */
const upgraded = async (server: Daemon): Promise<number> => {
  server.signal('SIGUSR2')
  return await eventually(() => Number(server.read('server.pid.2')) || undefined)
}

test('an unknown flag is named, with the nearest one: exit 2', async () => {
  const { code, stderr } = await run({ args: ['--worker', '2'] })
  expect(code).toBe(2)
  expect(stderr).toContain('--workers')
  expect(stderr).not.toContain('fault of tsgunicorn')
})

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

test.fails('the configuration is searched where the command was given, not where --chdir says', async () => {
  const server = await start({
    args: ['--chdir', 'sub'],
    config: { workers: 2 },
    files: { 'sub/app.mjs': helloOnly, 'sub/gunicorn.conf.ts': 'export default { workers: 3 }\n' },
    appArgument: './app.mjs',
  })
  await server.hasWorkers(2, { within: 3000 })
})

test.fails('a file after -c is searched where the command was given, not where --chdir says', async () => {
  const server = await start({
    args: ['-c', 'my.conf.ts', '--chdir', 'sub'],
    files: { 'sub/app.mjs': helloOnly, 'my.conf.ts': 'export default { workers: 2 }\n' },
    appArgument: './app.mjs',
    until: 'spawned',
  })
  await server.hasWorkers(2, { within: 3000 })
})

test('HUP writes a pidfile that was removed', async () => {
  const server = await start({ workers: 1, args: ['-p', 'server.pid'] })
  server.unlink('server.pid')
  await server.reload()
  expect(server.read('server.pid')).toBe(`${server.pid}\n`)
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

test.fails('started in a directory that is gone: an error, not a stack', async () => {
  const { code, stderr } = await run({
    program: [
      'sh',
      '-c',
      'mkdir gone && cd gone && rmdir ../gone && exec "$@"',
      'sh',
      process.execPath,
      builtProgram,
    ],
    appArgument: '../app.mjs',
  })
  expect(code).toBe(1)
  expect(stderr).not.toMatch(/fault of tsgunicorn|^\s+at /m)
})

test('two Host fields are refused', async () => {
  const server = await start({ workers: 1 })
  const client = await server.hold('/slow?1')
  client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n')
  await client.answer()
  expect((await client.answer()).status).toBe(400)
})

test.fails('a long flag may be shortened as long as it is the only one that begins so', async () => {
  const { code } = await run({ args: ['--log-lev', 'debug', '--graceful', '5', '--check-config'] })
  expect(code).toBe(0)
})
