/** Bodies that are large and clients that are slow: what memory they cost, and whom they keep waiting. */
import { once } from 'node:events'
import { readdirSync, truncateSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Answer } from '../support/answer.ts'
import type { Daemon } from '../support/daemon.ts'
import { eventually, steadily } from '../support/eventually.ts'
import { ask, Exchange } from '../support/http-client.ts'
import { statusField } from '../support/processes.ts'
import { RawClient, requestText } from '../support/raw-client.ts'
import { frontsOf, noPython, pythonLabel, pythonsOf, startWsgi } from '../support/wsgi.ts'

const megabyte = 1_048_576
const gigabyte = 1024 * megabyte

/** `?N`: how much, in bytes; of `/sum` how many seconds it thinks. `/made` tells how much of the last body was made. */
const app = `
import os, time
made = 0

def pieces(size):
    global made
    made = 0
    piece = b"x" * 65536
    while made < size:
        made += len(piece)
        yield piece

def app(environ, start_response):
    path, size = environ["PATH_INFO"], int(environ["QUERY_STRING"] or 0)
    if path == "/sum":
        read, total = environ["wsgi.input"].read, 0
        for piece in iter(lambda: read(65536), b""):
            total += len(piece)
        time.sleep(size)
        result = [str(total).encode()]
    elif path == "/generated":
        result = pieces(size)
    elif path == "/known":
        start_response("200 OK", [("Content-Length", str(size))])
        return pieces(size)
    elif path == "/written":
        write = start_response("200 OK", [])
        for piece in pieces(size):
            write(piece)
        return []
    elif path == "/list":
        result = [b"x" * size]
    elif path == "/file":
        result = environ["wsgi.file_wrapper"](open("large.bin", "rb"))
    elif path == "/read":
        result = environ["wsgi.file_wrapper"](Slow())
    elif path == "/made":
        result = [str(made).encode()]
    else:
        result = [b"hello"]
    start_response("200 OK", [])
    return result

class Slow:
    """Not a file of the system: it is read here."""
    def __init__(self):
        self.file = None
        self.left = 64
    def read(self, size):
        self.left -= 1
        return b"y" * size if self.left >= 0 else b""
`

const startFlow = (args: readonly string[] = []): Promise<Daemon> =>
  startWsgi({ workers: 1, appArgument: 'flow:app', files: { 'flow.py': app }, args })

/** Kilobytes at the peak of each process that bodies pass. */
const peaksOf = (server: Daemon): { front: number; worker: number } => {
  const peak = (pid: number | undefined) => Number.parseInt(statusField(pid ?? 0, 'VmHWM') ?? 'NaN', 10)
  return { front: peak(frontsOf(server)[0]), worker: peak(pythonsOf(server)[0]) }
}

/** How many bytes a stream gave. */
const drink = async (stream: Readable): Promise<number> => {
  let total = 0
  for await (const piece of stream) total += piece.length
  return total
}

const uploadSize = 100_000

/** A large body that comes a byte at a time until the test says otherwise. */
class Upload {
  readonly client: RawClient
  readonly #drops: NodeJS.Timeout
  #sent = 0

  static async begin(server: Daemon, path: string): Promise<Upload> {
    const client = await RawClient.connect(server.target)
    const headers = { 'Content-Length': String(uploadSize) }
    client.send(requestText(path, { method: 'POST', headers }))
    return new Upload(client)
  }

  private constructor(client: RawClient) {
    this.client = client
    this.#drops = setInterval(() => this.#send(1), 200)
    onTestFinished(() => this.stop())
  }

  #send(bytes: number): void {
    this.#sent += bytes
    this.client.send('x'.repeat(bytes))
  }

  /** Sends all the rest. */
  async finish(): Promise<Answer> {
    clearInterval(this.#drops)
    this.#send(uploadSize - this.#sent)
    return await this.client.answer()
  }

  stop(): void {
    clearInterval(this.#drops)
    this.client.close()
  }
}

/** Bytes that the kernel holds for a client that does not read: two sockets, both ways, as large as they grow. */
const inSockets = 16 * megabyte

describe.skipIf(noPython !== undefined)(pythonLabel, () => {
  test('an upload of 1 GB passes front and worker in little memory', { timeout: 120_000 }, async () => {
    const server = await startFlow()
    const before = peaksOf(server)
    const headers = { 'Content-Length': String(gigabyte) }
    const exchange = new Exchange(server.target, '/sum', { method: 'POST', headers })
    const piece = Buffer.alloc(4 * megabyte, 'abc')
    for (let sent = 0; sent < gigabyte; sent += piece.length) await exchange.send(piece)
    expect((await exchange.reply()).text).toBe(String(gigabyte))
    const after = peaksOf(server)
    expect(after.worker - before.worker).toBeLessThan(16_000)
    expect(after.front - before.front).toBeLessThan(150_000)
    await server.assertClean()
  })

  test.each(['/generated', '/known', '/written', '/file'])(
    'a response of 1 GB (%s) passes front and worker in little memory',
    { timeout: 120_000 },
    async (path) => {
      const server = await startFlow()
      server.write('large.bin', '')
      truncateSync(server.path('large.bin'), gigabyte)
      const before = peaksOf(server)
      const exchange = new Exchange(server.target, `${path}?${gigabyte}`)
      exchange.request.end()
      expect(await drink(await exchange.response)).toBe(gigabyte)
      const after = peaksOf(server)
      expect(after.worker - before.worker).toBeLessThan(16_000)
      expect(after.front - before.front).toBeLessThan(150_000)
      await server.assertClean()
    },
  )

  test('a client that does not read stops the application, and goes on when it reads', async () => {
    const size = 200 * megabyte
    const server = await startFlow(['--threads', '2'])
    const made = async () => Number(await server.get('/made'))
    const client = new Exchange(server.target, `/generated?${size}`)
    client.request.end()
    const response = await client.response
    let last = 0
    const stands = async () => {
      const before = last
      last = await made()
      return last > 0 && last === before && last
    }
    const stood = await eventually(stands, { every: 300, what: () => `no more is made; ${last}` })
    expect(stood).toBeLessThan(inSockets)
    expect(peaksOf(server).front).toBeLessThan(250_000)
    expect(await drink(response)).toBe(size)
    expect(await made()).toBe(size)
    await server.assertClean()
  })

  test('a client that does not read keeps no worker from others, when the front has all of the answer', async () => {
    const server = await startFlow()
    server.write('large.bin', '')
    truncateSync(server.path('large.bin'), 64 * megabyte)
    for (const path of ['/file', `/list?${megabyte}`]) {
      const slow = new Exchange(server.target, path)
      slow.request.end()
      const response = await slow.response
      // The only worker answers this.
      expect(await server.get()).toBe('hello')
      expect(await drink(response)).toBe(path === '/file' ? 64 * megabyte : megabyte)
    }
    await server.assertClean()
  })

  test('clients that leave in the middle free what they held, and are no errors', async () => {
    const server = await startFlow()
    server.write('large.bin', '')
    truncateSync(server.path('large.bin'), gigabyte)
    const [front = 0] = frontsOf(server)
    const [worker = 0] = pythonsOf(server)
    const open = () => [front, worker].map((pid) => readdirSync(`/proc/${pid}/fd`).length)
    const before = open()
    for (const path of ['/file', `/generated?${gigabyte}`, `/known?${gigabyte}`, `/written?${gigabyte}`]) {
      const client = await RawClient.connect(server.target)
      client.send(requestText(path))
      await eventually(() => client.pending.length > megabyte)
      client.close()
      expect(await server.get()).toBe('hello')
    }
    await eventually(() => String(open()) === String(before), { what: () => `${open()}, were ${before}` })
    await server.assertClean()
  })

  test('a file-like object that is no file is read in pieces', async () => {
    const server = await startFlow()
    expect((await ask(server.target, '/read')).text).toBe('y'.repeat(64 * 8192))
    await server.assertClean()
  })

  test('twenty slow uploaders keep no worker from others', async () => {
    const server = await startFlow()
    const size = 60_000
    const head = requestText('/sum', { method: 'POST', headers: { 'Content-Length': String(size) } })
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(server.target)))
    for (const client of clients) client.send(head)
    for (let part = 0; part < 5; part++) {
      for (const client of clients) client.send('x'.repeat(size / 6))
      expect(await server.get()).toBe('hello')
    }
    for (const client of clients) client.send('x'.repeat(size / 6))
    for (const client of clients) {
      expect((await client.answer()).body).toBe(String(size))
      client.close()
    }
    await server.assertClean()
  })

  test.each([[['--workers', '2']], [['--threads', '2']]])(
    'the wait for a slow upload is not the time of the application, and ends with 408, not with the worker (%j)',
    async (args) => {
      const server = await startFlow(['--timeout', '2', '--body-timeout', '3', ...args])
      const workers = pythonsOf(server)
      const [slow, slower] = [await Upload.begin(server, '/sum'), await Upload.begin(server, '/sum')]
      // Longer than `timeout`.
      await steadily(() => slow.client.pending.length === 0, { during: 2700 })
      expect((await slow.finish()).body).toBe(String(uploadSize))
      // Slower than may be.
      expect((await slower.client.answer()).status).toBe(408)
      slower.stop()
      expect(await server.get()).toBe('hello')
      expect(pythonsOf(server)).toEqual(workers)
      expect(server.log()).not.toMatch(/TIMEOUT/)
      // What the application does with it is its own time.
      const thought = await Upload.begin(server, '/sum?30')
      await steadily(() => thought.client.pending.length === 0, { during: 500 })
      expect((await thought.finish()).status).toBe(504)
      await server.logged(/WORKER TIMEOUT .* POST \/sum\?30 runs for \d\.\d s/)
      await server.assertClean({ allows: [/TIMEOUT|body_min_rate|exited with code 1/] })
    },
  )

  test('those who leave before the end of a small body are never given to the application', async () => {
    const server = await startFlow(['--access-logfile', 'access.log'])
    const client = await RawClient.connect(server.target)
    client.send(requestText('/sum', { method: 'POST', headers: { 'Content-Length': '50000' } }))
    client.send('x'.repeat(40_000))
    expect(await server.get()).toBe('hello')
    client.finish()
    expect((await client.answer()).status).toBe(400)
    await eventually(() => /"POST \/sum HTTP\/1\.1" 400/.test(server.read('access.log')))
    expect(await server.get()).toBe('hello')
    await server.assertClean({ keeps: ['access.log'], allows: [/the request was cut short/] })
  })

  test('a large upload that is refused at once ends in order', async () => {
    const server = await startFlow()
    const exchange = new Exchange(server.target, '/', {
      method: 'POST',
      headers: { 'Content-Length': String(gigabyte) },
    })
    await exchange.send(Buffer.alloc(megabyte))
    const response = await exchange.response
    expect(response.statusCode).toBe(200)
    expect(response.headers.connection).toBe('close')
    if (!response.closed) await Promise.race([drink(response), once(response, 'close')])
    expect(await server.get()).toBe('hello')
    await server.assertClean()
  })
})
