/** Processes that die, hang or are stopped while requests are under way: what is lost is what they had in their hands. */
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startLoad } from '../support/load.ts'
import {
  frontsOf,
  hasPythons,
  modes,
  moldsOf,
  noPython,
  noted,
  orphansOf,
  pythonLabel,
  pythonsOf,
  reloadWsgi,
  startWsgi,
} from '../support/wsgi.ts'
import { hold, startBoth, startTraffic } from '../support/wsgi-traffic.ts'

/** In which a busy machine may still let a process run that was killed. */
const momentMs = 100

describe.skipIf(noPython !== undefined).each(modes)(`%s (${pythonLabel})`, (mode, args) => {
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
    // Beside requests: those that it had are reset, all others wait for its successor.
    const again = await startTraffic(server)
    process.kill(frontsOf(server)[0] ?? 0, 'SIGKILL')
    const killed = Date.now()
    await again.goesOn()
    const failures = await again.stop()
    expect(failures.filter(({ kind }) => !['reset', 'closed', 'truncated'].includes(kind))).toEqual([])
    expect(failures.filter(({ asked }) => asked > killed + momentMs)).toEqual([])
    expect(pythonsOf(server)).toEqual(pythons)
    await server.assertClean({ allows: [/SIGKILL/] })
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

  test('TERM to a worker and to a front has them replaced, and nothing is lost', async () => {
    const server = await startBoth({ args })
    const traffic = await startTraffic(server)
    for (const pid of pythonsOf(server)) {
      process.kill(pid, 'SIGTERM')
      await hasPythons(server, 2, { not: [pid] })
    }
    const [front = 0] = frontsOf(server)
    process.kill(front, 'SIGTERM')
    await eventually(() => !frontsOf(server).includes(front) && frontsOf(server).length === 1)
    await traffic.goesOn()
    expect(await traffic.stop()).toEqual([])
    await server.assertClean()
  })

  test('ABRT ends a worker with its stacks in the log: what it ran is a 502', async () => {
    const server = await startBoth({ args })
    await hasPythons(server, 2)
    const held = await hold(server, '/gate?never')
    const pid = Number((await noted(server, /seen never (\d+)/))[1])
    const load = await startLoad(server.target, { rate: 40 })
    process.kill(pid, 'SIGABRT')
    expect((await held.answer()).status).toBe(502)
    await hasPythons(server, 2, { not: [pid] })
    await server.logged(/notes\.py", line \d+,? in wait_for/)
    await server.logged(new RegExp(`Worker \\(pid:${pid}\\) exited with code 1`))
    await load.answered(20)
    const failures = (await load.stop()).failures.filter(({ kind }) => kind !== 'status 502')
    expect(failures).toEqual([])
    await server.assertClean({ allows: [/./] })
  })

  test('a worker that is stopped, or holds the interpreter, is ended after timeout; others serve on', async () => {
    const server = await startBoth({ args: [...args, '--timeout', '2'] })
    await hasPythons(server, 2)
    const hung = await hold(server, '/hang/regex')
    const pid = Number((await noted(server, /seen \/hang\/regex (\d+)/))[1])
    const load = await startLoad(server.target, { rate: 40 })
    expect((await hung.answer({ within: 12_000 })).status).toBe(504)
    await server.logged(/blocked in native code/)
    await server.logged(/hostile\.py", line \d+ in catastrophe/)
    const now = await hasPythons(server, 2, { not: [pid] })
    const [stopped = 0] = now
    process.kill(stopped, 'SIGSTOP')
    await server.logged(new RegExp(`WORKER TIMEOUT \\(pid:${stopped}\\)`), { within: 10_000 })
    await hasPythons(server, 2, { not: [stopped] })
    await load.answered(20)
    const { failures } = await load.stop()
    // Those that the dead had in hand, one a thread.
    expect(failures.filter(({ kind }) => kind !== 'status 504')).toEqual([])
    expect(failures.length).toBeLessThanOrEqual(mode === 'threads' ? 8 : 2)
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

  test('preload_app: workers are forked from a mold, a new one for each load, and another when it is killed', async () => {
    const server = await startBoth({ args: ['--preload', '--workers', '2'] })
    await hasPythons(server, 2)
    const [first = 0, ...others] = moldsOf(server)
    expect(others).toEqual([])
    await reloadWsgi(server)
    const [second = 0] = await eventually(
      () => !moldsOf(server).includes(first) && moldsOf(server).length === 1 && moldsOf(server),
    )
    const workers = pythonsOf(server)
    const traffic = await startTraffic(server)
    process.kill(second, 'SIGKILL')
    await server.logged(/the mold \(pid:\d+\) ended by SIGKILL; its workers serve on/)
    await traffic.goesOn()
    expect(orphansOf(server)).toEqual(workers)
    server.signal('SIGTTIN')
    await hasPythons(server, 3)
    expect(orphansOf(server)).toEqual(workers)
    // They are masters' workers as before: one that dies is replaced, and a reload replaces the rest.
    const [victim = 0] = workers
    process.kill(victim, 'SIGKILL')
    await hasPythons(server, 3, { not: [victim] })
    await traffic.goesOn()
    server.signal('SIGHUP')
    await server.logged(/Reloaded: generation 3 serves/)
    await eventually(() => orphansOf(server).length === 0)
    await hasPythons(server, 2)
    const lost = (await traffic.stop()).filter(({ kind }) => kind !== 'status 502')
    expect(lost).toEqual([])
    await server.assertClean({ allows: [/SIGKILL/, /died while it handled/, /nobody knows how/] })
  })

  test('a mold that somebody ended makes room for another when it is needed', async () => {
    const server = await startBoth({ args: ['--preload', '--workers', '1'] })
    const [old = 0] = await hasPythons(server, 1)
    const [mold = 0] = moldsOf(server)
    const traffic = await startTraffic(server)
    process.kill(mold, 'SIGTERM')
    await traffic.goesOn()
    server.signal('SIGTTIN')
    await hasPythons(server, 2)
    expect(pythonsOf(server)).toContain(old)
    await traffic.goesOn()
    expect(await traffic.stop()).toEqual([])
    await server.assertClean()
  })
})
