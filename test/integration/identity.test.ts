import { expect, test } from 'vitest'
import { start } from '../support/daemon.ts'
import { factsOf, statusField } from '../support/processes.ts'

const isRoot = process.getuid?.() === 0

test.runIf(isRoot)('workers drop to user and group, the master keeps its own', async () => {
  const server = await start({
    workers: 2,
    bind: ['127.0.0.1:PORT', 'unix:server.sock'],
    args: ['-u', 'nobody', '-g', '65534', '--umask', '0o117'],
  })
  expect(await server.get('/ids')).toMatch(/^65534:65534$/)
  for (const pid of await server.hasWorkers(2)) {
    // Real, effective, saved and file-system id: none may be left to go back to.
    expect(statusField(pid, 'Uid')).toBe('65534\t65534\t65534\t65534')
    expect(statusField(pid, 'Gid')).toBe('65534\t65534\t65534\t65534')
    expect(statusField(pid, 'Groups')?.trim()).not.toMatch(/(^|\s)0(\s|$)/)
  }
  expect(statusField(server.pid, 'Uid')).toMatch(/^0\t/)
  expect(await server.get('/', { path: server.path('server.sock') })).toBe('hello 1')
  // And a worker that is made later drops as well.
  const old = await server.hasWorkers(2)
  server.signal('SIGHUP')
  for (const pid of await server.hasWorkers(2, { not: old }))
    expect(statusField(pid, 'Uid')).toMatch(/^65534\t65534/)
  await server.assertClean()
})

test.runIf(isRoot)('a worker without privileges still writes its logs, also after USR1', async () => {
  const server = await start({
    workers: 1,
    args: ['-u', 'nobody', '-g', '65534', '--access-logfile', 'access.log', '--error-logfile', 'error.log'],
  })
  expect(await server.get('/cwd')).toBe(server.folder)
  server.signal('SIGUSR1')
  await server.logged(/Handling signal: usr1/)
  expect(await server.get('/cwd')).toBe(server.folder)
  await server.assertClean({ keeps: ['access.log', 'error.log'] })
  expect(server.read('access.log').match(/GET \/cwd/g)).toHaveLength(2)
})

test('chdir is where the application is found and runs', async () => {
  const server = await start({
    files: { 'sub/inner.mjs': `export default (req, res) => res.end('hello ' + process.cwd())` },
    args: ['--chdir', 'sub'],
    appArgument: 'inner.mjs',
  })
  expect(await server.get()).toBe(`hello ${server.path('sub')}`)
  await server.assertClean()
})

test('raw_env reaches the application, and a reload changes it', async () => {
  const server = await start({ config: { raw_env: ['COLOUR=red', 'EQUALS=a=b'] } })
  expect(await server.get('/env?COLOUR')).toBe('red')
  expect(await server.get('/env?EQUALS')).toBe('a=b')
  const old = await server.hasWorkers(1)
  server.rewriteConfig({ raw_env: ['COLOUR=blue'] })
  server.signal('SIGHUP')
  await server.hasWorkers(1, { not: old })
  expect(await server.get('/env?COLOUR')).toBe('blue')
  expect(await server.get('/env?EQUALS')).toBe('undefined')
  await server.assertClean()
})

test('-e on the command line does the same', async () => {
  const server = await start({ args: ['-e', 'COLOUR=green', '--env', 'SIZE=3'] })
  expect(await server.get('/env?COLOUR')).toBe('green')
  expect(await server.get('/env?SIZE')).toBe('3')
  await server.assertClean()
})

test('ps shows master and workers with proc_name', async () => {
  const server = await start({ workers: 1, args: ['-n', 'shop'] })
  const [worker = 0] = await server.hasWorkers(1)
  expect(factsOf(server.pid)?.command).toMatch(/^tsgunicorn: master \[shop\]$/)
  expect(factsOf(worker)?.command).toMatch(/^tsgunicorn: worker \[shop\]$/)
  await server.assertClean()
})

test('the umask setting does not become the umask of the application', async () => {
  const server = await start({ args: ['--umask', '0o117'] })
  expect(await server.get('/umask')).toBe(process.umask().toString(8))
  await server.assertClean()
})

test('the master opens no inspector and answers no HTTP itself', async () => {
  const server = await start({ workers: 1 })
  server.signal('SIGUSR1')
  await server.logged(/Handling signal: usr1/)
  expect(server.log()).not.toMatch(/Debugger listening/)
  await server.assertClean()
})
