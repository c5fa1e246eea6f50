import { describe, expect, test } from 'vitest'
import { connect, get, serve, until } from '../harness.ts'
import { FakeBody } from './fake-exchange.ts'
import { answered, ask, Light } from './serve.ts'

describe('what is sent at once', () => {
  test('text goes in one call, before the adapter returns, with its Content-Type', () => {
    const { exchange, errors } = ask(() => new Light('hello'))
    expect(exchange.calls).toEqual(['respond'])
    expect([exchange.status, exchange.text, exchange.fields]).toEqual([
      200,
      'hello',
      'content-type: text/plain;charset=UTF-8\r\n',
    ])
    expect(errors).toEqual([])
  })

  test.each([
    ['bytes', () => new Light(Uint8Array.of(104, 105)), 'hi', ''],
    ['an ArrayBuffer', () => new Light(Uint8Array.of(104, 105).buffer), 'hi', ''],
    ['a DataView', () => new Light(new DataView(Uint8Array.of(1, 104, 105).buffer, 1)), 'hi', ''],
    ['nothing', () => new Light(null), '', ''],
    ['undefined', () => new Light(), '', ''],
    ['JSON', () => Light.json({ a: 'ä' }), '{"a":"ä"}', 'content-type: application/json\r\n'],
    [
      'form parameters',
      () => new Light(new URLSearchParams({ a: '1 2' })),
      'a=1+2',
      'content-type: application/x-www-form-urlencoded;charset=UTF-8\r\n',
    ],
    ['a number', () => new Light(42 as never), '42', 'content-type: text/plain;charset=UTF-8\r\n'],
  ])('%s', (_, app, text, fields) => {
    const { exchange } = ask(app)
    expect(exchange.calls).toEqual(['respond'])
    expect([exchange.text, exchange.fields]).toEqual([text, fields])
  })

  test('a promise is awaited', async () => {
    const { exchange } = await answered(async () => new Light('later', { status: 201, statusText: 'Made' }))
    expect([exchange.status, exchange.statusText, exchange.text]).toEqual([201, 'Made', 'later'])
  })

  test('headers given and headers added both go, Set-Cookie as often as it was added', () => {
    const { exchange } = ask(() => {
      const response = new Light('x', { headers: { 'X-One': '1', 'Content-Type': 'text/html' } })
      response.headers.append('Set-Cookie', 'a=1')
      response.headers.append('set-cookie', 'b=2')
      response.headers.append('vary', 'a')
      response.headers.append('Vary', 'b')
      response.headers.delete('x-one')
      return response
    })
    expect(exchange.fields).toBe(
      'content-type: text/html\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nvary: a, b\r\n',
    )
  })

  test('a set of headers that is changed afterwards does not change what is kept of an earlier answer', () => {
    const app = (value: string) => () => new Light('x', { headers: { 'x-a': value } })
    expect(ask(app('1')).exchange.fields).toContain('x-a: 1\r\n')
    expect(ask(app('2')).exchange.fields).toContain('x-a: 2\r\n')
    expect(ask(app('1')).exchange.fields).toContain('x-a: 1\r\n')
  })

  test("a light response's body put in a new one is sent without being read as a stream", () => {
    const { exchange } = ask(() => {
      const first = new Light('hello', { headers: { 'x-a': '1' } })
      return new Light(first.body, first)
    })
    expect(exchange.calls).toEqual(['respond'])
    expect(exchange.text).toBe('hello')
  })
})

describe('streams', () => {
  test('pieces go as they come, and the end is the end', async () => {
    const { exchange, errors } = await answered(
      () => new Light(ReadableStream.from([Buffer.from('a'), 'b']) as ReadableStream),
    )
    expect(exchange.calls).toEqual(['begin', 'write', 'write', 'end'])
    expect(exchange.text).toBe('ab')
    expect(errors).toEqual([])
  })

  test('the head goes although the first piece does not come', async () => {
    const { exchange } = ask(
      () => new Light(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } }),
    )
    await until(() => exchange.calls.includes('begin'))
    expect(exchange.fields).toBe('content-type: text/event-stream\r\n')
  })

  test('a slow client holds the producer', async () => {
    let pulled = 0
    const stream = new ReadableStream(
      {
        pull: (controller) => {
          pulled += 1
          pulled > 5 ? controller.close() : controller.enqueue(Buffer.alloc(10))
        },
      },
      { highWaterMark: 0 },
    )
    const { exchange } = ask(() => new Light(stream), { window: 20 })
    await until(() => exchange.chunks.length === 2)
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
    expect([exchange.chunks.length, pulled]).toEqual([2, 2])
    exchange.drain(1000)
    await exchange.over
    expect(exchange.chunks.length).toBe(5)
  })

  test('a producer that is always ready, for a client that takes all, leaves others their turn', async () => {
    let made = 0
    const endless = new ReadableStream({
      pull(controller) {
        made += 1
        controller.enqueue('a')
      },
    })
    const { exchange } = ask(() => new Response(endless))
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(made).toBeLessThan(1000)
    exchange.leave()
    const before = made
    await new Promise(setImmediate)
    expect(made).toBeLessThan(before + 3)
  })

  test('the stream is cancelled when the client goes, whether it is awaited or the client is', async () => {
    const reasons: unknown[] = []
    const idle = new ReadableStream({ cancel: (reason) => void reasons.push(reason) })
    const first = ask(() => new Light(idle))
    await until(() => first.exchange.phase === 'streaming')
    first.exchange.leave()
    const busy = new ReadableStream({
      pull: (controller) => controller.enqueue(Buffer.alloc(10)),
      cancel: (reason) => void reasons.push(reason),
    })
    const second = ask(() => new Light(busy), { window: 5 })
    await until(() => second.exchange.chunks.length === 1)
    second.exchange.leave()
    await until(() => reasons.length === 2)
    expect(reasons.map(String)).toEqual(
      Array(2).fill('AbortError: The client went away before the response was complete.'),
    )
    expect([...first.errors, ...second.errors]).toEqual([])
  })

  test('a client that is gone before the answer has its stream cancelled', async () => {
    let cancelled = false
    const { exchange } = ask(async () => {
      await new Promise(setImmediate)
      return new Light(
        new ReadableStream({
          cancel: () => {
            cancelled = true
          },
        }),
      )
    })
    exchange.leave()
    await until(() => cancelled)
  })

  test('a stream that fails at once is answered with 500', async () => {
    const stream = new ReadableStream({ pull: () => Promise.reject(new Error('broken')) })
    const { exchange, errors } = await answered(() => new Light(stream))
    expect([exchange.status, exchange.calls]).toEqual([500, ['fail']])
    expect(errors).toEqual([{ error: new Error('broken'), where: 'GET /' }])
  })

  test('a stream that fails later cuts the response', async () => {
    const stream = ReadableStream.from(
      (async function* () {
        yield 'a'
        throw new Error('broken')
      })(),
    )
    const { exchange, errors } = await answered(() => new Light(stream as ReadableStream))
    expect(exchange.calls).toEqual(['begin', 'write', 'fail'])
    expect(errors.map(({ error }) => String(error))).toEqual(['Error: broken'])
  })

  test('a piece that is not bytes fails the response, and the stream is cancelled', async () => {
    let cancelled = false
    const stream = new ReadableStream({
      start: (controller) => controller.enqueue(7),
      cancel: () => {
        cancelled = true
      },
    })
    const { errors } = await answered(() => new Light(stream))
    await until(() => errors.length === 1)
    expect(String(errors[0]?.error)).toContain('gave a number')
    expect(cancelled).toBe(true)
  })

  test('HEAD gets the headers, and the stream is cancelled unread', async () => {
    let pulled = 0
    const reasons: unknown[] = []
    const stream = new ReadableStream(
      {
        pull: () => {
          pulled += 1
        },
        cancel: (reason) => void reasons.push(reason),
      },
      { highWaterMark: 0 },
    )
    const { exchange } = await answered(() => new Light(stream, { headers: { 'x-a': '1' } }), {
      method: 'HEAD',
    })
    await until(() => reasons.length === 1)
    expect([exchange.calls, exchange.fields, pulled]).toEqual([['begin', 'end'], 'x-a: 1\r\n', 0])
  })

  test('a Blob goes with its type and length', async () => {
    const { exchange } = await answered(() => new Light(new Blob(['hello'], { type: 'text/x' })))
    expect([exchange.fields, exchange.contentLength, exchange.text]).toEqual([
      'content-type: text/x\r\n',
      5,
      'hello',
    ])
  })

  test('a form goes with its boundary', async () => {
    const form = new FormData()
    form.set('a', '1')
    const { exchange } = await answered(() => new Light(form))
    expect(exchange.fields).toMatch(/^content-type: multipart\/form-data; boundary=/)
    expect(exchange.text).toContain('name="a"')
  })

  test('a request body can be the response body, piece by piece', async () => {
    const body = new FakeBody()
    const { exchange } = ask((request) => new Light(request.body), { method: 'POST', body })
    await until(() => body.reads === 1)
    body.send('one')
    await until(() => exchange.text === 'one')
    body.send('two').finish()
    await exchange.over
    expect(exchange.text).toBe('onetwo')
  })
})

describe('responses that are not light', () => {
  test("the runtime's own", async () => {
    const response = new Response('native', {
      status: 202,
      headers: [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
    })
    const { exchange } = await answered(() => response)
    expect([exchange.status, exchange.text]).toEqual([202, 'native'])
    expect(exchange.fields).toContain('set-cookie: a=1\r\nset-cookie: b=2\r\n')
  })

  test('those of polyfills', async () => {
    const { exchange } = await answered(() => ({
      status: 200,
      headers: new Map([['x-a', '1']]),
      arrayBuffer: async () => Buffer.from('poly'),
    }))
    expect([exchange.fields, exchange.text]).toEqual(['x-a: 1\r\n', 'poly'])
  })

  test('what fetch() decoded is not said to be encoded', async () => {
    const headers = { 'content-encoding': 'gzip', 'content-length': '5', connection: 'close', 'x-a': '1' }
    const { exchange } = await answered(() => ({
      status: 200,
      type: 'basic',
      headers,
      body: ReadableStream.from(['decoded']),
    }))
    expect([exchange.fields, exchange.text, exchange.contentLength]).toEqual(['x-a: 1\r\n', 'decoded', -1])
  })

  test('what the application encoded is said to be', async () => {
    const headers = { 'content-encoding': 'gzip' }
    const { exchange } = await answered(() => new Response('zzz', { headers }))
    expect(exchange.fields).toContain('content-encoding: gzip\r\n')
  })
})

describe('failures', () => {
  const thrown = new Error('mine')
  test.each([
    [
      'thrown',
      () => {
        throw thrown
      },
    ],
    ['rejected', () => Promise.reject(thrown)],
  ])('what is %s is told, and answered with 500', async (_, app) => {
    const { exchange, errors } = await answered(app, { target: '/a?b' })
    expect(exchange.status).toBe(500)
    expect(errors).toEqual([{ error: thrown, where: 'GET /a?b' }])
  })

  test.each([
    [undefined, 'returned undefined, not a Response'],
    ['text', 'returned a string, not a Response'],
    [{ a: 1 }, 'returned an object of class Object, not a Response'],
    [Response.error(), 'status 0'],
    [Light.error(), 'Response.error()'],
  ])('%o is no response', async (answer, words) => {
    const { exchange, errors } = await answered(() => answer)
    expect(exchange.calls).toEqual(['fail'])
    expect(String(errors[0]?.error)).toContain(words)
  })

  test.each([
    ['light', Light],
    ['native', Response],
  ])('a %s response whose body was read is none', async (_, Class) => {
    const { exchange, errors } = await answered(async () => {
      const response = new Class('x')
      await response.text()
      return response
    })
    expect([exchange.calls, errors.length]).toEqual([['fail'], 1])
  })

  test('the same response cannot be sent twice', async () => {
    const one = new Light('x')
    expect(ask(() => one).exchange.status).toBe(200)
    expect(ask(() => one).exchange.status).toBe(500)
  })
})

describe('a body stream that cannot be sent', () => {
  const streamOf = (piece: unknown) =>
    new ReadableStream({
      start: (controller) => {
        controller.enqueue(piece)
        controller.close()
      },
    })

  test('is a 500 when its first piece is none', async () => {
    const { port, errors } = await serve({
      kind: 'fetch',
      shape: 'function',
      fetch: () => new Response(streamOf(5)),
    })
    const client = await connect(port)
    expect(await client.send(get()).end()).toMatch(/^HTTP\/1.1 500 /)
    expect(String(errors[0]?.error)).toContain('gave a number')
  })

  test('is told when it is shorter than its Content-Length', async () => {
    const headers = { 'content-length': '9' }
    const { port, errors } = await serve({
      kind: 'fetch',
      shape: 'function',
      fetch: () => new Response(streamOf(Buffer.from('short')), { headers }),
    })
    const client = await connect(port)
    await client.send(get()).end()
    expect(String(errors[0]?.error)).toContain('Content-Length')
  })
})
