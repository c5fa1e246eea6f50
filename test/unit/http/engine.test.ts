import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import { connect, get, hello, latch, serve, until } from './harness.ts'

const fetchApp: Application = { kind: 'fetch', shape: 'fetch', fetch: () => new Response('hello') }
const serverApp = (): Application => ({
  kind: 'server',
  shape: 'server',
  server: createServer((_, response) => response.end('hello')),
})

describe.each([
  ['node', () => hello],
  ['fetch', () => fetchApp],
  ['server', serverApp],
] as const)('an application of kind %s', (_, app) => {
  test('answers requests on one kept connection', async () => {
    const { port, engine, records } = await serve(app())
    const client = await connect(port)
    await client.send(get('/a')).has('hello')
    const text = await client.send(get('/b')).has('hello', 2)
    expect(text).not.toMatch(/connection: close/i)
    await until(() => records.length === 2)
    expect(records.map(({ target, status, bodyBytes }) => [target, status, bodyBytes])).toEqual([
      ['/a', 200, 5],
      ['/b', 200, 5],
    ])
    expect([engine.requests, engine.connections]).toEqual([2, 1])
  })

  test('answers pipelined requests in order', async () => {
    const { port, records } = await serve(app())
    const client = await connect(port)
    await client.send(get('/1') + get('/2') + get('/3')).has('hello', 3)
    await until(() => records.length === 3)
    expect(records.map(({ target }) => target)).toEqual(['/1', '/2', '/3'])
  })

  test('closes after every response when keepalive is 0', async () => {
    const { port } = await serve(app(), { keepAliveMs: 0 })
    const text = await (await connect(port)).send(get()).end()
    expect(text).toMatch(/connection: close/i)
    expect(text).toContain('hello')
  })
})

const failing = (handler: (path: string) => unknown): Record<string, Application> => ({
  'a node handler': { kind: 'node', shape: 'f', handler: (request) => handler(request.url ?? '') },
  'a fetch handler': {
    kind: 'fetch',
    shape: 'f',
    fetch: (request) => handler(new URL(request.url).pathname) as Promise<Response>,
  },
  'a server listener': {
    kind: 'server',
    shape: 'f',
    server: createServer((request) => handler(request.url ?? '') as undefined),
  },
})

describe.each(Object.keys(failing(() => undefined)))('when %s fails', (kind) => {
  test.each(['throws', 'rejects'])('because it %s, the client gets 500 and we get the error', async (how) => {
    const app = failing(() => {
      if (how === 'throws') throw new Error('boom')
      return Promise.reject(new Error('boom'))
    })[kind] as Application
    const { port, errors, records } = await serve(app)
    const text = await (await connect(port)).send(get('/x?y')).end()
    expect(text).toMatch(/^HTTP\/1\.1 500 /)
    expect(text).not.toContain('boom')
    expect(errors.map(({ error, where }) => [String(error), where])).toEqual([['Error: boom', 'GET /x?y']])
    await until(() => records.length === 1)
    expect(records[0]?.status).toBe(500)
  })
})

test('an error after the head was sent cuts the connection, so that the client knows', async () => {
  const app: Application = {
    kind: 'node',
    shape: 'f',
    handler: async (_, response) => {
      response.write('half')
      throw new Error('late')
    },
  }
  const { port, errors, records } = await serve(app)
  const client = await connect(port)
  await client.send(get()).has('half')
  await until(() => client.ended || client.error !== undefined)
  expect(client.text).not.toContain('\r\n0\r\n')
  expect(errors).toHaveLength(1)
  await until(() => records.length === 1)
  expect(records[0]).toMatchObject({ completed: false, status: 200 })
})

describe('a fetch handler', () => {
  const fetchOf = (fetch: (request: Request) => unknown): Application =>
    ({ kind: 'fetch', shape: 'fetch', fetch }) as Application

  test('that returns nothing gives 500 and an error that says so', async () => {
    const { port, errors } = await serve(fetchOf(() => undefined))
    expect(await (await connect(port)).send(get()).end()).toMatch(/^HTTP\/1\.1 500 /)
    expect(String(errors[0]?.error)).toContain('returned undefined')
  })

  test('whose body fails on its way cuts the connection, and the error is told once', async () => {
    const { port, errors } = await serve(
      fetchOf(() => {
        let pieces = 0
        return new Response(
          new ReadableStream({
            pull: (controller) => {
              pieces += 1
              if (pieces === 1) controller.enqueue(new TextEncoder().encode('half'))
              else controller.error(new Error('boom'))
            },
          }),
        )
      }),
    )
    const client = await connect(port)
    client.send(get('/stream'))
    await until(() => client.ended || client.error !== undefined)
    expect(client.text).not.toContain('\r\n0\r\n')
    await until(() => errors.length > 0)
    expect(errors.map(({ error, where }) => [String(error), where])).toEqual([['Error: boom', 'GET /stream']])
  })

  test('sees the scheme a trusted proxy forwards', async () => {
    const { port } = await serve(fetchOf((request) => new Response(request.url)))
    await (await connect(port)).send(get('/a', 'X-Forwarded-Proto: https\r\n')).has('https://x/a')
  })
})

test('a client that leaves in the middle of an answer is no error', async () => {
  const begun = latch()
  const { port, errors, records } = await serve({
    kind: 'node',
    shape: 'f',
    handler: (_, response) => {
      Readable.from(
        (function* () {
          for (let i = 0; i < 1e6; i += 1) yield 'x'.repeat(1000)
        })(),
      ).pipe(response)
      begun.open()
    },
  })
  const client = await connect(port)
  client.socket.pause()
  client.send(get())
  await begun.opened
  client.socket.destroy()
  await until(() => records.length === 1)
  expect(records[0]?.completed).toBe(false)
  expect(errors).toEqual([])
})

test('destroy cuts everything off, and a drain under way ends', async () => {
  const { port, engine } = await serve({ kind: 'node', shape: 'f', handler: () => undefined })
  const client = await connect(port)
  client.send(get())
  await until(() => engine.inflight().length === 1)
  const drained = engine.drain({ emptyAcceptQueue: false, idleMs: 60_000 })
  engine.destroy()
  await drained
  await until(() => client.ended || client.error !== undefined)
  expect(engine.connections).toBe(0)
})

describe('bytes of body', () => {
  const write: Record<
    string,
    [method: string, Application['kind'], (response: import('node:http').ServerResponse) => unknown, number]
  > = {
    'a string in another encoding': ['GET', 'node', (r) => r.end('6869', 'hex'), 2],
    'strings of several bytes a letter': ['GET', 'node', (r) => r.end('héé'), 5],
    'several pieces': [
      'GET',
      'node',
      (r) => [r.write('ab'), r.write(Buffer.from('cde')), r.end(new Uint8Array(4))],
      9,
    ],
    'nothing for HEAD': ['HEAD', 'node', (r) => r.end('hello'), 0],
    'nothing for 304': ['GET', 'node', (r) => r.writeHead(304).end('hello'), 0],
    'a body with writeHead': ['GET', 'node', (r) => r.writeHead(201, { 'X-A': 'b' }).end('hello'), 5],
  }
  test.each(Object.entries(write))('%s', async (_, [method, kind, handler, bytes]) => {
    const app = {
      kind,
      shape: 'f',
      handler: (__: unknown, response: never) => handler(response),
    } as Application
    const { port, records } = await serve(app)
    const client = await connect(port)
    client.send(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`)
    await until(() => records.length === 1)
    expect(records[0]?.bodyBytes).toBe(bytes)
  })

  test('and headers are those that were sent, however they were given', async () => {
    const app: Application = {
      kind: 'node',
      shape: 'f',
      handler: (_, response) => void response.writeHead(201, { 'X-A': 'b' }).end('hello'),
    }
    const { port, records } = await serve(app)
    await (await connect(port)).send(get()).has('hello')
    await until(() => records.length === 1)
    const [record] = records
    expect(record?.responseHeader('x-a')).toBe('b')
    expect(record?.responseHeader('date')).toMatch(/GMT$/)
    expect(record?.responseHeader('x-none')).toBeUndefined()
  })
})

test('a client that leaves is recorded as such', async () => {
  const begun = latch()
  const app: Application = { kind: 'node', shape: 'f', handler: () => begun.open() }
  const { port, records, engine } = await serve(app)
  const client = await connect(port)
  client.send(get('/gone'))
  await begun.opened
  expect(engine.inflight()).toMatchObject([{ method: 'GET', target: '/gone', remoteAddress: '127.0.0.1' }])
  client.socket.destroy()
  await until(() => records.length === 1)
  expect(records[0]).toMatchObject({ completed: false, status: 0, target: '/gone' })
  expect(engine.inflight()).toEqual([])
})

test('a large answer to an unread upload arrives whole, although the connection closes', async () => {
  const answer = 'x'.repeat(300_000)
  const app: Application = { kind: 'node', shape: 'f', handler: (_, response) => void response.end(answer) }
  const { port } = await serve(app, { keepAliveMs: 0 })
  const client = await connect(port)
  client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n${'y'.repeat(2_000_000)}`)
  expect(await client.end()).toContain(answer)
})

describe('hooks', () => {
  test('pre_request is awaited before the application, post_request sees both', async () => {
    const seen: unknown[] = []
    const { port } = await serve(
      { kind: 'node', shape: 'f', handler: (_, response) => [seen.push('app'), response.end('hello')] },
      {},
      {
        preRequest: async (request) => {
          await Promise.resolve()
          seen.push(request)
        },
        postRequest: (_, environ, response) => void seen.push(environ['PATH_INFO'], response),
      },
    )
    await (await connect(port)).send(get('/a%20b?c=d', 'X-One: 1\r\n')).has('hello')
    await until(() => seen.length === 4)
    expect(seen[0]).toMatchObject({
      path: '/a%20b',
      query: 'c=d',
      version: [1, 1],
      headers: [
        ['HOST', 'x'],
        ['X-ONE', '1'],
      ],
      req_number: 1,
    })
    expect(seen.slice(1, 3)).toEqual(['app', '/a b'])
    expect(seen[3]).toMatchObject({ status: '200 OK', status_code: 200, sent: 5 })
  })

  test.each([
    () => {
      throw new Error('no')
    },
    () => Promise.reject(new Error('no')),
  ])('a failing pre_request gives 500 and the application never sees the request', async (preRequest) => {
    const seen: string[] = []
    const { port, errors } = await serve(
      { kind: 'node', shape: 'f', handler: () => seen.push('app') },
      {},
      { preRequest },
    )
    expect(await (await connect(port)).send(get()).end()).toMatch(/^HTTP\/1\.1 500 /)
    expect(seen).toEqual([])
    expect(errors).toHaveLength(1)
  })

  test('a failing post_request is told and harms nothing', async () => {
    const { port, errors } = await serve(hello, {}, { postRequest: () => Promise.reject(new Error('no')) })
    await (await connect(port)).send(get()).has('hello')
    await until(() => errors.length === 1)
    expect(errors[0]?.where).toBe('post_request')
  })
})

test('an upgraded connection belongs to the application, and is one exchange', async () => {
  const { port, records, engine } = await serve({
    kind: 'node',
    shape: 'f',
    handler: (_, response) => void response.end('hello'),
    upgrade: (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
      socket.on('data', (data) => socket.write(data))
      socket.on('end', () => socket.end())
    },
  })
  const client = await connect(port)
  await client.send(get('/ws', 'Connection: Upgrade\r\nUpgrade: x\r\n')).has('101')
  await client.send('echo').has('echo')
  expect(engine.requests).toBe(1)
  client.socket.end()
  await until(() => records.length === 1)
  expect(records[0]).toMatchObject({ target: '/ws', status: 101 })
})
