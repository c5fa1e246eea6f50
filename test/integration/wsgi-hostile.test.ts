/** Broken and hostile applications: the right answer, one clear entry in the log, and the server goes on. */
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Daemon } from '../support/daemon.ts'
import { eventually, steadily } from '../support/eventually.ts'
import { statusField } from '../support/processes.ts'
import { requestText } from '../support/raw-client.ts'
import {
  failureOf,
  frontsOf,
  hasPythons,
  noPython,
  noted,
  pythonLabel,
  pythonsOf,
  reloadWsgi,
  startWsgi,
} from '../support/wsgi.ts'

const megabytes = (pid: number): number => Number.parseInt(statusField(pid, 'VmRSS') ?? 'NaN', 10) / 1024

const occurrences = (server: Daemon, pattern: RegExp): number =>
  server.log().match(new RegExp(pattern, 'g'))?.length ?? 0

/** Both ways to run the application: on the main thread, and beside others. */
const ways = [
  ['sync', 2, ['--workers', '2']],
  ['threads', 1, ['--workers', '1', '--threads', '3']],
] as const

const deaths = [
  ['/die/exit', /exited with code 7/],
  ['/die/segv', /Fatal Python error: Segmentation fault[\s\S]*hostile\.py", line \d+ in segfault/],
  ['/die/abort', /Fatal Python error: Aborted[\s\S]*hostile\.py/],
  ['/die/kill', /was sent SIGKILL/],
] as const

const raised = [
  ['/raise/exit', /SystemExit: the application has had enough/],
  ['/raise/interrupt', /KeyboardInterrupt/],
  ['/raise/recursion', /RecursionError/],
  ['/raise/memory', /MemoryError: no more/],
] as const

const hangs = [
  ['/hang/loop', 504],
  ['/hang/sleep', 504],
  // Nothing in the process can run: the master ends it.
  ['/hang/lock', 502],
  ['/hang/regex', 502],
] as const

describe.skipIf(noPython !== undefined).each(ways)(`%s (${pythonLabel})`, (way, count, args) => {
  test('however a worker dies: the client gets 502, the log says why, it is replaced', async () => {
    const server = await startWsgi({ args })
    await hasPythons(server, count)
    for (const [round, [path, words]] of deaths.entries()) {
      expect((await server.request(path)).status, path).toBe(502)
      const pid = Number((await noted(server, new RegExp(`seen ${path} (\\d+)`)))[1])
      await server.logged(words)
      const told = new RegExp(`pid:${pid}\\) died while it handled GET ${path}\\b`)
      await eventually(() => occurrences(server, told) === 1)
      expect(await server.get()).toBe('hello 1')
      await hasPythons(server, count, { not: [pid] })
      // It was begun: nobody else may have been given it.
      expect(server.read('notes.log').match(/seen/g)).toHaveLength(round + 1)
    }
    await server.assertClean({ allows: [/./] })
  })

  test('a worker that dies within its answer: the connection is cut', async () => {
    const server = await startWsgi({ args })
    expect(await failureOf(server.request('/die/stream'))).toBe('truncated')
    await server.logged(/died while it handled GET \/die\/stream/)
    expect(await server.get()).toBe('hello 1')
    await server.assertClean({ allows: [/./] })
  })

  test('whatever is raised is a 500 with one entry in the log, and the worker goes on', async () => {
    const server = await startWsgi({ args })
    const pythons = await hasPythons(server, count)
    for (const [path, words] of raised) {
      expect((await server.request(path)).status, path).toBe(500)
      await server.logged(words)
      expect(occurrences(server, new RegExp(`Error handling request .*${path}`))).toBe(1)
      for (let n = 0; n < 5; n++) expect(await server.get()).toBe('hello 1')
      expect(pythonsOf(server)).toEqual(pythons)
    }
    await server.assertClean({ allows: [/Error handling request/] })
  })

  test('however it hangs: the client is told in time, the stack is logged, the worker is replaced', async () => {
    const server = await startWsgi({ args: [...args, '--timeout', '1'] })
    await hasPythons(server, count)
    for (const [path, status] of hangs) {
      const after = server.logEnd()
      const log = () => server.log().slice(after)
      const answer = await server.request(path, { within: 12_000 })
      expect([status, 504], path).toContain(answer.status)
      const pid = Number((await noted(server, new RegExp(`seen ${path} (\\d+)`)))[1])
      await server.logged(new RegExp(`WORKER TIMEOUT \\(pid:${pid}\\)`), { after })
      await server.logged(/hostile\.py", line \d+,? in/, { after })
      expect(log().match(/WORKER TIMEOUT/g)).toHaveLength(1)
      await hasPythons(server, count, { not: [pid] })
      if (status === 504) {
        // One entry, whose stack begins where the application does; and the end of the process.
        expect(log().match(/hostile\.py", line \d+,? in respond/g)).toHaveLength(1)
        expect(log()).not.toMatch(/\[WARNING\]|Fatal Python error|tsgunicorn_wsgi/)
        expect(log().match(/\[ERROR\] (?!Worker \(pid:\d+\) exited)/)).toBeNull()
      }
      expect(await server.get()).toBe('hello 1')
    }
    await server.assertClean({ allows: [/./] })
  })

  test('a fork in the application disturbs neither side', async () => {
    const server = await startWsgi({ args })
    const pythons = await hasPythons(server, count)
    expect(await server.get('/fork/child')).toBe('hello survived')
    expect(await server.get('/fork/runaway')).toMatch(/^hello from the parent/)
    for (let n = 0; n < 20; n++) expect(await server.get()).toBe('hello 1')
    expect(pythonsOf(server)).toEqual(pythons)
    await server.assertClean({ allows: [/fork/] })
  })

  test('descriptors, processes and threads that the application leaves do not keep its worker', async () => {
    const server = await startWsgi({ args })
    expect(await server.get('/keep/descriptors?400')).toBe('hello survived')
    expect(await server.get('/keep/process?3')).toBe('hello survived')
    expect(await server.get('/keep/thread')).toBe('hello survived')
    expect(await server.get()).toBe('hello 1')
    await reloadWsgi(server, count)
    await server.assertClean({ allows: [/thread/] })
  })

  test('an application that closes all descriptors loses its worker, not the server', async () => {
    const server = await startWsgi({ args })
    await hasPythons(server, count)
    const answer = await server.request('/break/descriptors', { within: 12_000 })
    expect([502, 503, 504]).toContain(answer.status)
    const pid = Number((await noted(server, /seen \S+ (\d+)/))[1])
    await hasPythons(server, count, { not: [pid] })
    expect(await server.get()).toBe('hello 1')
    await server.assertClean({ allows: [/./] })
  })

  test('what it writes to its channel to the master is not believed, and told once', async () => {
    const server = await startWsgi({ args })
    const pythons = await hasPythons(server, count)
    for (let n = 0; n < 3; n++) expect(await server.get('/garble/master')).toBe('hello survived')
    await server.logged(
      /what came on its channel to the master is no message, and is ignored: "no message at all"/,
    )
    expect(pythonsOf(server)).toEqual(pythons)
    await reloadWsgi(server, count)
    expect(occurrences(server, /is no message/)).toBeLessThanOrEqual(count)
    expect(server.log()).not.toMatch(/\[ERROR\]|Exception|undefined/)
    await server.assertClean({ allows: [/is no message/] })
  })

  test('what it writes to its fronts costs it their channels, and nobody else anything', async () => {
    const server = await startWsgi({ args })
    const processes = [...(await hasPythons(server, count)), ...frontsOf(server)]
    expect((await server.request('/garble/fronts')).status).toBe(502)
    await server.logged(/the channel at \S+ ended: a frame of type 255 says/)
    await eventually(async () => (await server.get()) === 'hello 1')
    expect([...pythonsOf(server), ...frontsOf(server)]).toEqual(processes)
    await server.assertClean({ allows: [/channel|died while/] })
  })

  test('a worker that left a child with all it had open is as dead as any', async () => {
    const server = await startWsgi({ args })
    await hasPythons(server, count)
    expect((await server.request('/fork/system/die?60')).status).toBe(502)
    const pid = Number((await noted(server, /seen \S+ (\d+)/))[1])
    await server.logged(new RegExp(`pid:${pid}\\) exited with code 7`))
    const pythons = await hasPythons(server, count, { not: [pid] })
    expect(await server.get()).toBe('hello 1')
    const children = server
      .processes()
      .filter(({ command, pid: one }) => /tsgunicorn_wsgi worker/.test(command) && !pythons.includes(one))
    expect(children).toHaveLength(1)
    for (const child of children) process.kill(child.pid, 'SIGKILL')
    await server.assertClean({ allows: [/./] })
  })

  test.each(['/break/patch', '/break/all', '/keep/threads?300'])(
    '%s: the server stands on nothing of that',
    async (path) => {
      const server = await startWsgi({ args })
      const pythons = await hasPythons(server, count)
      expect(await server.get(path)).toBe('hello survived')
      for (let n = 0; n < 5; n++) expect(await server.get()).toBe('hello 1')
      expect((await server.request('/raise/memory')).status).toBe(500)
      await server.logged(/MemoryError: no more/)
      expect(pythonsOf(server)).toEqual(pythons)
      const began = performance.now()
      await server.assertClean({ allows: [/Error|Traceback/] })
      expect(performance.now() - began).toBeLessThan(6000)
    },
  )

  test('what is used of a request when it is over harms no other', async () => {
    const server = await startWsgi({ args })
    expect(await server.get('/later')).toBe('hello first')
    for (let n = 0; n < 20; n++) expect(await server.get()).toBe('hello 1')
    await noted(server, /^used$/)
    expect(server.read('notes.log')).toMatch(
      /use 0 raised ClientGone\nuse 1 raised AssertionError\nuse 2 raised ValueError/,
    )
    expect(await server.get()).toBe('hello 1')
    await server.assertClean()
  })

  test('who asks for an endless answer by HEAD has it at once, and keeps no thread', async () => {
    const server = await startWsgi({ args })
    const heads = Array.from({ length: 6 }, () => server.request('/endless', { method: 'HEAD' }))
    for (const { status } of await Promise.all(heads)) expect(status).toBe(200)
    expect(await server.get()).toBe('hello 1')
    await server.assertClean()
  })

  test('heads of ten thousand fields, and of a megabyte, arrive; more is an error of one entry', async () => {
    const server = await startWsgi({ args })
    for (const size of ['10000x1', '1x1000000']) {
      const { body, headers } = await server.request(`/heads?${size}`)
      expect([body, Object.keys(headers).filter((name) => /^x-\d/.test(name)).length]).toEqual([
        'hello heads',
        Number(size.split('x')[0]),
      ])
    }
    expect((await server.request('/heads?1x20000000')).status).toBe(500)
    await server.logged(/ValueError: status and headers of 200000\d+ bytes are more than any client takes/)
    expect((await server.request('/inject')).status).toBe(500)
    await server.logged(/ValueError: a header value holds a control character/)
    expect(occurrences(server, /\[ERROR\]/)).toBe(2)
    expect(await server.get()).toBe('hello 1')
    await server.assertClean({ allows: [/Error/] })
  })

  test('one that is deaf to signals, or has closed its streams, is drained all the same', async () => {
    const server = await startWsgi({ args })
    // Python lets only the main thread do it.
    const deaf = way === 'threads' ? 500 : 200
    expect((await server.request('/break/signals')).status).toBe(deaf)
    expect(await server.get('/break/streams')).toBe('hello survived')
    expect(await server.get()).toBe('hello 1')
    await reloadWsgi(server, count)
    expect((await server.request('/break/signals')).status).toBe(deaf)
    const began = performance.now()
    await server.assertClean({ allows: [/break/] })
    expect(performance.now() - began).toBeLessThan(6000)
  })

  test('ten megabytes of print, and a line of two, reach the log while others are served', async () => {
    const server = await startWsgi({ args: [...args, '--error-logfile', 'error.log'] })
    const shouting = Promise.all([server.get('/print?10'), server.get('/print/line?2')])
    for (let n = 0; n < 20; n++) expect(await server.get()).toBe('hello 1')
    expect(await shouting).toEqual(['hello survived', 'hello survived'])
    await eventually(() => (server.read('error.log').match(/x{99}/g)?.length ?? 0) === 100_000, {
      within: 20_000,
      every: 200,
    })
    await eventually(() => (server.read('error.log').match(/y/g)?.length ?? 0) >= 2_000_000)
    await server.assertClean({ keeps: ['error.log'] })
  })
})

/** How many bytes came before the server closed. */
const download = (server: Daemon, path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    let total = 0
    const socket = connect(server.port, '127.0.0.1', () => socket.write(requestText(path)))
    socket.on('data', (piece) => {
      total += piece.length
    })
    socket.once('end', () => resolve(total)).once('error', reject)
  })

describe.skipIf(noPython !== undefined)(pythonLabel, () => {
  test('an alarm that goes off behind its request costs the channel, not the worker', async () => {
    const server = await startWsgi({ workers: 1 })
    const pythons = await hasPythons(server, 1)
    expect(await server.get('/break/alarm')).toBe('hello survived')
    await server.logged(/LookupError: the alarm of a request that is over/)
    await eventually(async () => (await server.get()) === 'hello 1')
    expect(pythonsOf(server)).toEqual(pythons)
    await server.assertClean({ allows: [/channel of a front was closed/] })
  })

  test.each(['/big/list', '/big/generator'])('%s: a gigabyte goes out in constant memory', async (path) => {
    const server = await startWsgi({ workers: 1 })
    const pids = [...pythonsOf(server), ...frontsOf(server)]
    expect(pids).toHaveLength(2)
    const before = pids.map(megabytes)
    let most = [...before]
    let over = false
    const done = download(server, `${path}?1000`).finally(() => {
      over = true
    })
    await eventually(
      () => {
        most = most.map((value, n) => Math.max(value, megabytes(pids[n] ?? 0)))
        return over
      },
      { within: 60_000, every: 50 },
    )
    expect(await done).toBeGreaterThanOrEqual(1_000_000_000)
    for (const [n, value] of most.entries()) expect(value - (before[n] ?? 0)).toBeLessThan(100)
    await server.assertClean()
  })

  test('a client that reads nothing of a gigabyte costs no memory, and is no timeout of the application', async () => {
    const server = await startWsgi({ workers: 1, args: ['--threads', '2', '--timeout', '2'] })
    const pids = [...pythonsOf(server), ...frontsOf(server)]
    const before = pids.map(megabytes)
    const socket = connect(server.port, '127.0.0.1', () => socket.write(requestText('/big/generator?1000')))
    socket.pause()
    await steadily(async () => (await server.get()) === 'hello 1', { during: 3500 })
    for (const [n, pid] of pids.entries()) expect(megabytes(pid) - (before[n] ?? 0)).toBeLessThan(60)
    expect(server.log()).not.toMatch(/WORKER TIMEOUT/)
    socket.destroy()
    await server.assertClean()
  })
})
