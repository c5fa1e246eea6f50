import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type Daemon, start } from '../support/daemon.ts'
import { type Ended, loose, offences, shortPatience, victims } from '../support/hostile.ts'
import { statusField } from '../support/processes.ts'
import { request } from '../support/raw-client.ts'

const megabytes = (pid: number): number => Number.parseInt(statusField(pid, 'VmRSS') ?? 'NaN', 10) / 1024

/** Asks over and over while `work` lasts; gives the slowest answer's milliseconds and how many there were. */
const probed = async <T>(
  server: Daemon,
  work: Promise<T>,
): Promise<{ result: T; asked: number; slowest: number }> => {
  let over = false
  const done = work.finally(() => {
    over = true
  })
  let asked = 0
  let slowest = 0
  while (!over) {
    const began = performance.now()
    const { status, body } = await request(server.target, '/', { within: 5000 })
    expect([status, body]).toEqual([200, 'hello'])
    slowest = Math.max(slowest, performance.now() - began)
    asked++
  }
  return { result: await done, asked, slowest }
}

/** The longest timeout, the pause in which a refused client is read on, and a coarse clock's step each way. */
const patience = 9000

const describeEnding = ({ name, status, bytesSent }: Ended): string =>
  `${name}: not ended within ${patience} ms (answered '${status}', took ${bytesSent} bytes)`

/** What limits may be answered with, where an answer can be read. */
const answers: Readonly<Record<string, readonly string[]>> = {
  'a request line without end': ['414', '431', '400', ''],
  'a field without end': ['431', ''],
  'fields without end': ['431', ''],
  'a chunk extension without end': ['400', '413', '431', ''],
  'trailers without end': ['400', '413', '431', ''],
  'a head, a byte at a time': ['408', ''],
  'no body': ['408', '400', ''],
  'an answered request, then nothing': ['200'],
}

/**
 * On node:http these are ended, too (unit/http/bounds.test.ts), but node parses all that a read brought, and what still
 * comes for two seconds: each tiny chunk, each of thousands of requests. Others wait for longer than is asked here, and
 * for how long is the machine's to say. `npm run bench:hostile -- --app node` measures it; docs/http.md tells it.
 */
const nodeBears = ['small chunk extensions without end', 'requests without end, answers unread']

test.each(['node', 'fetch'] as const)(
  '%s app: whoever sends slowly, without end or does not read is ended, and others are answered all the while',
  async (kind) => {
    const server = await start({
      app: victims[kind],
      config: { workers: 1, ...shortPatience },
      until: 'serving',
    })
    const [worker = 0] = await server.hasWorkers(1)
    const before = megabytes(worker)
    const names = offences
      .map(({ name }) => name)
      .filter((name) => kind === 'fetch' || !nodeBears.includes(name))
    const clients = loose({ port: server.port, names, each: 5, patience })
    onTestFinished(clients.stop)
    const news = clients.news.then((told) => (told.type === 'ended' ? told.ended : []))
    const { result, asked, slowest } = await probed(server, news)
    const grown = megabytes(worker) - before
    console.log(`${kind}: ${asked} probes, slowest ${slowest.toFixed(0)} ms; ${grown.toFixed(0)} MB more`)
    expect(result).toHaveLength(names.length * 5)
    const unended = new Set(result.filter(({ after }) => after === undefined).map(describeEnding))
    const wrong = result
      .filter(({ name, status, after }) => after !== undefined && answers[name]?.includes(status) === false)
      .map(({ name, status }) => `${name}: answered '${status}'`)
    expect({ unended: [...unended], wrong: [...new Set(wrong)] }).toEqual({ unended: [], wrong: [] })
    expect(await server.hasWorkers(1)).toEqual([worker])
    expect(asked).toBeGreaterThan(50)
    expect(grown).toBeLessThan(150)
    await server.assertClean({ allows: [/\[WARNING\]/] })
  },
)

/** Sends a request and is gone at once, with RST: the answer has nobody to go to. */
const askAndVanish = (port: number, text: string): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text, () => socket.resetAndDestroy())
    })
    // Either side may have been first.
    socket.on('error', () => socket.destroy())
    socket.once('close', () => resolve())
  })

const requests: Readonly<Record<string, string>> = {
  GET: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  'large GET': 'GET /large HTTP/1.1\r\nHost: x\r\n\r\n',
  POST: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc',
  CONNECT: 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n',
  upgrade: 'GET / HTTP/1.0\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'refused request': 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
  nonsense: '\x16\x03\x01\x02\x00',
}

test.each(['node', 'fetch'] as const)(
  '%s app: clients that vanish with RST do not end the worker',
  async (kind) => {
    const server = await start({ app: victims[kind], config: { workers: 1 }, until: 'serving' })
    const workers = await server.hasWorkers(1)
    for (const text of Object.values(requests))
      await Promise.all(Array.from({ length: 100 }, () => askAndVanish(server.port, text)))
    expect(await server.get()).toBe('hello')
    expect(server.workerPids()).toEqual(workers)
    await server.assertClean({ allows: [/\[WARNING\]/] })
  },
)
