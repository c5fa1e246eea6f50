import { createServer, type IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import type { HttpPolicy } from '../../../src/http/policy.ts'
import { type Client, connect, get, hello, latch, serve, until } from './harness.ts'

/** An application that reads each body to its end, and what became of that. */
const reading = () => {
  const bodies: string[] = []
  const read = async (request: IncomingMessage) => {
    let size = 0
    for await (const chunk of request) size += (chunk as Buffer).length
    return size
  }
  const app: Application = {
    kind: 'node',
    shape: 'f',
    handler: (request, response) =>
      read(request).then(
        (size) => {
          bodies.push(`${size} ${request.rawTrailers.join('=')}`)
          response.end('hello')
        },
        (error: Error) => void bodies.push(error.message),
      ),
  }
  return { app, bodies }
}

/** Serves, and keeps what was told of refusals. */
const guarded = async (app: Application, policy: Partial<HttpPolicy>) => {
  const refused: [number, string][] = []
  const served = await serve(app, policy, { onRefused: (status, reason) => refused.push([status, reason]) })
  return { ...served, refused }
}

const gone = (client: Client) => until(() => client.ended || client.error !== undefined)
const chunked = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
const sized = (length: number) => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`

describe('a slow body', () => {
  test('that stops coming is answered 408, and its reading fails', async () => {
    const { app, bodies } = reading()
    const { port, refused, engine } = await guarded(app, { bodyMs: 60 })
    expect(await (await connect(port)).send(`${sized(10)}abc`).end()).toMatch(/^HTTP\/1\.1 408 /)
    expect(refused).toEqual([[408, 'nothing came of the body for body_timeout']])
    await until(() => bodies.length === 1)
    expect(bodies).toEqual(['aborted'])
    await until(() => engine.connections === 0)
  })

  test('that drips is answered 408 by its rate', async () => {
    const { app } = reading()
    const { port, refused } = await guarded(app, { bodyMs: 100, bodyMinRate: 1_000_000 })
    const client = await connect(port)
    client.send(sized(100_000))
    const drip = setInterval(() => client.send('a'), 10)
    await gone(client)
    clearInterval(drip)
    expect(client.text).toMatch(/^HTTP\/1\.1 408 /)
    expect(refused).toEqual([[408, 'the body is slower than body_min_rate']])
  })

  test('is cut where a part of the answer was sent', async () => {
    const { port, refused } = await guarded(
      { kind: 'node', shape: 'f', handler: (_, response) => void response.write('half') },
      { bodyMs: 60 },
    )
    const client = await connect(port)
    client.send(`${sized(10)}abc`)
    await gone(client)
    expect(client.text).toContain('half')
    expect(client.text).not.toContain('408')
    expect(refused).toHaveLength(1)
  })

  test('behind a whole answer does not hold its connection', async () => {
    const { port, engine } = await guarded(hello, { bodyMs: 60, keepAliveMs: 60_000 })
    const client = await connect(port)
    await client.send(`${sized(10)}abc`).has('hello')
    await gone(client)
    await until(() => engine.connections === 0)
  })

  test('is no fault of the client while the application does not read', async () => {
    const asked = latch()
    const { port, refused } = await guarded(
      {
        kind: 'node',
        shape: 'f',
        handler: (request, response) =>
          void asked.opened.then(() => request.resume().on('end', () => response.end('hello'))),
      },
      { bodyMs: 40, bodyMinRate: 0 },
    )
    const [slow, other] = [await connect(port), await connect(port)]
    slow.send(sized(1_000_000) + 'x'.repeat(1_000_000))
    // Longer than body_timeout by the server's own clock: another client's request is cut by it meanwhile.
    await other
      .send(`${sized(10)}a`)
      .end()
      .catch(() => other.text)
    asked.open()
    await slow.has('hello')
    expect(refused).toHaveLength(1)
  })
})

describe('a client that takes nothing of its response', () => {
  const large: Application = {
    kind: 'node',
    shape: 'f',
    handler: (_, response) => void response.end(Buffer.alloc(30_000_000, 'x')),
  }

  test('is cut after write_timeout', async () => {
    const { port, refused, engine, records } = await guarded(large, { writeMs: 60 })
    const client = await connect(port)
    client.socket.pause()
    client.send(get())
    await until(() => records.length === 1)
    expect(records[0]?.completed).toBe(false)
    await until(() => engine.connections === 0)
    expect(refused).toEqual([[0, 'the client took nothing of its response for write_timeout']])
  })

  test('is cut, too, when the connection was to end with it', async () => {
    const { port, engine } = await guarded(large, { writeMs: 60, keepAliveMs: 0 })
    const client = await connect(port)
    client.socket.pause()
    client.send(get())
    await until(() => engine.requests === 1)
    await until(() => engine.connections === 0)
  })

  test('is not one that takes a large one slowly', async () => {
    const { port, refused, records } = await guarded(large, { writeMs: 200 })
    const client = await connect(port)
    const began = performance.now()
    client.socket.on('data', () => {
      client.socket.pause()
      setTimeout(() => client.socket.resume(), 1)
    })
    client.send(get())
    await until(() => records.length === 1)
    expect(records[0]?.completed).toBe(true)
    expect(performance.now() - began).toBeGreaterThan(200)
    expect(refused).toEqual([])
  })
})

describe('a body beyond limit_request_body', () => {
  test('that is announced is answered 413 before the application, and without 100 (Continue)', async () => {
    const { app, bodies } = reading()
    const { port, engine } = await guarded(app, { limitRequestBody: 10 })
    const text = sized(11).replace('Host', 'Expect: 100-continue\r\nHost')
    expect(await (await connect(port)).send(text).end()).toMatch(/^HTTP\/1\.1 413 /)
    expect([engine.requests, bodies]).toEqual([0, []])
  })

  test('that comes in chunks is answered 413 when it does, and its reading fails', async () => {
    const { app, bodies } = reading()
    const { port, refused } = await guarded(app, { limitRequestBody: 10 })
    const client = await connect(port)
    client.send(`${chunked}6\r\nabcdef\r\n`).send('5\r\nghijk\r\n0\r\n\r\n')
    expect(await client.end()).toMatch(/^HTTP\/1\.1 413 /)
    await until(() => bodies.length === 1)
    expect(bodies).toEqual(['aborted'])
    expect(refused).toEqual([[413, 'the body is larger than limit_request_body']])
  })

  test('is none of exactly that size', async () => {
    const { app, bodies } = reading()
    const { port } = await guarded(app, { limitRequestBody: 10 })
    await (await connect(port)).send(`${chunked}6\r\nabcdef\r\n4\r\nghij\r\n0\r\nA: b\r\n\r\n`).has('hello')
    expect(bodies).toEqual(['10 A=b'])
  })
})

test.each(['Host: y', 'Authorization: z', 'TE: trailers', 'content-type: a/b'])(
  'the trailer field %s is refused with 400, and the reading of the body fails',
  async (field) => {
    const { app, bodies } = reading()
    const { port } = await guarded(app, {})
    const answer = await (await connect(port)).send(`${chunked}1\r\na\r\n0\r\n${field}\r\n\r\n`).end()
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    await until(() => bodies.length === 1)
    expect(bodies).toEqual(['aborted'])
  },
)

describe('chunk extensions', () => {
  test.each([1000, 50])(
    'of %i bytes without an end are answered 413, however small the chunks',
    async (size) => {
      const { app, bodies } = reading()
      const { port, refused } = await guarded(app, { limitChunkExtensions: 1000 })
      const client = await connect(port)
      client.send(chunked)
      for (let sent = 0; sent < 300; sent += 1)
        client.send(`1;${'a'.repeat(size)}\r\nx\r\n`.repeat(1000 / size))
      expect(await client.end()).toMatch(/^HTTP\/1\.1 413 /)
      expect(refused).toEqual([[413, 'the chunk extensions are longer than limit_chunk_extensions']])
      await until(() => bodies.length === 1)
      expect(bodies).toEqual(['aborted'])
    },
  )

  test('are not what many small chunks are made of', async () => {
    const { app, bodies } = reading()
    const { port } = await guarded(app, { limitChunkExtensions: 1000 })
    await (await connect(port)).send(`${chunked}${'1\r\nx\r\n'.repeat(50_000)}0\r\n\r\n`).has('hello')
    expect(bodies).toEqual(['50000 '])
  })
})

test('trailers beyond limit_request_trailers are answered 431', async () => {
  const { app } = reading()
  const { port } = await guarded(app, { limitRequestTrailers: 20 })
  const text = `${chunked}0\r\nA: ${'b'.repeat(20)}\r\n\r\n`
  expect(await (await connect(port)).send(text).end()).toMatch(/^HTTP\/1\.1 431 /)
})

test('close counts before keep-alive in 1.0: nothing behind it is served', async () => {
  const { port, engine } = await guarded(hello, {})
  const text = 'GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n'
  await (await connect(port)).send(text + text).end()
  expect(engine.requests).toBe(1)
})

test('an application that rejects because the body did not arrive has made no error', async () => {
  const app: Application = {
    kind: 'node',
    shape: 'f',
    handler: async (request) => {
      for await (const _ of request);
    },
  }
  const { port, errors, records } = await guarded(app, {})
  const [broken, leaving] = [await connect(port), await connect(port)]
  expect(await broken.send(`${chunked}zz\r\n`).end()).toMatch(/^HTTP\/1\.1 400 /)
  leaving.send(`${sized(5)}a`).socket.destroy()
  await until(() => records.length >= 1)
  const [next] = [await connect(port)]
  await next.send(`${chunked}zz\r\n`).end()
  await until(() => records.length >= 2)
  expect(errors).toEqual([])
})

test('an answer to a broken body is recorded with its status', async () => {
  const { app } = reading()
  const { port, records } = await guarded(app, {})
  await (await connect(port)).send(`${chunked}zz\r\n`).end()
  await until(() => records.length === 1)
  expect(records[0]?.status).toBe(400)
})

test('one pipelined request too many is answered 503 behind the others, and nothing behind it is served', async () => {
  const go = latch()
  const seen: string[] = []
  const { port, refused } = await guarded(
    {
      kind: 'node',
      shape: 'f',
      handler: (request, response) => {
        seen.push(request.url ?? '')
        void go.opened.then(() => response.end('hello'))
      },
    },
    { limitPipelinedRequests: 2 },
  )
  const client = await connect(port)
  client.send(get('/1') + get('/2') + get('/3') + get('/4'))
  await until(() => refused.length === 1)
  go.open()
  const text = await client.end()
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 503'])
  expect(seen).toEqual(['/1', '/2'])
})

test('nothing behind a refused request is served', async () => {
  const seen: string[] = []
  const { port } = await guarded(
    {
      kind: 'node',
      shape: 'f',
      handler: (request, response) => {
        seen.push(request.url ?? '')
        setImmediate(() => response.end('hello'))
      },
    },
    {},
  )
  const text = await (await connect(port)).send(get('/1') + get('*') + get('/2')).end()
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
  expect(seen).toEqual(['/1'])
})

describe('a head that takes too long', () => {
  test("is answered 408 in time by a server of the application's own, too", async () => {
    const server = createServer((_, response) => response.end())
    const { port } = await guarded({ kind: 'server', shape: 'server', server }, { headersMs: 60 })
    expect(await (await connect(port)).send('GET / HTTP/1.1\r\nHo').end()).toMatch(/^HTTP\/1\.1 408 /)
  })
})

describe('what expects 100 (Continue)', () => {
  const post = (value: string) => sized(1).replace('Host', `Expect: ${value}\r\nHost`)
  test.each(['100-continue, x', 'x 100-continue', '"100-continue"'])('is not %s: 417', async (value) => {
    const { port, engine } = await guarded(hello, {})
    expect(await (await connect(port)).send(post(value)).end()).toMatch(/^HTTP\/1\.1 417 /)
    expect(engine.requests).toBe(0)
  })

  test("is the application's own when it listens", async () => {
    const server = createServer()
    server.on('checkContinue', (_, response) => response.writeHead(204).end())
    const { port } = await guarded({ kind: 'server', shape: 'server', server }, {})
    expect(await (await connect(port)).send(post('100-continue')).has('\r\n\r\n')).toMatch(/^HTTP\/1\.1 204 /)
  })
})

describe('fields of every response', () => {
  test('Server is sent when it is set, by pages of ours, too, and the application may set another', async () => {
    const app: Application = {
      kind: 'node',
      shape: 'f',
      handler: (request, response) =>
        void response.writeHead(200, request.url === '/own' ? { Server: 'own' } : {}).end('hello'),
    }
    const { port } = await guarded(app, { serverHeader: 'box 1' })
    const client = await connect(port)
    expect(await client.send(get()).has('hello')).toContain('\r\nServer: box 1\r\n')
    client.send(get('/own') + get('*'))
    expect((await client.end()).match(/Server: .*/gi)).toEqual([
      'Server: box 1',
      'Server: own',
      'Server: box 1',
    ])
    expect(await (await connect(port)).send('nonsense\r\n\r\n').end()).toContain('\r\nServer: box 1\r\n')
  })

  test('Date is left out when it is off', async () => {
    const { port } = await guarded(hello, { dateHeader: false })
    const text = await (await connect(port)).send(get() + get('*')).end()
    expect(text).toContain('hello')
    expect(text).not.toMatch(/date:/i)
  })

  test('neither Server nor X-Powered-By is sent by default, Date is', async () => {
    const { port } = await guarded(hello, {})
    const text = await (await connect(port)).send(get()).has('hello')
    expect(text).toMatch(/\r\nDate: /)
    expect(text).not.toMatch(/server|powered/i)
  })
})

test('a refusal is told as JSON to whoever prefers it', async () => {
  const { port } = await guarded(hello, {})
  const text = await (await connect(port)).send(get('*', 'Accept: application/json\r\n')).end()
  expect(text).toMatch(/content-type: application\/problem\+json/i)
  expect(JSON.parse(text.slice(text.indexOf('{')))).toMatchObject({ status: 400, title: 'Bad Request' })
})

test('a missing Host is served when require_host is off', async () => {
  const { port } = await guarded(hello, { requireHost: false })
  await (await connect(port)).send('GET / HTTP/1.1\r\n\r\n').has('hello')
})

test('Upgrade in HTTP/1.0 is refused: its socket is never given away', async () => {
  const { port, engine } = await guarded({ ...hello, upgrade: () => undefined } as Application, {})
  const text = 'GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'
  expect(await (await connect(port)).send(text).end()).toMatch(/^HTTP\/1\.1 400 /)
  expect(engine.requests).toBe(0)
})

test('a lenient parser of an application is made strict', async () => {
  const server = createServer({ insecureHTTPParser: true }, (_, response) => response.end('hello'))
  const { port } = await guarded({ kind: 'server', shape: 'server', server }, {})
  const text =
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
  expect(await (await connect(port)).send(text).end()).toMatch(/^HTTP\/1\.1 400 /)
})
