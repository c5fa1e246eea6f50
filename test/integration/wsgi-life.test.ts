/** What happens to workers, fronts and masters while requests are under way, slow ones too: none of them is lost. */
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startLoad } from '../support/load.ts'
import { isAlive, signalEach } from '../support/processes.ts'
import {
  allServe,
  frontsOf,
  hasPythons,
  modes,
  noPython,
  pythonLabel,
  pythonsOf,
  reloadWsgi,
  startWsgi,
} from '../support/wsgi.ts'
import {
  changeCode,
  hold,
  neverConnected,
  startBoth,
  startTraffic,
  targetsOf,
} from '../support/wsgi-traffic.ts'

describe.skipIf(noPython !== undefined).each(modes)(`%s (${pythonLabel})`, (mode, args) => {
  test('HUP serves the changed code with new workers', async () => {
    const server = await startBoth({ args })
    const traffic = await startTraffic(server)
    for (const version of ['2', '3']) {
      changeCode(server, version)
      await reloadWsgi(server)
      expect(await server.get()).toBe(`hello ${version}`)
      await traffic.goesOn()
    }
    expect(await traffic.stop()).toEqual([])
    await server.assertClean()
  })

  test('TTIN and TTOU change the number of workers', async () => {
    const server = await startBoth({ args })
    const traffic = await startTraffic(server)
    for (const [signal, count] of [
      ['SIGTTIN', 3],
      ['SIGTTOU', 2],
      ['SIGTTOU', 1],
      ['SIGTTIN', 2],
    ] as const) {
      server.signal(signal)
      await hasPythons(server, count)
      await traffic.goesOn()
    }
    expect(await traffic.stop()).toEqual([])
    await server.assertClean()
  })

  test('max_requests replaces workers', async () => {
    const limits = ['--max-requests', '40', '--max-requests-jitter', '20']
    const server = await startBoth({ args: [...args, ...limits] })
    const traffic = await startTraffic(server)
    await server.logged(/Autorestarting worker after current request/)
    await eventually(() => (server.log().match(/Booting worker/g)?.length ?? 0) >= 6, { within: 30_000 })
    expect(await traffic.stop()).toEqual([])
    await hasPythons(server, 2)
    await server.assertClean()
  })

  test('USR2, then TERM to the old master: the new one takes over', async () => {
    const server = await startBoth({ args })
    const traffic = await startTraffic(server)
    changeCode(server, '2')
    server.signal('SIGUSR2')
    await server.logged(/The new master is ready/, { within: 20_000 })
    const successor = Number(server.read('server.pid.2'))
    await hasPythons(server, 2, { master: successor })
    await traffic.goesOn()
    server.signal('SIGTERM', server.pid)
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    await eventually(() => server.read('server.pid') === `${successor}\n`, { within: 10_000 })
    await traffic.goesOn()
    expect(await traffic.stop()).toEqual([])
    expect(await server.get()).toBe('hello 2')
    await server.assertClean()
  })

  test('TERM under full load: what was sent before is answered', async () => {
    const server = await startBoth({ args })
    const slow = await hold(server, '/slow?1.5')
    const modes = ['fresh', 'keepalive'] as const
    const loads = await Promise.all(
      targetsOf(server).flatMap((target) =>
        modes.map((kind) => startLoad(target, { mode: kind, connections: 12 })),
      ),
    )
    await Promise.all(loads.map((load) => load.answered(50)))
    server.signal('SIGTERM')
    expect((await slow.answer()).body).toMatch(/^hello late/)
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    const reports = await Promise.all(loads.map((load) => load.stop()))
    const lost = reports.flatMap(({ failures }) => failures).filter((failure) => !neverConnected(failure))
    expect(lost).toEqual([])
    await server.assertClean()
  })

  test('TERM to all processes at once, as systemd and timeout(1) send it, loses nothing either', async () => {
    const server = await startBoth({ args })
    const slow = await hold(server, '/slow?1')
    const traffic = await startTraffic(server)
    await traffic.goesOn()
    signalEach(server.processes(), 'SIGTERM')
    expect((await slow.answer()).body).toMatch(/^hello late/)
    expect(await server.exited({ within: 10_000 })).toEqual({ code: 0, signal: null })
    expect((await traffic.stop()).filter((failure) => !neverConnected(failure))).toEqual([])
    await server.assertClean()
  })

  test('INT to all processes at once, as a terminal sends it, ends them at once without complaints', async () => {
    const server = await startBoth({ args })
    await hold(server, '/slow?30')
    const began = performance.now()
    signalEach(server.processes(), 'SIGINT')
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(4000)
    await server.assertClean()
  })

  test('USR2, then TERM to the new master: the old one serves on as it did', async () => {
    const server = await startBoth({ args })
    const old = await hasPythons(server, 2)
    const traffic = await startTraffic(server)
    server.signal('SIGUSR2')
    await server.logged(/The new master is ready/, { within: 20_000 })
    const successor = Number(server.read('server.pid.2'))
    await traffic.goesOn()
    server.signal('SIGTERM', successor)
    await eventually(() => !isAlive(successor) && !server.exists('server.pid.2'), { within: 15_000 })
    expect(await hasPythons(server, 2)).toEqual(old)
    await traffic.goesOn()
    expect(await traffic.stop()).toEqual([])
    await server.assertClean()
  })

  test('a reload that cannot boot leaves the old workers serving', async () => {
    const server = await startBoth({ args })
    const old = await allServe(server)
    const traffic = await startTraffic(server)
    const good = server.read('rules.py')
    for (const [broken, words] of [
      ['import nowhere_installed\n', /No module named 'nowhere_installed'/],
      ['def broken(:\n', /SyntaxError/],
    ] as const) {
      const after = server.logEnd()
      server.write('rules.py', broken)
      server.signal('SIGHUP')
      await server.logged(/\[ERROR\].*not reloaded/, { after })
      await server.logged(words, { after })
      expect(await server.get()).toBe('hello 1')
      expect(await hasPythons(server, 2)).toEqual(old)
    }
    server.write('rules.py', good)
    await reloadWsgi(server)
    expect(await server.get()).toBe('hello 1')
    await traffic.goesOn()
    expect(await traffic.stop()).toEqual([])
    await server.assertClean({ allows: [/./] })
  })

  test('a broken configuration, and a boot without an end, leave the old workers serving, too', async () => {
    const settings = { boot_timeout: 2, abort_timeout: 1 }
    const server = await startBoth({ args, config: settings })
    const old = await hasPythons(server, 2)
    const traffic = await startTraffic(server)
    const changes = [
      () => server.rewriteConfig('export default { workers: '),
      () => server.rewriteConfig({ ...settings, timeuot: 3 }),
      () => {
        server.rewriteConfig(settings)
        server.write('rules.py', `${server.read('rules.py')}\ntime.sleep(600)\n`)
      },
    ]
    for (const change of changes) {
      change()
      const after = server.logEnd()
      server.signal('SIGHUP')
      await server.logged(/\[ERROR\].*not reloaded/, { after, within: 20_000 })
      await traffic.goesOn()
      expect(await hasPythons(server, 2)).toEqual(old)
    }
    // What hung was asked where.
    await server.logged(/rules\.py", line \d+ in <module>/)
    await eventually(() => server.processes().length === (mode === 'preload' ? 5 : 4), {
      within: 10_000,
      what: () => JSON.stringify(server.processes()),
    })
    expect(await traffic.stop()).toEqual([])
    await server.assertClean({ allows: [/./] })
  })

  test('reload_surge 1 replaces workers one by one, and requests go on', async () => {
    const server = await startBoth({ args: [...args, '--workers', '3'], config: { reload_surge: 1 } })
    const traffic = await startTraffic(server)
    changeCode(server, '2')
    const after = server.logEnd()
    const old = pythonsOf(server)
    server.signal('SIGHUP')
    const seen: number[] = []
    await eventually(
      () => {
        const log = server.log()
        const isLeaving = (pid: number) => log.includes(`Worker exiting (pid: ${pid})`)
        seen.push(pythonsOf(server).filter((pid) => !isLeaving(pid)).length)
        return /Reloaded: generation 2 serves/.test(log.slice(after))
      },
      { within: 20_000, every: 5 },
    )
    await hasPythons(server, 3, { not: old })
    // Three and one more, and one that may be about to say that it drains. At once there would be six.
    expect(Math.max(...seen)).toBeLessThanOrEqual(5)
    await traffic.goesOn()
    expect(await traffic.stop()).toEqual([])
    expect(await server.get()).toBe('hello 2')
    await server.assertClean()
  })

  test('WINCH retires the workers of a daemon and its fronts, and who connects waits until there are others', async () => {
    const log = ['--error-logfile', 'error.log']
    const server = await startBoth({ args: ['-D', ...log, ...args], until: 'spawned' })
    await server.exited()
    await server.serving()
    await hasPythons(server, 2)
    const slow = await hold(server, '/slow?1')
    server.signal('SIGWINCH')
    expect((await slow.answer()).body).toMatch(/^hello late/)
    await hasPythons(server, 0)
    await eventually(() => frontsOf(server).length === 0)
    const waiting = [server.get(), server.get('/', { path: server.path('server.sock') })]
    server.signal('SIGTTIN')
    expect(await Promise.all(waiting)).toEqual(['hello 1', 'hello 1'])
    await hasPythons(server, 1)
    await server.assertClean({ keeps: ['error.log'] })
  })
})

describe.skipIf(noPython !== undefined)(pythonLabel, () => {
  test('two fronts with four workers: reloads, other numbers, a dead front', async () => {
    const server = await startBoth({ config: { workers: 4, fronts: 2 } })
    await hasPythons(server, 4)
    const traffic = await startTraffic(server)
    await reloadWsgi(server, 4)
    await eventually(() => frontsOf(server).length === 2)
    await traffic.goesOn()
    for (const [signal, count] of [
      ['SIGTTOU', 3],
      ['SIGTTOU', 2],
      ['SIGTTOU', 1],
      ['SIGTTIN', 2],
      ['SIGTTIN', 3],
    ] as const) {
      server.signal(signal)
      await hasPythons(server, count)
      await traffic.goesOn()
    }
    expect(await traffic.stop()).toEqual([])
    await eventually(() => frontsOf(server).length === 2)
    const [front = 0, other = 0] = frontsOf(server)
    const pythons = pythonsOf(server)
    process.kill(front, 'SIGKILL')
    const burst = Array.from({ length: 20 }, () => server.get())
    expect(new Set(await Promise.all(burst))).toEqual(new Set(['hello 1']))
    const now = await eventually(() => frontsOf(server).length === 2 && frontsOf(server))
    expect(now).toContain(other)
    expect(pythonsOf(server)).toEqual(pythons)
    await server.assertClean({ allows: [/SIGKILL/] })
  })

  test('the last worker that dies while the server ends is not waited for', async () => {
    const server = await startWsgi({ workers: 1 })
    const [pid = 0] = await hasPythons(server, 1)
    const held = await hold(server, '/gate?never')
    const waiting = server.request('/', { method: 'POST', body: 'x' })
    server.signal('SIGTERM')
    await server.logged(/Front exiting/)
    process.kill(pid, 'SIGKILL')
    expect((await held.answer()).status).toBe(502)
    expect((await waiting).status).toBe(503)
    expect(await server.exited({ within: 5000 })).toEqual({ code: 0, signal: null })
    await server.assertClean({ allows: [/SIGKILL|died while|no worker is left/] })
  })

  test('graceful_timeout bounds a drain', async () => {
    const server = await startWsgi({ workers: 1, args: ['--graceful-timeout', '1'] })
    const held = await hold(server, '/slow?30')
    const began = performance.now()
    server.signal('SIGTERM')
    await server.exited()
    expect(performance.now() - began).toBeLessThan(6000)
    await held.ended()
    await server.assertClean({ code: (await server.exited()).code, allows: [/./] })
  })

  test.each(['SIGINT', 'SIGQUIT'] as const)('%s ends the server at once', async (signal) => {
    const server = await startWsgi({ workers: 2 })
    await hold(server, '/slow?30')
    const began = performance.now()
    server.signal(signal)
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(4000)
    await server.assertClean({ allows: [/./] })
  })

  test('max_worker_memory replaces a worker that has grown', async () => {
    const server = await startWsgi({ workers: 1, config: { max_worker_memory: '120M' } })
    const old = await hasPythons(server, 1)
    const load = await startLoad(server.target, { rate: 50 })
    expect(await server.get('/keep/memory?150')).toBe('hello survived')
    await hasPythons(server, 1, { not: old })
    expect((await load.stop()).failures).toEqual([])
    await server.assertClean({ allows: [/memory/] })
  })

  test('USR1 reopens the log, and prints go to the new file', async () => {
    const server = await startWsgi({ workers: 1, args: ['--error-logfile', 'error.log'] })
    await server.get('/errors')
    await eventually(() => server.read('error.log').includes('printed to stdout'))
    server.write('error.log.1', server.read('error.log'))
    server.unlink('error.log')
    server.signal('SIGUSR1')
    await eventually(() => server.exists('error.log'))
    await eventually(async () => {
      await server.get('/errors')
      return (
        /printed to stdout[\s\S]*/.test(server.read('error.log')) &&
        /logged as/.test(server.read('error.log'))
      )
    })
    await server.assertClean({ allows: [/logged as|said to wsgi.errors|two pieces/], keeps: ['error.log'] })
  })
})
