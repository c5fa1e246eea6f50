/** Supervisor and logrotate, with the very files that `tsgunicorn init` writes. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { helloApp } from '../support/apps.ts'
import { configText, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startLoad } from '../support/load.ts'
import { builtProgram, freePort } from '../support/machine.ts'
import { isAlive, statusField } from '../support/processes.ts'
import { RawClient, request } from '../support/raw-client.ts'
import { background, giveAway, init, installed, nobody } from '../support/recipes.ts'
import { sharedFolder } from '../support/shared-folder.ts'

const missing = (...names: readonly string[]) => names.find((name) => installed(name) === undefined)
const titled = (what: string, absent: string | undefined) =>
  absent ? `${what} (${absent} is not installed)` : what

const noSupervisor = missing('supervisord', 'supervisorctl')

describe.skipIf(noSupervisor !== undefined)(titled('under Supervisor', noSupervisor), () => {
  /** A project in a folder of its own, and Supervisor with the program that init wrote for it. */
  const supervise = async () => {
    const folder = sharedFolder()
    const port = await freePort()
    const settings = {
      wsgi_app: './app.mjs',
      bind: `127.0.0.1:${port}`,
      workers: 2,
      pidfile: 'server.pid',
      errorlog: 'error.log',
      graceful_timeout: 5,
      control_socket_disable: true,
    }
    writeFileSync(join(folder, 'app.mjs'), helloApp)
    writeFileSync(join(folder, 'gunicorn.conf.ts'), configText(settings))
    writeFileSync(join(folder, 'package.json'), '{ "name": "@shop/Front_End", "type": "module" }\n')
    giveAway(folder, ['app.mjs', 'gunicorn.conf.ts', 'package.json'])
    expect(init(folder, ['supervisor'])).toMatch(/wrote deploy\/supervisor\.conf\nNext:\n/)
    const own = join(sharedFolder(), 'supervisord.conf')
    const socket = join(folder, 'supervisor.sock')
    writeFileSync(
      own,
      `[supervisord]
nodaemon=true
logfile=${own}.log
pidfile=${own}.pid
childlogdir=${folder}
environment=TMPDIR="${folder}",HOME="${folder}"
${process.getuid?.() === 0 ? 'user=root' : ''}
[unix_http_server]
file=${socket}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${socket}
[include]
files=${folder}/deploy/supervisor.conf
`,
    )
    const supervisor = background(installed('supervisord') ?? '', ['-c', own])
    const read = (name: string) =>
      existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : ''
    const log = () => read('error.log')
    const output = () => read('front-end-output.log')
    const pid = () => Number(readFileSync(join(folder, 'server.pid'), 'utf8'))
    const ctl = (...words: string[]) =>
      spawnSync(installed('supervisorctl') ?? '', ['-c', own, ...words], { encoding: 'utf8' }).stdout.trim()
    await eventually(async () => (await request({ port }, '/')).status === 200, {
      within: 15_000,
      what: () => `an answer; Supervisor says:\n${supervisor.output()}\n${log()}`,
    })
    await eventually(() => /RUNNING/.test(ctl('status', 'front-end')), { what: () => ctl('status') })
    return { port, log, output, pid, ctl }
  }

  test("it starts as the project's owner, reloads by HUP under load, restarts, comes back when killed, and drains", async () => {
    const { port, log, output, pid, ctl } = await supervise()
    const first = pid()
    if (process.getuid?.() === 0) expect(statusField(first, 'Uid')?.split('\t')[0]).toBe(String(nobody))
    const load = await startLoad({ port }, { mode: 'keepalive', rate: 80 })
    expect(ctl('signal', 'HUP', 'front-end')).toMatch(/signalled/)
    await eventually(() => /Reloaded: generation 2 serves/.test(log()), { within: 15_000, what: log })
    await load.answered(30)
    expect((await load.stop()).failures).toEqual([])
    expect(pid()).toBe(first)

    // Restart is a stop in order, then a start: who comes in between is refused, and nobody is cut off.
    const calls = await startLoad({ port }, { mode: 'fresh', rate: 80 })
    await calls.answered(20)
    expect(ctl('restart', 'front-end')).toBe('front-end: stopped\nfront-end: started')
    await eventually(() => pid() !== first && isAlive(pid()), { within: 15_000, what: log })
    await calls.answered(20)
    const { failures } = await calls.stop()
    expect(failures.filter(({ kind }) => kind !== 'refused')).toEqual([])
    expect(log()).toMatch(/Shutting down: Master/)
    expect(log()).not.toMatch(/\[(WARNING|ERROR|CRITICAL)\]/)

    const restarted = pid()
    process.kill(restarted, 'SIGKILL')
    await eventually(() => pid() !== restarted && isAlive(pid()), { within: 15_000, what: log })
    await eventually(async () => (await request({ port }, '/')).status === 200, { within: 15_000, what: log })

    const client = await RawClient.connect({ port })
    client.send('GET /slow?4000 HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually(() => /seen \/slow/.test(output()), { what: log })
    const second = pid()
    // What it has in hand is answered; the end is one in order.
    const stopping = client.answer()
    const stopped = ctl('stop', 'front-end')
    expect((await stopping).body).toMatch(/^hello late/)
    client.close()
    expect(stopped).toMatch(/stopped/)
    // The first master was killed; this one had its time.
    expect(log()).toMatch(/Shutting down: Master/)
    expect(isAlive(second)).toBe(false)
    expect(ctl('status', 'front-end')).toMatch(/STOPPED/)
  })
})

const noLogrotate = missing('logrotate')

/** Serves as nobody, in a folder of nobody's, where the tests are root: else as whoever the tests are. */
const asNobody: readonly string[] = [
  'sh',
  '-c',
  process.getuid?.() === 0
    ? `chown ${nobody}:${nobody} . && exec setpriv --reuid=${nobody} --regid=${nobody} --clear-groups "$@"`
    : 'exec "$@"',
  'sh',
  process.execPath,
  builtProgram,
]

describe.skipIf(noLogrotate !== undefined)(titled('under logrotate', noLogrotate), () => {
  test('files are renamed, the server goes on in new ones, and no line is lost', async () => {
    const logs = sharedFolder()
    giveAway(logs, [])
    const [access, error] = [join(logs, 'access.log'), join(logs, 'error.log')]
    const port = await freePort()
    const settings = { wsgi_app: './app.mjs', bind: `127.0.0.1:${port}`, workers: 2, pidfile: 'server.pid' }
    const server = await start({
      program: asNobody,
      config: { ...settings, accesslog: access, errorlog: error },
      appArgument: '',
      bind: [],
      target: { port },
    })
    init(server.folder, ['logrotate'])
    const load = await startLoad(server.target, { rate: 100, path: '/?load' })
    await load.answered(30)
    const rotation = [
      '--force',
      '--state',
      join(sharedFolder(), 'state'),
      server.path('deploy/logrotate.conf'),
    ]
    const { status, stderr } = spawnSync(installed('logrotate') ?? '', rotation, { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    const linesIn = (name: string) =>
      readFileSync(name, 'utf8')
        .split('\n')
        .filter((line) => line.includes('?load')).length
    await eventually(() => existsSync(access) && linesIn(access) > 10, { within: 10_000 })
    const report = await load.stop()
    expect(report.failures).toEqual([])
    await eventually(() => linesIn(access) + linesIn(`${access}.1`) === report.answered, {
      what: () => `${report.answered} lines; there are ${linesIn(access)} and ${linesIn(`${access}.1`)}`,
    })
    expect(readFileSync(`${error}.1`, 'utf8')).toMatch(/Starting tsgunicorn/)
    server.signal('SIGTERM')
    await server.exited()
    expect(readFileSync(error, 'utf8')).toMatch(/Shutting down: Master/)
    await server.assertClean({ keeps: ['deploy'] })
  })
})
