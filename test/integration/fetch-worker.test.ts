/** A worker of a fetch application: what fails, what is logged, what is told to hooks, and how it ends. */
import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { fetchAppOf } from '../support/apps.ts'
import { type Daemon, type StartOptions, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { ask, Exchange } from '../support/http-client.ts'
import { isAlive } from '../support/processes.ts'
import { RawClient, requestText } from '../support/raw-client.ts'

const occurrences = (text: string, part: string): number => text.split(part).length - 1

describe('what an application does wrong', () => {
  const app = `
const broken = (when) => new ReadableStream({
  async pull(controller) {
    if (when === 0) throw new Error('stream broken at once')
    if (when-- > 1) return controller.enqueue(new TextEncoder().encode('a piece'))
    await new Promise((go) => setTimeout(go, 20))
    throw new Error('stream broken later')
  },
})
const routes = {
  '/': () => new Response('hello'),
  '/throws': () => { throw new Error('thrown by fetch') },
  '/rejects': async () => { await null; throw new Error('rejected by fetch') },
  '/throws-text': () => { throw 'only text' },
  '/nothing': () => undefined,
  '/text': async () => 'not a response',
  '/used': async () => { const used = new Response('x'); await used.text(); return used },
  '/twice': () => routes.kept ??= new Response('once'),
  '/header': () => new Response('x', { headers: { 'x-a': 'a\\r\\nb: c' } }),
  '/at-once': () => new Response(broken(0)),
  '/later': () => new Response(broken(3)),
  '/objects': () => new Response(new ReadableStream({ start(c) { c.enqueue({}) } })),
  '/work': (_, context) => { context.waitUntil(Promise.reject(new Error('work rejected'))); return new Response('begun') },
}
export default { fetch: (request, context) => routes[new URL(request.url).pathname](request, context) }
`
  const answered500: ReadonlyArray<readonly [string, string]> = [
    ['/throws', 'Error: thrown by fetch'],
    ['/rejects', 'Error: rejected by fetch'],
    ['/throws-text', 'only text'],
    ['/nothing', 'The application returned undefined, not a Response'],
    ['/text', 'The application returned a string, not a Response'],
    ['/used', 'Body is unusable'],
    ['/header', 'holds a character that a header value cannot have'],
    ['/at-once', 'Error: stream broken at once'],
    ['/objects', "The response's body stream gave a object"],
  ]

  test('is answered with 500, and logged once with where it happened; the worker serves on', async () => {
    const server = await start({ workers: 1, app, args: ['--access-logfile', 'access.log'] })
    const pids = server.workerPids()
    for (const [path, words] of answered500) {
      const before = server.logEnd()
      const answer = await ask(server.target, path)
      expect([path, answer.status]).toEqual([path, 500])
      expect(answer.text).not.toContain(words)
      await server.logged(new RegExp(`Error handling request GET ${path}`), { after: before })
      await eventually(() => server.log().slice(before).includes(words), {
        what: () => `'${words}' in ${server.log().slice(before)}`,
      })
      expect(occurrences(server.log().slice(before), 'Error handling request')).toBe(1)
    }
    expect(server.log()).toMatch(/at .*app\.mjs:\d+/)
    expect((await ask(server.target, '/twice')).text).toBe('once')
    expect((await ask(server.target, '/twice')).status).toBe(500)
    expect(await server.get()).toBe('hello')
    expect(server.workerPids()).toEqual(pids)
    await eventually(() => occurrences(server.read('access.log'), '" 500 ') === answered500.length + 1)
    await server.assertClean({ keeps: ['access.log'], allows: [/Error handling request/, /app\.mjs|dist/] })
  })

  test('in the middle of a stream cuts the answer, and is logged once', async () => {
    const server = await start({ workers: 1, app })
    const stream = new Exchange(server.target, '/later')
    await expect(stream.reply()).rejects.toThrow(/aborted/)
    expect((await stream.response).statusCode).toBe(200)
    await server.logged(/stream broken later/)
    expect(await server.get()).toBe('hello')
    expect(occurrences(server.log(), 'stream broken later')).toBe(1)
    await server.assertClean({ allows: [/Error handling request GET \/later/] })
  })

  test('in waitUntil is logged, and the answer is unharmed', async () => {
    const server = await start({ workers: 1, app })
    expect((await ask(server.target, '/work')).text).toBe('begun')
    await server.logged(/Error handling request GET \/work, in waitUntil[\s\S]*Error: work rejected/)
    await server.assertClean({ allows: [/in waitUntil/, /dist/] })
  })
})

describe('work that outlives its answer', () => {
  const app = `
import { appendFileSync } from 'node:fs'
export default {
  fetch(request, context) {
    const { pathname } = new URL(request.url)
    if (pathname === '/work')
      context.waitUntil(new Promise((go) => setTimeout(go, 700)).then(() => appendFileSync('done.txt', process.pid + ' done\\n')))
    return new Response(String(process.pid))
  },
}
`
  test.each(['SIGTERM', 'SIGHUP'] as const)('is done before a worker exits at %s', async (signal) => {
    const server = await start({ workers: 1, app })
    const { text: pid } = await ask(server.target, '/work')
    expect(server.read('done.txt')).toBe('')
    server.signal(signal)
    if (signal === 'SIGTERM') expect(await server.exited()).toEqual({ code: 0, signal: null })
    else await server.hasWorkers(1, { not: [Number(pid)] })
    expect(server.read('done.txt')).toBe(`${pid} done\n`)
    await server.assertClean({ keeps: ['done.txt'] })
  })

  test('ends with graceful_timeout at the latest', async () => {
    const server = await start({
      workers: 1,
      app: app.replace('700', '60000'),
      args: ['--graceful-timeout', '1'],
    })
    await ask(server.target, '/work')
    const began = performance.now()
    server.signal('SIGTERM')
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(5000)
    await server.assertClean({ allows: [/./] })
  })
})

/** RFC 6455: a text frame of at most 125 bytes, masked as clients must. */
const maskedFrame = (text: string, opcode = 1): Buffer => {
  const mask = randomBytes(4)
  const payload = Buffer.from(text).map((byte, index) => byte ^ (mask[index % 4] ?? 0))
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, payload])
}

/** The application's part: the handshake, an echo of text frames, and the answer to a close. */
const webSocketApp = `
import { createHash } from 'node:crypto'
const accept = (key) => createHash('sha1').update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
export default {
  fetch: () => new Response('hello'),
  upgrade(request, socket, head) {
    if (new URL(request.url).pathname === '/throws') throw new Error('thrown by upgrade')
    if (request.headers.get('upgrade') !== 'websocket') return socket.end('HTTP/1.1 400 Bad Request\\r\\nConnection: close\\r\\n\\r\\n')
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
      'Sec-WebSocket-Accept: ' + accept(request.headers.get('sec-websocket-key')) + '\\r\\n\\r\\n')
    let bytes = head
    const read = () => {
      while (bytes.length >= 6 && bytes.length >= 6 + (bytes[1] & 127)) {
        const length = bytes[1] & 127
        const mask = bytes.subarray(2, 6)
        const text = Buffer.from(bytes.subarray(6, 6 + length)).map((byte, index) => byte ^ mask[index % 4])
        const opcode = bytes[0] & 15
        bytes = bytes.subarray(6 + length)
        socket.write(Buffer.concat([Buffer.from([0x80 | opcode, length]), text]))
        if (opcode === 8) socket.end()
      }
    }
    socket.on('data', (chunk) => { bytes = Buffer.concat([bytes, chunk]); read() })
    read()
  },
}
`

describe('another protocol', () => {
  const handshake = (path: string, key: string) =>
    requestText(path, {
      headers: {
        Connection: 'keep-alive, Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': key,
      },
    })

  const serve = (options: StartOptions = {}): Promise<Daemon> =>
    start({ workers: 1, app: webSocketApp, ...options })

  /** Opens a WebSocket; the first frame is sent with the handshake, in one piece. */
  const dial = async (server: Daemon): Promise<RawClient> => {
    const client = await RawClient.connect(server.target)
    const key = randomBytes(16).toString('base64')
    client.send(Buffer.concat([Buffer.from(handshake('/chat', key)), maskedFrame('at once')]))
    const { status, headers } = await client.answer()
    const expected = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    expect([status, headers['sec-websocket-accept']]).toEqual([101, expected])
    await echoes(client, 'at once')
    return client
  }

  const echoes = (client: RawClient, text: string): Promise<true> => {
    const frame = Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)])
    return eventually(() => client.pending.includes(frame), { what: () => client.pending.toString('latin1') })
  }

  const say = (client: RawClient, text: string): Promise<true> => {
    client.send(maskedFrame(text))
    return echoes(client, text)
  }

  test('a WebSocket is opened, echoes, and closes; the log has its 101', async () => {
    const server = await serve({ args: ['--access-logfile', 'access.log'] })
    const client = await dial(server)
    await say(client, 'one')
    await say(client, 'two')
    expect(await server.get()).toBe('hello')
    client.send(maskedFrame('', 8))
    expect(await client.ended()).toBe('fin')
    await eventually(() => /"GET \/chat HTTP\/1\.1" 101 /.test(server.read('access.log')))
    await server.assertClean({ keeps: ['access.log'] })
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)(
    '%s: the worker goes on with it until it is closed',
    async (signal) => {
      const server = await serve()
      const [pid = 0] = server.workerPids()
      const client = await dial(server)
      server.signal(signal)
      await server.logged(new RegExp(`Worker exiting \\(pid: ${pid}\\)`))
      await say(client, 'still here')
      expect(isAlive(pid)).toBe(true)
      client.send(maskedFrame('', 8))
      expect(await client.ended()).toBe('fin')
      const closed = performance.now()
      await eventually(() => !isAlive(pid))
      expect(performance.now() - closed).toBeLessThan(2000)
      await server.assertClean()
    },
  )

  test('graceful_timeout ends it', async () => {
    const server = await serve({ args: ['--graceful-timeout', '1'] })
    const client = await dial(server)
    const began = performance.now()
    server.signal('SIGTERM')
    await client.ended()
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(5000)
    await server.assertClean({ allows: [/./] })
  })

  test('a handler that throws ends its connection alone', async () => {
    const server = await serve()
    const client = await RawClient.connect(server.target)
    client.send(handshake('/throws', 'eA=='))
    await client.ended()
    expect(client.pending.length).toBe(0)
    await server.logged(/Error handling request GET \/throws[\s\S]*thrown by upgrade/)
    expect(await server.get()).toBe('hello')
    await server.assertClean({ allows: [/Error handling request GET \/throws/, /app\.mjs|dist/] })
  })
})

test('the access log tells status, bytes and time of each, and of those that did not end well', async () => {
  const app = `
const wait = (ms) => new Promise((go) => setTimeout(go, ms))
const routes = {
  '/': () => new Response('hello'),
  '/text': () => new Response('héllo'),
  '/slow': async () => { await wait(300); return new Response('slow') },
  '/none': () => new Response(null, { status: 204 }),
  '/stream': () => new Response(new ReadableStream({
    async start(c) { for (let n = 0; n < 4; n++) { c.enqueue(new Uint8Array(1000)); await wait(20) } c.close() },
  })),
  '/throws': () => { throw new Error('thrown') },
  '/echo': (request) => new Response(request.body),
  '/endless': () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1000)) })),
}
export default { fetch: (request) => routes[new URL(request.url).pathname](request) }
`
  const server = await start({
    workers: 1,
    app,
    config: {
      accesslog: 'access.log',
      access_log_format: '%(m)s %(U)s %(q)s %(H)s %(s)s %(B)s %(M)s %(h)s %({x-a}i)s %({content-type}o)s',
    },
  })
  const line = (path: string) =>
    eventually(
      () =>
        server
          .read('access.log')
          .split('\n')
          .find((text) => text.includes(` ${path} `))
          ?.split(' '),
      {
        what: () => `${path} in ${server.read('access.log')}`,
      },
    )
  const milliseconds = (fields: readonly string[]) => Number(fields[6])

  await ask(server.target, '/text?q=1', { headers: { 'X-A': 'seen' } })
  const text = await line('/text')
  expect([...text.slice(0, 6), ...text.slice(7, 9), text.slice(9).join(' ')]).toEqual([
    'GET',
    '/text',
    'q=1',
    'HTTP/1.1',
    '200',
    '6',
    '127.0.0.1',
    'seen',
    expect.stringMatching(/^text\/plain/),
  ])
  await ask(server.target, '/slow')
  expect(milliseconds(await line('/slow'))).toBeGreaterThanOrEqual(295)
  await ask(server.target, '/none')
  expect((await line('/none')).slice(3, 6)).toEqual(['HTTP/1.1', '204', '0'])
  await ask(server.target, '/stream')
  const stream = await line('/stream')
  expect(stream.slice(4, 6)).toEqual(['200', '4000'])
  expect(milliseconds(stream)).toBeGreaterThanOrEqual(60)
  await ask(server.target, '/throws')
  expect((await line('/throws')).at(4)).toBe('500')
  await ask(server.target, '/echo', { method: 'POST', body: 'x'.repeat(100_000) })
  expect((await line('/echo')).slice(0, 6)).toEqual(['POST', '/echo', '', 'HTTP/1.1', '200', '100000'])
  const endless = new Exchange(server.target, '/endless')
  endless.request.end()
  await endless.response
  endless.leave()
  expect((await line('/endless')).at(4)).toBe('200')
  await server.assertClean({
    keeps: ['access.log'],
    allows: [/Error handling request GET \/throws/, /app\.mjs|dist/],
  })
})

describe('hooks', () => {
  const app = `export default { fetch: async (request) => {
  if (request.url.endsWith('/throws')) throw new Error('thrown')
  return new Response('served ' + await request.text())
} }\n`

  test.each([false, true])(
    'pre_request and post_request see request and response (async: %s)',
    async (late) => {
      const wait = late ? 'await new Promise((go) => setTimeout(go, 20));' : ''
      const server = await start({
        workers: 1,
        app,
        config: `import { appendFileSync } from 'node:fs'
const note = (...words) => appendFileSync('hooks.log', words.join(' ') + '\\n')
const async = ${late}
export default {
  pre_request: ${late ? 'async ' : ''}(worker, req) => { ${wait} note('pre', req.method, req.uri, worker.pid === process.pid) },
  post_request: ${late ? 'async ' : ''}(worker, req, environ, resp) => {
    ${wait} note('post', req.path, resp.status, resp.sent, environ.REQUEST_METHOD)
  },
}\n`,
      })
      await ask(server.target, '/one?x=1', { method: 'POST', body: 'body' })
      expect((await ask(server.target, '/throws')).status).toBe(500)
      const lines = await eventually(
        () => {
          const all = server
            .read('hooks.log')
            .split('\n')
            .filter((text) => /one|throws/.test(text))
          return all.length === 4 && all
        },
        { what: () => server.read('hooks.log') },
      )
      expect(lines).toEqual([
        'pre POST /one?x=1 true',
        'post /one 200 OK 11 POST',
        'pre GET /throws true',
        expect.stringMatching(/^post \/throws 500 Internal Server Error \d+ GET$/),
      ])
      await server.assertClean({
        keeps: ['hooks.log'],
        allows: [/Error handling request GET \/throws/, /app\.mjs|dist/],
      })
    },
  )

  test('pre_request that throws is a 500, and the application is not asked', async () => {
    const server = await start({
      workers: 1,
      app,
      config: `export default { pre_request(worker, req) { if (req.path !== '/') throw new Error('refused by hook') } }\n`,
    })
    expect((await ask(server.target, '/one')).status).toBe(500)
    await server.logged(/Error handling request GET \/one[\s\S]*refused by hook/)
    await server.assertClean({ allows: [/Error handling request GET \/one/, /conf\.ts|dist/] })
  })
})

test('a blocked worker is named with its request, and replaced', async () => {
  const server = await start({ workers: 1, app: fetchAppOf(), args: ['--timeout', '1'] })
  const [pid = 0] = await server.hasWorkers(1)
  const client = await server.hold('/hang')
  await server.logged(new RegExp(`WORKER TIMEOUT \\(pid:${pid}\\)`))
  await server.logged(/GET \/hang/)
  await server.logged(/blockForever/)
  await client.ended()
  await server.hasWorkers(1, { not: [pid] })
  await server.assertClean({ allows: [/./] })
})
