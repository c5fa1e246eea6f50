/** What happens to workers, fronts and masters while requests are under way, slow ones too: none of them is lost. */
import { describe, expect, test } from 'vitest'
import type { Daemon } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { type LoadReport, startLoad } from '../support/load.ts'
import { RawClient, requestText } from '../support/raw-client.ts'
import {
  allServe,
  frontsOf,
  hasPythons,
  modes,
  moldsOf,
  noPython,
  noted,
  pythonLabel,
  pythonsOf,
  reloadWsgi,
  startWsgi,
  type WsgiOptions,
} from '../support/wsgi.ts'

type Failures = LoadReport['failures']

const targetsOf = (server: Daemon) => [server.target, { path: server.path('server.sock') }] as const

const startBoth = (options: WsgiOptions) =>
  startWsgi({
    ...options,
    bind: ['127.0.0.1:PORT', 'unix:server.sock'],
    args: ['-p', 'server.pid', ...(options.args ?? [])],
  })

/** Quick requests on kept and on fresh connections, an address each, and beside them one slow request after another. */
const startTraffic = async (server: Daemon) => {
  const [tcp, unix] = targetsOf(server)
  const loads = await Promise.all([
    startLoad(tcp, { path: '/slow?0.2', connections: 1 }),
    startLoad(tcp, { mode: 'keepalive', rate: 60 }),
    startLoad(unix, { mode: 'fresh', rate: 60 }),
  ])
  return {
    /** Resolves when all kinds of requests have been answered a while longer. */
    goesOn: async () => {
      await Promise.all(loads.map((load, n) => load.answered(n === 0 ? 2 : 15)))
    },
    stop: async (): Promise<Failures> => {
      const reports = await Promise.all(loads.map((load) => load.stop()))
      return reports.flatMap(({ failures }) => failures)
    },
  }
}

/** Sends a request that the application notes, and resolves when it has it in its hands. */
const hold = async (server: Daemon, path: string): Promise<RawClient> => {
  const client = await RawClient.connect(server.target)
  const [place = '', query = ''] = path.split('?')
  const name = place === '/gate' ? query : place
  const count = () => server.read('notes.log').split(`seen ${name}`).length
  const before = count()
  client.send(requestText(path))
  await eventually(() => count() > before, { what: () => `${path} to be seen; log:\n${server.log()}` })
  return client
}

/** Gives the application another answer for `/`. */
const changeCode = (server: Daemon, version: string): void =>
  server.write('rules.py', server.read('rules.py').replace(/"hello \w+"/, `"hello ${version}"`))

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

  test('a killed worker fails the requests that it ran with 502, and no others', async () => {
    const server = await startBoth({ args })
    const traffic = await startTraffic(server)
    const old = await hasPythons(server, 2)
    for (const pid of old) {
      process.kill(pid, 'SIGKILL')
      await hasPythons(server, 2, { not: [pid] })
      await traffic.goesOn()
    }
    const failures = await traffic.stop()
    const running = mode === 'threads' ? 8 : 2
    expect(failures.filter(({ kind }) => kind !== 'status 502')).toEqual([])
    expect(failures.length).toBeLessThanOrEqual(running)
    await server.assertClean({ allows: [/SIGKILL/, /died while it handled GET \/.*502/] })
  })

  test('a killed front is replaced; workers and their requests stay', async () => {
    const server = await startBoth({ args })
    const pythons = await hasPythons(server, 2)
    const [front = 0] = await eventually(() => frontsOf(server).length === 1 && frontsOf(server))
    const held = await hold(server, '/gate?open')
    process.kill(front, 'SIGKILL')
    await held.ended()
    await eventually(() => frontsOf(server).length === 1 && !frontsOf(server).includes(front))
    server.write('open', '')
    const traffic = await startTraffic(server)
    await traffic.goesOn()
    expect(await traffic.stop()).toEqual([])
    expect(pythonsOf(server)).toEqual(pythons)
    await server.assertClean({ allows: [/SIGKILL/] })
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

  test('a reload that cannot boot leaves the old workers serving', async () => {
    const server = await startBoth({ args })
    const old = await allServe(server)
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
    await server.assertClean({ allows: [/./] })
  })

  test('a request that takes longer than timeout is a 504, named with its stack, and the worker is replaced', async () => {
    const server = await startBoth({ args: [...args, '--timeout', '1'] })
    const old = await hasPythons(server, 2)
    const began = performance.now()
    const hung = await hold(server, '/hang/sleep')
    const seen = Number((await noted(server, /seen \/hang\/sleep (\d+)/))[1])
    const others = await startLoad(server.target, { rate: 40 })
    expect((await hung.answer()).status).toBe(504)
    expect(performance.now() - began).toBeLessThan(4500)
    const log = await server.logged(/\[CRITICAL\] WORKER TIMEOUT \(pid:(\d+)\).*GET \/hang\/sleep/)
    expect(Number(log[1])).toBe(seen)
    await server.logged(/hostile\.py", line \d+, in/)
    await hasPythons(server, 2, { not: [seen] })
    expect(old).toContain(seen)
    await others.answered(20)
    expect((await others.stop()).failures).toEqual([])
    await server.assertClean({ allows: [/./] })
  })

  test('the death of the master ends everything, and leaves nothing behind', async () => {
    const server = await startBoth({ args, files: {} })
    await hasPythons(server, 2)
    server.signal('SIGKILL', server.pid)
    await server.gone({ within: 8000 })
    await server.assertClean({ code: null, keeps: ['server.pid', 'server.sock'], allows: [/./] })
  })
})

/** No request was on it. */
const neverConnected = ({ kind, detail }: Failures[number]): boolean =>
  kind === 'refused' || kind === 'ENOENT' || /: connect ECONN/.test(detail)

describe.skipIf(noPython !== undefined)(pythonLabel, () => {
  test('requests behind one that kills its worker are answered by its successor', async () => {
    const server = await startWsgi({ workers: 1 })
    const [pid = 0] = await hasPythons(server, 1)
    const held = await hold(server, '/gate?never')
    const waiting = Array.from({ length: 6 }, () => server.request('/'))
    const posted = server.request('/input/read', { method: 'POST', body: 'x' })
    process.kill(pid, 'SIGKILL')
    expect((await held.answer()).status).toBe(502)
    for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(200)
    // It was never given to the worker that died: requests that are not idempotent wait for an idle one.
    expect((await posted).status).toBe(200)
    await server.logged(/Worker \(pid:\d+\) died while it handled GET \/gate/)
    await server.assertClean({ allows: [/SIGKILL|died while/] })
  })

  test('with threads a worker finishes its other requests before it is replaced for one that hangs', async () => {
    const server = await startWsgi({ workers: 1, args: ['--threads', '3', '--timeout', '2'] })
    const [pid = 0] = await hasPythons(server, 1)
    const hung = await hold(server, '/hang/sleep')
    expect((await server.request('/slow?1')).status).toBe(200)
    const other = await hold(server, '/slow?1.7')
    expect((await hung.answer()).status).toBe(504)
    expect((await other.answer()).body).toBe(`hello late ${pid}`)
    await hasPythons(server, 1, { not: [pid] })
    expect(await server.get()).toBe('hello 1')
    await server.assertClean({ allows: [/./] })
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
    await server.assertClean({ allows: [/logged as|said to|two pieces/], keeps: ['error.log'] })
  })

  test('preload_app: workers are forked from a mold, a new one for each load, and another when it is killed', async () => {
    const server = await startWsgi({ workers: 2, args: ['--preload'] })
    await hasPythons(server, 2)
    const [first = 0, ...others] = moldsOf(server)
    expect(others).toEqual([])
    await reloadWsgi(server)
    const [second = 0] = await eventually(() => moldsOf(server).length === 1 && moldsOf(server))
    expect(second).not.toBe(first)
    const load = await startLoad(server.target, { rate: 40 })
    process.kill(second, 'SIGKILL')
    await load.answered(20)
    // It is missed when a worker is to be forked.
    server.signal('SIGTTIN')
    await hasPythons(server, 3)
    expect(moldsOf(server)).toHaveLength(1)
    await load.answered(20)
    const lost = (await load.stop()).failures.filter(({ kind }) => kind !== 'status 502')
    expect(lost).toEqual([])
    await server.assertClean({ allows: [/./] })
  })
})
