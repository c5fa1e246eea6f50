/**
 * The server as systemd sees it: what it is told, what it keeps, and what it starts. systemd itself is not there in a
 * container; notify-manager.py stands in for it where a program of its own does not.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { appOf, noPython, wsgiAppOf } from '../support/apps.ts'
import { start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startLoad } from '../support/load.ts'
import { builtProgram, freePort, repository } from '../support/machine.ts'
import { startService } from '../support/service.ts'
import { sharedFolder } from '../support/shared-folder.ts'
import { startWsgi } from '../support/wsgi.ts'

const has = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0

describe.skipIf(noPython)('a service', () => {
  test('tells of its start, of reloads good and bad, of an upgrade and of its end', async () => {
    const service = await startService({
      workers: 2,
      config: { graceful_timeout: 5, boot_timeout: 7 },
      env: { WATCHDOG_USEC: '1500000' },
    })
    const { server } = service
    const first = server.masterPid()
    expect(await service.told({ READY: '1' })).toMatchObject({
      pid: first,
      MAINPID: String(first),
      STATUS: expect.stringMatching(/^2 workers, generation 1, \d+ requests$/),
    })
    // Workers do not speak for the service.
    expect(await server.get('/env?NOTIFY_SOCKET')).toBe('undefined')

    let after = service.said().length
    await server.reload()
    const reloading = await service.told({ RELOADING: '1' }, after)
    expect(Number(reloading['MONOTONIC_USEC'])).toBeLessThanOrEqual(Number(process.hrtime.bigint() / 1000n))
    expect(reloading['EXTEND_TIMEOUT_USEC']).toBe('37000000')
    await service.told({ READY: '1', STATUS: /^2 workers, generation 2, [1-9]\d* requests$/ }, after)

    after = service.said().length
    server.rewriteConfig('export default { workers: ')
    server.signal('SIGHUP')
    await service.told({ RELOADING: '1' }, after)
    await service.told({ READY: '1', STATUS: /^2 workers, generation 2, .*; not reloaded: \S/ }, after)
    server.rewriteConfig({ graceful_timeout: 5 })

    after = service.said().length
    server.signal('SIGUSR2')
    await server.logged(/The new master is ready/)
    const second = server.masterPid('server.pid.2')
    // The old one is the service until its end: nothing of a stop, and nothing of the new one.
    expect(
      service
        .said()
        .slice(after)
        .filter((one) => one['WATCHDOG'] !== '1'),
    ).toEqual([])
    server.signal('SIGTERM', first)
    expect(await service.told({ MAINPID: String(second) }, after)).toMatchObject({ pid: first })
    expect(await service.told({ READY: '1', pid: second }, after)).toMatchObject({ MAINPID: String(second) })
    expect(
      service
        .said()
        .slice(after)
        .some((one) => one['STOPPING'] === '1'),
    ).toBe(false)
    await service.told({ FDSTORE: '1', pid: second }, after)
    await service.told({ WATCHDOG: '1', pid: second }, after)
    expect(await server.get()).toBe('hello 1')

    server.signal('SIGTERM', second)
    expect(await service.told({ STOPPING: '1' }, after)).toMatchObject({
      pid: second,
      EXTEND_TIMEOUT_USEC: '35000000',
    })
    await service.told({ ended: 0 }, after)
    expect(service.said().at(-1)?.kept).toEqual([])
    // Nobody spoke who may not under NotifyAccess=main.
    expect(service.said().filter((one) => one['denied'] !== undefined)).toEqual([])
    await server.gone()
    await server.assertClean({ allows: [/configuration not reloaded/, /\[ERROR\] Unexpected end of file/] })
  })

  test.each([
    ['Node', appOf()],
    ['WSGI', wsgiAppOf()],
  ])('comes back to its sockets when its master is killed: nobody is refused (%s)', async (language, app) => {
    const path = join(sharedFolder(), 'kept_1.sock')
    const service = await startService({
      app,
      workers: 2,
      bind: ['127.0.0.1:PORT', `unix:${path}`],
      config: { graceful_timeout: 5 },
    })
    const { server } = service
    const [tcp, unix] = [
      await startLoad(server.target, { rate: 150 }),
      await startLoad({ path }, { rate: 150 }),
    ]
    const stored = (await service.order('kept')).kept
    expect(stored).toHaveLength(2)
    const killed = server.masterPid()
    const after = service.said().length
    await service.order('kill')
    await service.order('start')
    await eventually(() => server.masterPid() !== killed && server.masterPid() > 0)
    await service.told({ READY: '1' }, after)
    await Promise.all([tcp.answered(60), unix.answered(60)])
    // They are in the store already.
    expect(
      service
        .said()
        .slice(after)
        .some((one) => one['FDSTORE'] === '1'),
    ).toBe(false)
    for (const report of [await tcp.stop(), await unix.stop()]) {
      expect(report.failures.filter(({ kind }) => kind === 'refused')).toEqual([])
      // What a worker had in hand when it saw its master die, it finished. A front and its worker see it each by
      // itself: of what they had in hand, no more than the clients' eight connections, some may be lost.
      expect(report.failures.length).toBeLessThanOrEqual(language === 'Node' ? 0 : 8)
    }
    server.signal('SIGTERM')
    await server.gone()
    expect(service.said().at(-1)?.kept).toEqual([])
    expect(existsSync(path)).toBe(false)
    await server.assertClean()
  })

  test('whose bind changes has the store changed, and takes of it what bind still names', async () => {
    const ports = [await freePort(), await freePort(), await freePort()]
    const path = join(sharedFolder(), 'kept.sock')
    const bind = (...at: number[]) => ({ bind: [...at.map((n) => `127.0.0.1:${ports[n]}`), `unix:${path}`] })
    const service = await startService({
      workers: 1,
      bind: [],
      config: bind(0, 1),
      target: { port: ports[1] ?? 0 },
    })
    const { server } = service
    const kept = async () => (await service.order('kept')).kept?.map((name) => name.replace(/.*_3A/, ''))
    const names = (...at: number[]) => [...at.map((n) => String(ports[n])).sort(), path]
    expect(await kept()).toEqual(names(0, 1))
    server.rewriteConfig(bind(1, 2))
    await server.reload()
    expect(await kept()).toEqual(names(1, 2))
    // Killed, and found with another configuration than it had, and without its path.
    const killed = server.masterPid()
    await service.order('kill')
    server.rewriteConfig(bind(0, 1))
    rmSync(path)
    await service.order('start')
    await eventually(() => server.masterPid() !== killed && server.masterPid() > 0)
    await eventually(async () => (await kept())?.join() === names(0, 1).join())
    for (const n of [0, 1]) expect(await server.get('/', { port: ports[n] ?? 0 })).toBe('hello 1')
    await expect(server.get('/', { port: ports[2] ?? 0 })).rejects.toThrow(/refused/i)
    expect(await server.get('/', { path })).toBe('hello 1')
    await server.assertClean({
      allows: [/A socket that systemd kept \(tsgunicorn-kept-unix\S+kept\.sock\) is not used/],
    })
    expect(existsSync(path)).toBe(false)
  })

  test('asks for time, then feeds the watchdog while workers beat, and not while all hang', async () => {
    const service = await startService({
      workers: 1,
      // A start that takes longer than a second asks for its time.
      app: appOf('1', 'await new Promise((resolve) => setTimeout(resolve, 1300))'),
      config: { timeout: 1, abort_timeout: 2, boot_timeout: 7 },
      env: { WATCHDOG_USEC: '300000' },
    })
    const { server } = service
    const words = service.said().map((one) => Object.keys(one).join())
    expect(words.findIndex((one) => one.includes('EXTEND_TIMEOUT_USEC'))).toBeGreaterThanOrEqual(0)
    expect(words.findIndex((one) => one.includes('EXTEND_TIMEOUT_USEC'))).toBeLessThan(
      words.findIndex((one) => one.includes('READY')),
    )
    expect((await service.told({ EXTEND_TIMEOUT_USEC: '37000000' })).pid).toBe(server.masterPid())
    const fed = () => service.said().filter((one) => one['WATCHDOG'] === '1').length
    await eventually(() => fed() > 3)
    const [worker = 0] = server.workerPids()
    process.kill(worker, 'SIGSTOP')
    await server.logged(/WORKER TIMEOUT/)
    const before = fed()
    await server.logged(/Booting worker[\s\S]*Booting worker/)
    // 150 ms between two feedings, more than two seconds between timeout and successor.
    expect(fed() - before).toBeLessThanOrEqual(2)
    const then = fed()
    await eventually(() => fed() > then + 3)
    await server.assertClean({ allows: [/TIMEOUT|SIGKILL|SIGABRT|stack|ended|abort/i] })
  })
})

test.runIf(has('systemd-socket-activate'))(
  'systemd-socket-activate: TCP and a path, by the first request',
  async () => {
    const port = await freePort()
    const path = join(sharedFolder(), 'activated.sock')
    const server = await start({
      program: [
        'systemd-socket-activate',
        ...['-l', `127.0.0.1:${port}`, '-l', path, '--fdname=web:admin'],
        ...['-E', 'TSG_TEST', '-E', 'TMPDIR', '-E', 'HOME', '-E', 'PATH'],
        process.execPath,
        builtProgram,
      ],
      bind: [],
      workers: 2,
      target: { port },
    })
    expect(await server.get('/', { path })).toBe('hello 1')
    expect(await server.get('/env?LISTEN_FDNAMES')).toBe('undefined')
    expect(server.log()).toContain(`Listening at: http://127.0.0.1:${port},unix:${path}`)
    // The sockets are systemd's: a new master has them, and the end leaves the path.
    await server.reload()
    expect(await server.get('/', { path })).toBe('hello 1')
    await server.assertClean({ allows: [/activate/i] })
    expect(existsSync(path)).toBe(true)
  },
)

/** Its standard error is named as the journal's. */
const underJournal = [
  'sh',
  '-c',
  'JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2) exec "$0" "$@"',
  process.execPath,
  builtProgram,
]

describe('under the journal', () => {
  test('each line of master and workers has its priority', async () => {
    const server = await start({ workers: 1, program: underJournal })
    expect(server.log()).toMatch(/^<6>\[[^\]]+\] \[\d+\] \[INFO\] Starting/m)
    server.rewriteConfig('export default { workers: ')
    server.signal('SIGHUP')
    await server.logged(/^<3>\[[^\]]+\] \[\d+\] \[ERROR\] configuration not reloaded/m)
    const [worker = 0] = server.workerPids()
    expect(server.log()).toMatch(new RegExp(`^<6>\\[[^\\]]+\\] \\[${worker}\\] \\[INFO\\] Booting`, 'm'))
    expect(
      server
        .log()
        .split('\n')
        .filter((line) => line !== '' && !/^<[2-7]>/.test(line)),
    ).toEqual([])
    await server.assertClean({ allows: [/configuration not reloaded/, /\[ERROR\] Unexpected end of file/] })
  })

  test.skipIf(noPython)('as have those of Python workers, tracebacks included', async () => {
    const server = await startWsgi({ workers: 1, program: underJournal })
    await server.request('/raise/before')
    await server.logged(/^<3> {2}Traceback/m)
    expect(server.log()).toMatch(/^<3>\[[^\]]+\] \[\d+\] \[ERROR\] Error handling request/m)
    expect(server.log()).toMatch(/^<6>\[[^\]]+\] \[\d+\] \[INFO\] Booting worker/m)
    await server.assertClean({ allows: [/Error handling request/] })
  })

  test('and a log that leads elsewhere has none', async () => {
    const server = await start({ workers: 1, env: { JOURNAL_STREAM: '1:1' } })
    expect(server.log()).not.toMatch(/^<\d>/m)
    await server.assertClean()
  })
})

/** The unit files of the manual: fences of the language ini, with a name. */
const units = [
  ...[
    ...readFileSync(join(repository, 'docs/systemd.md'), 'utf8').matchAll(/^```ini (\S+)\n([\s\S]*?)^```/gm),
  ].map(([, name = '', text = ''], at) => [`${at + 1}. of docs/systemd.md, ${name}`, name, text] as const),
  ...['app.service', 'app.socket'].map(
    (name) => [`deploy/${name}`, name, readFileSync(join(repository, 'deploy', name), 'utf8')] as const,
  ),
]

const version = (): number =>
  Number(
    /systemd (\d+)/.exec(spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1],
  )

describe.runIf(has('systemd-analyze'))('systemd-analyze verify has nothing to say', () => {
  test.each(units)('%s', (_, name, text) => {
    const folder = sharedFolder()
    // A drop-in is a part of a service; programs and users are another machine's.
    const whole = name.endsWith('.conf') ? `${text}Type=notify\nExecStart=/srv/app/tsgunicorn\n` : text
    const file = join(folder, name.replace('.conf', '.service'))
    writeFileSync(file, whole.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'))
    if (name.endsWith('.socket')) {
      writeFileSync(file.replace('.socket', '.service'), '[Service]\nExecStart=/bin/true\n')
    }
    const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
    const tooOld = version() < 253 ? /.*Failed to parse service type, ignoring: notify-reload\n/ : /(?!)/
    expect(stderr.replace(tooOld, '')).toBe('')
  })

  test('and it would have, if there were something wrong', () => {
    const file = join(sharedFolder(), 'wrong.service')
    writeFileSync(file, '[Service]\nExecStart=/bin/true\nWatchDogSecs=1\n')
    expect(spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' }).stderr).toMatch(
      /WatchDogSecs/,
    )
  })
})
