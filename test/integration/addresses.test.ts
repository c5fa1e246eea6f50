import { existsSync, linkSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { run, start } from '../support/daemon.ts'
import { builtProgram, freePort } from '../support/machine.ts'
import { sharedFolder } from '../support/shared-folder.ts'

const listen = async (where: number | string): Promise<Server> => {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((done, failed) => {
    server.once('error', failed)
    if (typeof where === 'number') server.listen(where, '127.0.0.1', done)
    else server.listen(where, done)
  })
  onTestFinished(() => {
    server.close()
  })
  return server
}

/** A listening socket's descriptor, to be inherited; close the server once the child has its copy. */
const descriptorOf = (server: Server): number => {
  const { _handle: handle } = server as unknown as { _handle: { fd: number } }
  return handle.fd
}

test('a port in use: retried, then exit 1 with the address and the reason', async () => {
  const port = await freePort()
  await listen(port)
  const { code, stderr, daemon } = await run({ bind: [`127.0.0.1:${port}`] })
  expect(code).toBe(1)
  expect(stderr).toMatch(new RegExp(`Connection in use: \\('127\\.0\\.0\\.1', ${port}\\)`))
  expect(stderr).toMatch(/Retrying/i)
  expect(stderr).toMatch(/Can't connect to/)
  await daemon.assertClean({ code: 1, allows: [/./] })
})

test('a port that becomes free between the retries is taken', async () => {
  const port = await freePort()
  const other = await listen(port)
  const server = await start({ bind: [`127.0.0.1:${port}`], target: { port }, until: 'spawned' })
  await server.logged(/Connection in use/)
  other.close()
  await server.serving()
  await server.assertClean({ allows: [/Connection in use|Retrying/i] })
})

test('several addresses are served at once, TCP and unix', async () => {
  const second = await freePort()
  const server = await start({
    workers: 2,
    bind: ['127.0.0.1:PORT', `127.0.0.1:${second}`, 'unix:server.sock'],
  })
  expect(await server.get('/')).toBe('hello 1')
  expect(await server.get('/', { port: second })).toBe('hello 1')
  expect(await server.get('/', { path: server.path('server.sock') })).toBe('hello 1')
  await server.logged(/Listening at: .*,.*,.*server\.sock/)
  await server.assertClean()
  expect(existsSync(server.path('server.sock'))).toBe(false)
})

test('the mode of a unix socket follows umask', async () => {
  const server = await start({ bind: ['127.0.0.1:PORT', 'unix:server.sock'], args: ['--umask', '0o117'] })
  expect((statSync(server.path('server.sock')).mode & 0o777).toString(8)).toBe('660')
  await server.assertClean()
  const open = await start({ bind: ['127.0.0.1:PORT', 'unix:server.sock'] })
  expect((statSync(open.path('server.sock')).mode & 0o777).toString(8)).toBe('777')
  await open.assertClean()
})

test('a stale unix socket is replaced', async () => {
  const path = `${sharedFolder()}/stale.sock`
  const old = await start({ bind: ['127.0.0.1:PORT', `unix:${path}`], workers: 1 })
  // Killed all at once: nobody unlinks the socket.
  for (const { pid } of old.processes()) process.kill(pid, 'SIGKILL')
  await old.gone()
  expect(existsSync(path)).toBe(true)
  const server = await start({ bind: [`unix:${path}`], target: { path } })
  expect(await server.get()).toBe('hello 1')
  await server.assertClean()
  expect(existsSync(path)).toBe(false)
})

test('a unix socket on which a server answers is refused, and that server keeps it', async () => {
  const first = await start({ bind: ['127.0.0.1:PORT', 'unix:server.sock'] })
  const path = first.path('server.sock')
  const { code, stderr, daemon } = await run({ bind: [`unix:${path}`] })
  expect(code).toBe(1)
  expect(stderr).toContain(path)
  await daemon.assertClean({ code: 1, allows: [/./] })
  expect(await first.get('/', { path })).toBe('hello 1')
  await first.assertClean()
})

test('a file that is no socket is not overwritten', async () => {
  const { code, stderr, daemon } = await run({
    bind: ['unix:precious.txt'],
    files: { 'precious.txt': 'data' },
  })
  expect(code).toBe(1)
  expect(stderr).toMatch(/precious\.txt/)
  expect(daemon.read('precious.txt')).toBe('data')
  await daemon.assertClean({ code: 1, allows: [/./] })
})

test('an inherited descriptor is served as fd://N', async () => {
  const port = await freePort()
  const holder = await listen(port)
  const server = await start({
    bind: ['fd://3'],
    inherit: [descriptorOf(holder)],
    target: { port },
    until: 'spawned',
  })
  holder.close()
  await server.serving()
  expect(await server.get()).toBe('hello 1')
  await server.assertClean()
})

test('sockets passed by systemd are served instead of the bind setting, and stay', async () => {
  const port = await freePort()
  const folder = sharedFolder()
  const path = `${folder}/activated.sock`
  const holders = [await listen(port), await listen(`${folder}/made.sock`)]
  // Node unlinks a socket's path with the socket; the second name stays.
  linkSync(`${folder}/made.sock`, path)
  const server = await start({
    // LISTEN_PID is the pid of the process that shall listen: the shell's, which becomes the server.
    program: ['/bin/sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=2 exec "$@"', 'sh', process.execPath, builtProgram],
    bind: [],
    inherit: holders.map(descriptorOf),
    target: { port },
    until: 'spawned',
  })
  for (const holder of holders) holder.close()
  await server.serving()
  expect(await server.get('/', { path })).toBe('hello 1')
  // Workers must not believe that they were activated themselves.
  expect(await server.get('/env?LISTEN_FDS')).toBe('undefined')
  await server.assertClean()
  expect(existsSync(path)).toBe(true)
})
