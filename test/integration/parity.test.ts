/**
 * Points in which Gunicorn 26 was run beside this server and gave the outcome that is expected here. They are what
 * a user of Gunicorn relies on without having read about it.
 */
import { lchownSync, readlinkSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { expect, test } from 'vitest'
import { type Daemon, run, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { builtProgram, freePort } from '../support/machine.ts'

/** Sends USR2 and gives the new master's pid once it has written it. */
const upgraded = async (server: Daemon): Promise<number> => {
  server.signal('SIGUSR2')
  return await eventually(() => Number(server.read('server.pid.2')) || undefined)
}

test('each signal to a worker has the outcome it has for Gunicorn, and two workers serve again', async () => {
  const server = await start({ workers: 2 })
  const outcomes = [
    ['SIGTERM', 'Worker exiting \\(pid: PID\\)'],
    ['SIGINT', 'Worker exiting \\(pid: PID\\)'],
    ['SIGQUIT', 'Worker exiting \\(pid: PID\\)'],
    ['SIGABRT', '\\[ERROR\\] Worker \\(pid:PID\\) exited with code 1\\.'],
    ['SIGKILL', '\\[ERROR\\] Worker \\(pid:PID\\) was sent SIGKILL! Perhaps out of memory\\?'],
    ['SIGSEGV', '\\[WARNING\\] Worker \\(pid:PID\\) was sent SIGSEGV!'],
    ['SIGALRM', '\\[WARNING\\] Worker \\(pid:PID\\) was sent SIGALRM!'],
  ] as const
  for (const [signal, words] of outcomes) {
    const [victim = 0] = await server.allReady()
    server.signal(signal, victim)
    await server.logged(new RegExp(words.replace('PID', String(victim))))
    await server.hasWorkers(2, { not: [victim] })
  }
  await server.allReady()
  await server.assertClean({ allows: [/exited with code 1/, /was sent SIG/] })
})

test.each(['SIGUSR1', 'SIGWINCH', 'SIGPIPE', 'SIGCONT'] as const)(
  '%s ends neither a worker nor the master',
  async (signal) => {
    const server = await start({ workers: 1 })
    const workers = await server.allReady()
    for (const pid of [server.pid, ...workers]) server.signal(signal, pid)
    const end = server.logEnd()
    server.signal('SIGTTIN')
    await server.logged(/Handling signal: ttin/, { after: end })
    expect(await server.hasWorkers(2)).toEqual(expect.arrayContaining([...workers]))
    await server.assertClean()
  },
)

test.each(['SIGALRM', 'SIGVTALRM'] as const)('%s has its default action on the master', async (signal) => {
  const server = await start({ workers: 2, args: ['-p', 'server.pid'] })
  server.signal(signal)
  expect(await server.exited()).toEqual({ code: null, signal })
  await server.gone()
  expect(server.exists('server.pid')).toBe(true)
})

test('TERM to a stopped master is heard when it continues', async () => {
  const server = await start({ workers: 2, args: ['-p', 'server.pid'] })
  server.signal('SIGSTOP')
  expect(await server.get()).toBe('hello 1')
  server.signal('SIGTERM')
  server.signal('SIGCONT')
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  await server.assertClean()
})

test('workers = 0 listens and waits; TTIN brings the first worker', async () => {
  const server = await start({ workers: 0, until: 'spawned' })
  await server.logged(/Listening at:/)
  server.signal('SIGTTIN')
  await server.serving()
  await server.hasWorkers(1)
  await server.assertClean()
})

test('all workers killed at once: the master serves on with as many new ones', async () => {
  const server = await start({ workers: 3 })
  const old = await server.hasWorkers(3)
  for (const pid of old) server.signal('SIGKILL', pid)
  await server.hasWorkers(3, { not: old })
  await server.allReady()
  await server.assertClean({ allows: [/was sent SIGKILL/] })
})

test('a burst of HUP, TTIN and TTOU ends with the configured number', async () => {
  const server = await start({ workers: 2 })
  const old = await server.hasWorkers(2)
  for (const signal of ['SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGHUP', 'SIGTTIN', 'SIGHUP'] as const) {
    const after = server.logEnd()
    server.signal(signal)
    await server.logged(/Handling signal/, { after })
  }
  await server.hasWorkers(2, { not: old, within: 30_000 })
  expect(await server.get()).toBe('hello 1')
  await server.assertClean()
})

const addresses = [
  ['0.0.0.0:PORT', 'http://0.0.0.0:PORT'],
  [':PORT', 'http://0.0.0.0:PORT'],
  ['LOCALHOST:PORT', 'http://127.0.0.1:PORT'],
  ['tcp://127.0.0.1:PORT', 'http://127.0.0.1:PORT'],
  ['unix:s.sock', 'unix:s.sock'],
  ['unix://s.sock', 'unix:s.sock'],
] as const

test.each(addresses)('-b %s is announced as %s', async (address, announced) => {
  const target = address.startsWith('unix') ? { app: helloOnly, until: 'spawned' as const } : {}
  const server = await start({ bind: [address], ...target })
  const words = `Listening at: ${announced.replace('PORT', String(server.port))} (${server.pid})`
  await eventually(() => server.log().includes(words), { what: () => `${words} in\n${server.log()}` })
  await server.assertClean()
})

const helloOnly = `export default (_req, res) => res.end('hello')\n`

test('port 0 is announced as the port that was given', async () => {
  const server = await start({ bind: ['127.0.0.1:0'], app: helloOnly, until: 'spawned' })
  const [, port] = await server.logged(/Listening at: http:\/\/127\.0\.0\.1:([1-9]\d*) /)
  await eventually(async () => (await server.get('/', { port: Number(port) })) === 'hello')
  await server.assertClean()
})

test('pidfile, logs and sockets named relatively are found where --chdir says', async () => {
  const server = await start({
    bind: ['127.0.0.1:PORT', 'unix:s.sock'],
    args: ['--chdir', 'sub', '-p', 'x.pid', '--error-logfile', 'e.log', '--access-logfile', 'a.log'],
    files: { 'sub/app.mjs': helloOnly },
    appArgument: './app.mjs',
  })
  for (const name of ['x.pid', 's.sock', 'e.log', 'a.log']) expect(server.exists(`sub/${name}`)).toBe(true)
  await server.assertClean()
})

test.each(['', 'abc\n', '0\n', '999999999\n'])(
  'a pidfile that holds %j does not stop a start',
  async (text) => {
    const server = await start({ args: ['-p', 'server.pid'], files: { 'server.pid': text } })
    expect(server.read('server.pid')).toBe(`${server.pid}\n`)
    await server.assertClean()
  },
)

test('a pidfile that another took over is left alone', async () => {
  const server = await start({ args: ['-p', 'mine.pid'] })
  server.write('mine.pid', '1\n')
  server.signal('SIGTERM')
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  expect(server.read('mine.pid')).toBe('1\n')
})

test('HUP moves the pidfile, the environment and the process titles', async () => {
  const config = (version: number) => ({
    pidfile: `${version}.pid`,
    raw_env: [`V${version}=yes`],
    proc_name: `name${version}`,
  })
  const server = await start({ workers: 1, config: config(1) })
  server.rewriteConfig(config(2))
  await server.reload()
  expect([server.exists('1.pid'), server.exists('2.pid')]).toEqual([false, true])
  expect([await server.get('/env?V1'), await server.get('/env?V2')]).toEqual(['undefined', 'yes'])
  const titles = server.processes().map(({ command }) => command)
  expect(titles.filter((title) => title.includes('[name2]'))).toHaveLength(2)
  await server.assertClean()
})

test('a daemon has the null device for its three descriptors and umask 022', async () => {
  const server = await start({ args: ['-D', '-p', 'server.pid', '--error-logfile', 'error.log'] })
  const master = server.masterPid()
  for (const pid of [master, ...server.workerPids(master)])
    expect([0, 1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))).toEqual(Array(3).fill('/dev/null'))
  expect(await server.get('/umask')).toBe('22')
  expect(statSync(server.path('error.log')).mode & 0o777).toBe(0o644)
  await server.assertClean({ keeps: ['error.log'] })
})

test('with -R a daemon goes on printing where its start printed', async () => {
  const app = `export default (_req, res) => { console.log('printed'); res.end('hello') }\n`
  const server = await start({ app, args: ['-D', '-R', '-p', 'server.pid'] })
  await eventually(() => server.stdout().includes('printed'))
  await server.assertClean()
})

test('logs on a full disk: requests are answered, the exit is 0', async () => {
  const server = await start({ args: ['--error-logfile', '/dev/full', '--access-logfile', '/dev/full'] })
  expect(await server.get()).toBe('hello 1')
  server.signal('SIGTERM')
  expect(await server.exited()).toEqual({ code: 0, signal: null })
})

test('with its three descriptors closed it serves', async () => {
  const program = ['sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh', process.execPath, builtProgram]
  const server = await start({ program })
  expect(await server.get()).toBe('hello 1')
  await server.assertClean()
})

test('the port of another server: each retry is logged, nothing is left', async () => {
  const other = createServer()
  const port = await new Promise<number>((resolve) => {
    other.listen(0, '127.0.0.1', () => resolve(Number((other.address() as { port: number }).port)))
  })
  const server = await start({
    bind: [`127.0.0.1:${port}`],
    args: ['-p', 'server.pid'],
    until: 'spawned',
  })
  expect(await server.exited()).toEqual({ code: 1, signal: null })
  other.close()
  expect(server.log().match(/\[ERROR\] Connection in use: /g)?.length).toBeGreaterThanOrEqual(4)
  expect(server.log()).toContain(`Can't connect to ('127.0.0.1', ${port})`)
  expect(server.exists('server.pid')).toBe(false)
})

test('what a worker answered is in the access log even if it is killed right after', async () => {
  const server = await start({ workers: 1, args: ['--access-logfile', 'access.log'] })
  const [worker = 0] = await server.allReady()
  await eventually(() => server.read('access.log').includes('GET /pid'))
  await server.get('/?last')
  // A line is written when its turn of the event loop ends; another answer is of a later turn.
  await server.get('/')
  server.signal('SIGKILL', worker)
  await server.logged(/was sent SIGKILL/)
  expect(server.read('access.log')).toContain('/?last')
})

test('what was answered before a rotation is in the rotated file', async () => {
  const server = await start({ workers: 1, args: ['--access-logfile', 'access.log'] })
  await server.get('/?before')
  renameSync(server.path('access.log'), server.path('access.log.1'))
  server.signal('SIGUSR1')
  await eventually(() => (server.read('access.log') + server.read('access.log.1')).includes('/?before'))
  expect(server.read('access.log.1')).toContain('/?before')
})

test('--check-config creates no log files', async () => {
  const { code, daemon } = await run({
    args: ['--check-config', '--error-logfile', 'e.log', '--access-logfile', 'a.log'],
  })
  expect(code).toBe(0)
  expect([daemon.exists('e.log'), daemon.exists('a.log')]).toEqual([false, false])
})

test('--check-config finds a log that cannot be opened, and leaves one that is there as it is', async () => {
  const { code, stderr, daemon } = await run({
    files: { 'e.log': 'kept\n' },
    args: ['--check-config', '--error-logfile', 'e.log', '--access-logfile', 'nowhere/a.log'],
  })
  expect(code).toBe(1)
  expect(stderr).toContain('nowhere/a.log')
  expect(daemon.read('e.log')).toBe('kept\n')
})

test('on a unix socket an access line begins with the empty address', async () => {
  const server = await start({
    bind: ['127.0.0.1:PORT', 'unix:server.sock'],
    args: ['--access-logfile', 'access.log'],
  })
  await server.get('/?unix', { path: server.path('server.sock') })
  expect(await eventually(() => server.read('access.log').match(/^.*\?unix.*$/m)?.[0])).toMatch(/^ - - \[/)
})

const root = process.getuid?.() === 0
/** A folder in which workers that dropped their privileges may not make files. */
const rootsLogs = {
  workers: 1,
  args: ['-u', 'nobody', '-g', 'nogroup', '--access-logfile', 'access.log', '--error-logfile', 'error.log'],
}

test.runIf(root)(
  'USR1 after a rotation makes new logs where the worker may not, and it writes them',
  async () => {
    const server = await start(rootsLogs)
    const [worker = 0] = await server.allReady()
    for (const name of ['access.log', 'error.log']) renameSync(server.path(name), server.path(`${name}.1`))
    server.signal('SIGUSR1')
    await eventually(() => server.exists('access.log'))
    await eventually(async () => {
      await server.get('/?after')
      return server.read('access.log').includes('/?after')
    })
    server.signal('SIGTERM', worker)
    await eventually(() => server.read('error.log').includes(`Worker exiting (pid: ${worker})`))
    for (const name of ['access.log', 'error.log']) expect(statSync(server.path(name)).uid).toBe(65534)
  },
)

test.runIf(root)(
  'a log that is a link of the workers to another file does not give that file away',
  async () => {
    const server = await start(rootsLogs)
    for (const name of ['access.log', 'error.log']) {
      writeFileSync(server.path(`precious-${name}`), '')
      renameSync(server.path(name), server.path(`${name}.1`))
      symlinkSync(`precious-${name}`, server.path(name))
      lchownSync(server.path(name), 65534, 65534)
    }
    server.signal('SIGUSR1')
    // The worker may not write the files that are not its own.
    await eventually(() => server.read('error.log.1').includes('a log stays where it was'))
    for (const name of ['access.log', 'error.log']) {
      expect(statSync(server.path(`precious-${name}`)).uid).toBe(0)
    }
  },
)

test('a worker that boots during a rotation writes the new log', async () => {
  const app = `import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
while (!existsSync('go')) await setTimeout(10)
export default (_req, res) => res.end('hello')
`
  const server = await start({ app, workers: 1, args: ['--access-logfile', 'access.log'], until: 'spawned' })
  await eventually(() => server.exists('access.log'))
  renameSync(server.path('access.log'), server.path('access.log.1'))
  server.signal('SIGUSR1')
  await server.logged(/Handling signal: usr1/)
  server.write('go', '')
  await server.serving()
  await eventually(async () => {
    await server.get('/?new')
    return server.read('access.log').includes('/?new')
  })
  expect(server.read('access.log.1')).toBe('')
})

test('an unknown flag is named, with the nearest one: exit 2', async () => {
  const { code, stderr } = await run({ args: ['--wokers', '2'] })
  expect(code).toBe(2)
  expect(stderr).toContain("Did you mean '--workers'?")
  expect(stderr).not.toContain('fault of tsgunicorn')
})

test('the configuration is searched where the command was given, not where --chdir says', async () => {
  const server = await start({
    args: ['--chdir', 'sub'],
    config: { workers: 2 },
    files: { 'sub/app.mjs': helloOnly, 'sub/gunicorn.conf.ts': 'export default { workers: 3 }\n' },
    appArgument: './app.mjs',
  })
  await server.hasWorkers(2, { within: 3000 })
})

test('a file after -c is searched where the command was given, not where --chdir says', async () => {
  const server = await start({
    args: ['-c', 'my.conf.ts', '--chdir', 'sub'],
    files: { 'sub/app.mjs': helloOnly, 'my.conf.ts': 'export default { workers: 2 }\n' },
    appArgument: './app.mjs',
    until: 'spawned',
  })
  await server.hasWorkers(2, { within: 3000 })
})

test('started in a directory that is gone: an error, not a stack', async () => {
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

test('a long flag may be shortened as long as it is the only one that begins so', async () => {
  const { code } = await run({ args: ['--log-lev', 'debug', '--graceful', '5', '--check-config'] })
  expect(code).toBe(0)
})

test('sockets passed by systemd are those of the new master, too', async () => {
  const port = await freePort()
  const holder = createNetServer((socket) => socket.destroy())
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

test('two Host fields are refused', async () => {
  const server = await start({ workers: 1 })
  const client = await server.hold('/slow?1')
  client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n')
  await client.answer()
  expect((await client.answer()).status).toBe(400)
})
