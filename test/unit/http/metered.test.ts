/** Whatever becomes of a request, on either engine it is counted once, at its end, and what is in flight comes back to 0. */
import { createServer } from 'node:http'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import type { ExchangeMeter } from '../../../src/http/engine.ts'
import type { HttpPolicy } from '../../../src/http/policy.ts'
import { type Client, connect, get, serve, until } from './harness.ts'

type Over = readonly [status: number, bytes: number]

const counting = () => {
  const count = { accepted: 0, begun: 0, refused: 0, over: [] as Over[], milliseconds: [] as number[] }
  const meter: ExchangeMeter = {
    accepted: () => void count.accepted++,
    begun: () => void count.begun++,
    refused: () => void count.refused++,
    over: (status, bytes, milliseconds) => {
      count.over.push([status, bytes])
      count.milliseconds.push(milliseconds)
    },
  }
  return { count, meter }
}

/** What the paths of the applications below do; both languages of engines have them all. */
const nodeApp = (): Application => {
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    if (path === '/throw') throw new Error('the application failed')
    if (path === '/never') return
    if (path === '/half') {
      response.writeHead(200, { 'Content-Length': 10 })
      response.write('half')
      return void setImmediate(() => response.destroy())
    }
    if (path === '/body')
      return void request.on('data', () => undefined).on('end', () => response.end('read'))
    if (path === '/slow') return void setTimeout(() => response.end('hello'), 30)
    if (path === '/204') response.statusCode = 204
    if (path === '/large') return void response.end(Buffer.alloc(1_000_000))
    response.end(path === '/204' ? undefined : 'hello')
  })
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')
    socket.on('end', () => socket.end()).resume()
  })
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    socket.end()
  })
  return { kind: 'server', shape: 'server', server }
}

const halves = async function* () {
  yield Buffer.from('half')
  throw new Error('the stream failed')
}

const fetchApp = (): Application => ({
  kind: 'fetch',
  shape: 'fetch',
  fetch: async (request) => {
    const path = new URL(request.url).pathname
    if (path === '/throw') throw new Error('the application failed')
    if (path === '/never') return new Promise<Response>(() => undefined)
    if (path === '/half')
      return new Response(ReadableStream.from(halves()), { headers: { 'Content-Length': '10' } })
    if (path === '/body') {
      await request.text()
      return new Response('read')
    }
    if (path === '/slow') await new Promise((resolve) => setTimeout(resolve, 30))
    if (path === '/204') return new Response(null, { status: 204 })
    if (path === '/large') return new Response(new Uint8Array(1_000_000))
    return new Response('hello')
  },
})

const apps = { node: nodeApp, fetch: fetchApp } as const

const metered = async (app: Application, policy: Partial<HttpPolicy> = {}) => {
  const { count, meter } = counting()
  const { port, engine } = await serve(app, policy, { meter, onExchange: undefined as never })
  return {
    port,
    engine,
    count,
    calm: () => until(() => engine.connections === 0 && count.begun === count.over.length),
  }
}

interface Case {
  readonly send: string
  /** Sent when the application has the request. */
  readonly more?: string
  /** What is waited for before the client goes. */
  readonly sees?: string
  readonly policy?: Partial<HttpPolicy>
  readonly over: readonly Over[]
  readonly refused?: number
  /** By RST: who only ends its side may still want the answer. */
  readonly resets?: true
  readonly only?: keyof typeof apps
}

const body = (length: number, text: string): string =>
  `POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${text}`

const cases: Readonly<Record<string, Case>> = {
  'one answered': { send: get(), sees: 'hello', over: [[200, 5]] },
  'pipelined ones': {
    send: get() + get('/204') + get('/slow'),
    sees: 'hello',
    over: [
      [200, 5],
      [204, 0],
      [200, 5],
    ],
  },
  'HEAD, which has no body': { send: 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n', sees: '200', over: [[200, 0]] },
  'a body that is read': { send: body(3, 'abc'), sees: 'read', over: [[200, 4]] },
  'a handler that throws': { send: get('/throw'), sees: '500', over: [[500, -1]] },
  'a response that breaks off': { send: get('/half'), sees: 'half', over: [[200, 4]] },
  'a client that goes before the answer': { send: get('/never'), over: [[0, 0]], resets: true },
  'a client that ends in the middle of its body': { send: body(10, 'abc'), over: [[400, -1]] },
  'a head that is nonsense': { send: 'nonsense\r\n\r\n', sees: '400', over: [], refused: 1 },
  'a head without a host': { send: 'GET / HTTP/1.1\r\n\r\n', sees: '400', over: [], refused: 1 },
  'nonsense behind a request that was answered': {
    send: `${get()}nonsense\r\n\r\n`,
    sees: '',
    over: [[200, 5]],
    refused: -1,
  },
  'a body that stops coming': {
    send: body(10, 'abc'),
    sees: '408',
    policy: { bodyMs: 60 },
    over: [[408, -1]],
  },
  'a chunk that is nonsense': {
    send: 'POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n',
    more: 'nonsense\r\n',
    sees: '400',
    over: [[400, -1]],
  },
  'an upgrade': {
    send: get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n'),
    sees: '101',
    over: [[101, 0]],
    only: 'node',
  },
  'a tunnel': {
    send: 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n',
    sees: '200',
    over: [[200, 0]],
    only: 'node',
  },
  'an expectation that is met': {
    send: 'POST /body HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na',
    sees: 'read',
    over: [[200, 4]],
  },
  // Of an application's own server node answers it, before anybody is asked.
  'an expectation that nobody meets': {
    send: get('/', 'Expect: cake\r\n'),
    sees: '417',
    over: [],
    refused: 1,
    only: 'fetch',
  },
}

describe.each(Object.entries(apps))('on the engine for %s applications', (kind, app) => {
  const fitting = Object.entries(cases).filter(([, { only }]) => only === undefined || only === kind)
  test.each(fitting)('%s', async (_, { send, more, sees, policy, over, resets, refused = 0 }) => {
    const { port, count, engine, calm } = await metered(app(), policy)
    const client = await connect(port)
    client.send(send)
    if (more !== undefined) {
      await until(() => engine.requests === 1)
      client.send(more)
    }
    if (sees !== undefined) await client.has(sees)
    else await until(() => engine.requests === over.length)
    await until(() => sees === undefined || count.over.length === over.length || sees === '101')
    if (resets) client.socket.resetAndDestroy()
    else client.socket.destroy()
    await calm()
    expect(count.over.map(([status]) => status)).toEqual(over.map(([status]) => status))
    const known = over.flatMap(([, bytes], at) => (bytes < 0 ? [] : [[count.over[at]?.[1], bytes]]))
    for (const [bytes, expected] of known) expect(bytes).toBe(expected)
    expect(count.begun).toBe(over.length)
    if (refused >= 0) expect(count.refused).toBe(refused)
    expect(count.accepted).toBe(1)
  })

  test('times are milliseconds from the head to the end', async () => {
    const { port, count } = await metered(app())
    const client = await connect(port)
    await client.send(get('/slow')).has('hello')
    await until(() => count.over.length === 1)
    expect(count.milliseconds[0]).toBeGreaterThan(25)
    expect(count.milliseconds[0]).toBeLessThan(5000)
  })

  test('a drain counts those it still answers', async () => {
    const { port, count, engine, calm } = await metered(app())
    const client = await connect(port)
    client.send(get('/slow') + get('/slow'))
    await until(() => engine.requests > 0)
    await engine.drain({ emptyAcceptQueue: false, idleMs: 100 })
    await calm()
    expect(count.over).toEqual([
      [200, 5],
      [200, 5],
    ])
  })

  test('an end by force counts those that were in hand as lost', async () => {
    const { port, count, engine, calm } = await metered(app())
    const client = await connect(port)
    client.send(get('/never'))
    await until(() => engine.requests === 1)
    engine.destroy()
    await calm()
    expect(count.over).toEqual([[0, 0]])
  })

  test('any mixture of requests, nonsense and leaving', { timeout: 30_000 }, async () => {
    const { port, count, engine, calm } = await metered(app(), { bodyMs: 200, headersMs: 200 })
    const pieces = [
      get(),
      get('/slow'),
      get('/never'),
      get('/throw'),
      get('/half'),
      get('/large'),
      get('/204'),
      body(3, 'abc'),
      body(30, 'ab'),
      'GET /',
      '\r\n\r\n',
      'nonsense\r\n\r\n',
      'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n',
      'POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n',
      '0\r\n\r\n',
      'zz\r\n',
      get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n'),
      get('/', 'Expect: 100-continue\r\n'),
      'GET / HTTP/1.0\r\n\r\n',
      'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n',
    ]
    const leaving = fc.constantFrom('destroy', 'end', 'reset', 'wait')
    const story = fc.record({ parts: fc.array(fc.constantFrom(...pieces), { maxLength: 6 }), leaving })
    const left: Client[] = []
    await fc.assert(
      fc.asyncProperty(fc.array(story, { minLength: 1, maxLength: 8 }), async (stories) => {
        const clients = await Promise.all(stories.map(() => connect(port)))
        for (const [at, { parts, leaving: how }] of stories.entries()) {
          const client = clients[at]
          if (client === undefined) continue
          for (const part of parts) client.send(part)
          await new Promise((resolve) => setImmediate(resolve))
          if (how === 'destroy') client.socket.destroy()
          else if (how === 'end') client.socket.end()
          else if (how === 'reset') client.socket.resetAndDestroy()
          else left.push(client)
        }
      }),
      { numRuns: 60 },
    )
    for (const client of left) client.socket.destroy()
    await until(() => engine.connections === 0 || count.begun > 0)
    engine.destroy()
    await calm()
    expect(count.over.length).toBe(engine.requests)
    expect(count.over.length).toBeGreaterThan(50)
    expect(count.milliseconds.every((time) => time >= 0 && time < 60_000)).toBe(true)
  })
})
