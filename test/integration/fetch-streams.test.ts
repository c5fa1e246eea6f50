/** Bodies that go on for long, in both directions, and clients that do not stay to the end of them. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificatePath, pem } from '../support/certificates.ts'
import { type Daemon, type StartOptions, start } from '../support/daemon.ts'
import { eventually, steadily } from '../support/eventually.ts'
import { ask, Exchange } from '../support/http-client.ts'
import { statusField } from '../support/processes.ts'
import { RawClient, requestText } from '../support/raw-client.ts'

/** Tests are told what happens in the application by words on its standard output. */
const app = `
const say = (word) => console.log(word)
const bytes = (text) => new TextEncoder().encode(text)
const gates = []
const gate = () => new Promise((open) => gates.push(open))
let made = 0
const piece = new Uint8Array(65536).fill(97)
const routes = {
  '/': () => new Response('hello'),
  '/open': () => { for (const open of gates.splice(0)) open(); return new Response('opened') },
  '/made': () => new Response(String(made)),
  // The first event is there at once, each further one is made when '/open' was asked for.
  '/events': (request) => {
    request.signal.addEventListener('abort', () => say('events aborted ' + request.signal.reason.name))
    let count = 0
    return new Response(new ReadableStream({
      async pull(controller) {
        count += 1
        if (count > 1) await gate()
        try { controller.enqueue(bytes('data: ' + count + '\\n\\n')) } catch { say('events are over') }
      },
      cancel(reason) { say('events cancelled ' + reason.name) },
    }), { headers: { 'Content-Type': 'text/event-stream' } })
  },
  '/late': async (request) => {
    say('late begun')
    await new Promise((go) => {
      request.signal.addEventListener('abort', () => { say('late aborted'); if (request.url.endsWith('?heed')) go() })
      gates.push(go)
    })
    request.signal.throwIfAborted()
    return new Response('late')
  },
  '/stubborn': async () => { say('stubborn begun'); await gate(); return new Response('answered all the same') },
  '/echo': (request) => new Response(request.body),
  '/upper': (request) => new Response(
    request.body.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TransformStream({ transform: (text, out) => out.enqueue(text.toUpperCase()) }))
      .pipeThrough(new TextEncoderStream()),
  ),
  '/sum': async (request) => {
    let size = 0
    let rests = 0
    for await (const chunk of request.body) {
      size += chunk.length
      if (size > rests * 1048576) { rests += 1; await new Promise((go) => setTimeout(go, 5)) }
    }
    return new Response(String(size))
  },
  '/endless': (request) => new Response(new ReadableStream({
    pull(controller) {
      made += piece.length
      controller.enqueue(piece)
      if (made >= Number(new URL(request.url).searchParams.get('size'))) controller.close()
    },
    cancel() { say('endless cancelled') },
  })),
  '/unread': () => new Response('not read'),
  '/half': async (request) => {
    const { value } = await request.body.getReader().read()
    return new Response('read some: ' + (value.length > 0))
  },
  '/whole': async (request) => {
    try { return new Response('whole: ' + (await request.text()).length) }
    catch (error) { say('cut short: ' + error.message); throw error }
  },
  '/after': async (request) => { say('after begun'); await gate(); return new Response(await request.text()) },
  '/proxy': (request) => {
    const url = new URL(request.url)
    return fetch(new Request('http://127.0.0.1:' + process.env.UPSTREAM + url.pathname + url.search, request))
  },
}
export default { fetch: (request) => routes[new URL(request.url).pathname](request) }
`

const key = { certfile: certificatePath('server.crt'), keyfile: certificatePath('server.key') }
const tls = { ca: pem('ca.crt') }

const plain = (options: StartOptions = {}): Promise<Daemon> => start({ workers: 1, app, ...options })
const encrypted = (): Promise<Daemon> => start({ app, config: { workers: 1, ...key }, tls })

const said = (server: Daemon, word: string) =>
  eventually(() => server.stdout().includes(`${word}\n`), {
    what: () => `'${word}' among:\n${server.stdout()}${server.log()}`,
  })

/** The most memory that the one worker has had, in MB. */
const peak = (server: Daemon): number => {
  const [pid = 0] = server.workerPids()
  return Number.parseInt(statusField(pid, 'VmHWM') ?? '', 10) / 1024
}

const megabyte = 1024 * 1024
const large = 300 * megabyte

describe.each([
  ['plain', plain],
  ['over TLS', encrypted],
])('%s', (_, serve) => {
  test('events arrive one by one as they are made; the client goes, and the stream is cancelled', async () => {
    const server = await serve()
    const events = new Exchange(server.target, '/events')
    events.request.end()
    expect(await events.has('data: 1')).not.toContain('data: 2')
    await server.get('/open')
    await events.has('data: 2')
    events.leave()
    await said(server, 'events aborted AbortError')
    await said(server, 'events cancelled AbortError')
    expect(await server.get('/')).toBe('hello')
    await server.get('/open')
    await server.assertClean()
  })

  test.each(['/echo', '/upper'])('%s: the answer comes while the request is being sent', async (path) => {
    const server = await serve()
    const duplex = new Exchange(server.target, path, { method: 'POST' })
    for (const word of ['One', 'Two', 'Three']) {
      await duplex.send(word)
      await duplex.has(path === '/upper' ? word.toUpperCase() : word)
    }
    expect((await duplex.reply('end')).text).toBe(path === '/upper' ? 'ONETWOTHREEEND' : 'OneTwoThreeend')
    await server.assertClean()
  })

  test('a body that is sent back as it comes arrives whole', async () => {
    const server = await serve()
    const body = Buffer.alloc(5 * megabyte, 'b')
    const answer = await ask(server.target, '/echo', { method: 'POST', body })
    expect([answer.status, answer.text.length]).toEqual([200, body.length])
    await server.assertClean()
  })

  test('300 MB that the application reads slowly are never in memory', async () => {
    const server = await serve()
    const before = peak(server)
    const upload = new Exchange(server.target, '/sum', { method: 'POST' })
    const piece = Buffer.alloc(megabyte, 'x')
    for (let sent = 0; sent < large; sent += megabyte) await upload.send(piece)
    expect((await upload.reply()).text).toBe(String(large))
    expect(peak(server) - before).toBeLessThan(100)
    await server.assertClean()
  })

  test('300 MB that the client reads slowly are made as it reads them', async () => {
    const server = await serve()
    const before = peak(server)
    const download = new Exchange(server.target, `/endless?size=${large}`)
    download.request.end()
    const response = await download.response
    // Nothing is read: what is made must come to a stand, at what the system and the buffers of both ends hold.
    const standing = await eventually(async () => {
      const made = await server.get('/made')
      await pause(150)
      return (await server.get('/made')) === made && Number(made)
    })
    expect(standing).toBeLessThan(30 * megabyte)
    let size = 0
    for await (const piece of response) size += piece.length
    expect(size).toBe(large)
    expect(peak(server) - before).toBeLessThan(100)
    await server.assertClean()
  })
})

test('a client that goes during a download ends it', async () => {
  const server = await plain()
  const download = new Exchange(server.target, '/endless?size=1e15')
  download.request.end()
  await download.has('aaaa')
  download.leave()
  await said(server, 'endless cancelled')
  const made = await server.get('/made')
  await steadily(async () => (await server.get('/made')) === made, { during: 300 })
  await server.assertClean()
})

test('request.signal aborts while the application works, and what it then gives up is no error', async () => {
  const server = await plain({ args: ['--access-logfile', 'access.log'] })
  for (const path of ['/late?heed', '/late']) {
    const begun = server.stdout().length
    const request = new Exchange(server.target, path)
    request.request.end()
    await eventually(() => server.stdout().slice(begun).includes('late begun'))
    request.leave()
    await eventually(() => server.stdout().slice(begun).includes('late aborted'))
  }
  await server.get('/open')
  expect(await server.get('/')).toBe('hello')
  await server.assertClean({ keeps: ['access.log'] })
})

test('a client that only ends its own side still gets its answer', async () => {
  const server = await plain()
  const client = await RawClient.connect(server.target)
  client.send(requestText('/stubborn', { headers: { Connection: 'keep-alive' } }))
  await said(server, 'stubborn begun')
  client.finish()
  await server.get('/open')
  const answer = await client.answer()
  expect([answer.body, answer.closes]).toEqual(['answered all the same', true])
  expect(await client.ended()).toBe('fin')
  const download = await RawClient.connect(server.target)
  download.send(requestText('/endless?size=3000000'))
  download.finish()
  expect((await download.answer()).body.length).toBeGreaterThan(3_000_000)
  await server.assertClean()
})

describe('a body that the application does not want', () => {
  test.each([
    ['/unread', 'not read'],
    ['/half', 'read some: true'],
  ])('%s: the answer is there, and the connection ends in order', async (path, body) => {
    const server = await plain()
    const client = await RawClient.connect(server.target)
    const headers = { 'Content-Length': String(20 * megabyte), Connection: 'keep-alive' }
    client.send(requestText(path, { method: 'POST', headers }) + 'x'.repeat(2 * megabyte))
    const answer = await client.answer()
    expect([answer.status, answer.body]).toEqual([200, body])
    expect(await client.ended()).toBe('fin')
    expect(await server.get('/')).toBe('hello')
    await server.assertClean()
  })

  test('when it is small the connection goes on', async () => {
    const server = await plain()
    const client = await RawClient.connect(server.target)
    for (let round = 0; round < 3; round++) {
      client.send(
        requestText('/unread', {
          method: 'POST',
          headers: { Connection: 'keep-alive' },
          body: 'x'.repeat(2000),
        }),
      )
      expect(await client.answer()).toMatchObject({ status: 200, body: 'not read', closes: false })
    }
    client.close()
    await server.assertClean()
  })
})

describe('a body cut short', () => {
  const head = (framing: string) => `POST /whole HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`
  test.each([
    ['of a known length', `${head('Content-Length: 100')}only this`],
    ['in chunks', `${head('Transfer-Encoding: chunked')}5\r\nchunk\r\n`],
  ])('%s is an error for the application, and for nobody a 200', async (_, bytes) => {
    const server = await plain({ args: ['--access-logfile', 'access.log'] })
    for (const end of ['finish', 'close'] as const) {
      const before = server.stdout().length
      const client = await RawClient.connect(server.target)
      client.send(bytes)
      await eventually(() => server.workers().length === 1)
      client[end]()
      await eventually(() => server.stdout().slice(before).includes('cut short: '))
      await client.ended()
      expect(client.pending.toString()).not.toContain('200')
    }
    await eventually(() => (server.read('access.log').match(/POST \/whole/g) ?? []).length === 2)
    expect(server.read('access.log')).not.toMatch(/POST \/whole HTTP\/1\.1" 200/)
    await server.assertClean({ keeps: ['access.log'], allows: [/Invalid request/] })
  })
})

describe('100-continue', () => {
  const head = (path: string) =>
    requestText(path, {
      method: 'POST',
      headers: { Expect: '100-continue', 'Content-Length': '4', Connection: 'keep-alive' },
    })

  test('is sent when the application asks for the body, not before', async () => {
    const server = await plain()
    const client = await RawClient.connect(server.target)
    client.send(head('/after'))
    await said(server, 'after begun')
    await steadily(() => client.pending.length === 0, { during: 100 })
    await server.get('/open')
    await eventually(() => client.pending.toString() === 'HTTP/1.1 100 Continue\r\n\r\n')
    client.send('body')
    expect((await client.answer()).body).toBe('body')
    client.send(head('/unread'))
    const refused = await client.answer()
    expect([refused.body, refused.closes]).toEqual(['not read', true])
    expect(await client.ended()).toBe('fin')
    await server.assertClean()
  })

  test.skipIf(spawnSync('curl', ['--version']).status !== 0)(
    'curl waits for it, and is not kept waiting',
    async () => {
      const server = await plain({ files: { 'upload.bin': 'u'.repeat(2 * megabyte) } })
      const began = performance.now()
      const { stdout, stderr } = spawnSync(
        'curl',
        [
          '-sv',
          '--expect100-timeout',
          '20',
          '-H',
          'Expect: 100-continue',
          '--data-binary',
          '@upload.bin',
          `http://127.0.0.1:${server.port}/whole`,
        ],
        { cwd: server.folder, timeout: 30_000, encoding: 'utf8' },
      )
      expect(stdout).toBe(`whole: ${2 * megabyte}`)
      expect(stderr).toContain('HTTP/1.1 100 Continue')
      expect(performance.now() - began).toBeLessThan(10_000)
      await server.assertClean()
    },
  )
})

describe('an application that is a proxy', () => {
  /** Echoes piece by piece, and says what it was asked with. */
  const upstream = async (): Promise<string> => {
    const server = createServer((request, response) => {
      response.writeHead(202, 'Taken', {
        'x-method': request.method,
        'x-sent': String(request.headers['x-sent']),
      })
      response.flushHeaders()
      request.pipe(response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    return String((server.address() as AddressInfo).port)
  }

  test('fetch(new Request(url, request)) streams both ways, and its answer is returned as it is', async () => {
    const server = await plain({ env: { UPSTREAM: await upstream() } })
    const duplex = new Exchange(server.target, '/proxy?x', {
      method: 'PUT',
      headers: { 'X-Sent': 'by client' },
    })
    await duplex.send('first')
    await duplex.has('first')
    await duplex.send('second')
    await duplex.has('second')
    expect(await duplex.reply()).toMatchObject({
      status: 202,
      reason: 'Taken',
      headers: { 'x-method': 'PUT', 'x-sent': 'by client' },
      text: 'firstsecond',
    })
    expect(await ask(server.target, '/proxy')).toMatchObject({ status: 202, text: '' })
    await server.assertClean()
  })
})
