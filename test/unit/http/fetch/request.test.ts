import { describe, expect, test } from 'vitest'
import { learnGlobals } from '../../../../src/http/fetch/real.ts'
import { serveRequest } from '../../../../src/http/fetch/request.ts'
import { Waiting } from '../../../../src/http/fetch/waiting.ts'
import { until } from '../harness.ts'
import { FakeBody, FakeExchange, type FakeOptions } from './fake-exchange.ts'

const made = (options: FakeOptions = {}) => {
  const exchange = new FakeExchange(options)
  const request = serveRequest(exchange, new Waiting(() => undefined)) as unknown as Request
  return { exchange, request }
}

const urlOf = (options: FakeOptions): string => made(options).request.url

describe('the URL', () => {
  test.each([
    ['/', 'Example.ORG', 'http://example.org/'],
    ['/a/b?c=d&e=%20', 'example.org:8080', 'http://example.org:8080/a/b?c=d&e=%20'],
    ['/a/../b', 'h', 'http://h/b'],
    ['/a/%2e%2E/b', 'h', 'http://h/b'],
    ['/.well-known/x', 'h', 'http://h/.well-known/x'],
    ['//evil.test/x', 'h', 'http://h//evil.test/x'],
    ['/\\evil', 'h', 'http://h//evil'],
    ["/a?b='", 'h', 'http://h/a?b=%27'],
    ['/\u00e4', 'h', 'http://h/%C3%A4'],
    ['/', 'h:80', 'http://h/'],
    ['/', 'h:', 'http://h/'],
    ['/', '[::1]:81', 'http://[::1]:81/'],
    ['/', '0x7f.1', 'http://127.0.0.1/'],
    ['/', 'a.1:8000', 'http://127.0.0.1:8000/'],
    ['/', 'user@evil', 'http://127.0.0.1:8000/'],
    ['/', 'a b', 'http://127.0.0.1:8000/'],
    ['/', 'a/b', 'http://127.0.0.1:8000/'],
    ['/', 'h:99999', 'http://127.0.0.1:8000/'],
    ['/', '', 'http://127.0.0.1:8000/'],
    ['*', 'h', 'http://h/*'],
    ['http://Other:81/x?y', 'h', 'http://other:81/x?y'],
    ['http://u:p@other/', 'h', 'http://other/'],
    ['https://other/x', 'h', 'http://other/x'],
    ['ftp://other/x', 'h', 'http://other/x'],
    ['http://%zz/', 'h', 'http://h/'],
  ])('%s at %s is %s', (target, host, url) => {
    expect(urlOf({ target, headers: ['Host', host] })).toBe(url)
  })

  test("its scheme is the connection's, whatever an absolute target says", () => {
    expect(urlOf({ target: 'http://other/', scheme: 'https' })).toBe('https://other/')
  })

  test('without Host it has our own address', () => {
    expect(urlOf({ headers: [], localAddress: '::1' })).toBe('http://[::1]:8000/')
    expect(urlOf({ headers: [], localAddress: '' })).toBe('http://localhost/')
    expect(urlOf({ headers: [], localAddress: '', scheme: 'https' })).toBe('https://localhost/')
  })
})

test('it is a Request to everyone', () => {
  const { request } = made({ method: 'PUT' })
  void Request
  expect(learnGlobals()).toBe(true)
  expect(request).toBeInstanceOf(Request)
  expect(Object.prototype.toString.call(request)).toBe('[object Request]')
  expect([request.method, request.credentials, request.redirect, request.body]).toEqual([
    'PUT',
    'same-origin',
    'follow',
    null,
  ])
})

describe('the body', () => {
  const post = (body: FakeBody, headers: string[] = []) =>
    made({ method: 'POST', body, headers: ['Host', 'h', ...headers] })

  test.each<[string, (request: Request) => Promise<unknown>, unknown]>([
    ['text', (request) => request.text(), '{"a":1}'],
    ['json', (request) => request.json(), { a: 1 }],
    ['arrayBuffer', async (request) => Buffer.from(await request.arrayBuffer()).toString(), '{"a":1}'],
    [
      'bytes',
      async (request) =>
        Buffer.from(await (request as unknown as { bytes(): Promise<Uint8Array> }).bytes()).toString(),
      '{"a":1}',
    ],
    ['blob', async (request) => (await request.blob()).text(), '{"a":1}'],
    ['clone().text', (request) => request.clone().text(), '{"a":1}'],
    ['body', async (request) => new Response(request.body).text(), '{"a":1}'],
  ])('%s gives it, there already or coming', async (_, read, value) => {
    const there = post(new FakeBody().send('{"a"').send(':1}').finish())
    expect(await read(there.request)).toEqual(value)
    const body = new FakeBody()
    const coming = read(post(body).request)
    await until(() => body.reads === 1)
    body.send('{"a"').send(':1}').finish()
    expect(await coming).toEqual(value)
  })

  test('formData reads forms', async () => {
    const type = 'application/x-www-form-urlencoded'
    const { request } = post(new FakeBody().send('a=1&b=2').finish(), ['Content-Type', type])
    expect([...(await request.formData())]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
    expect(request.bodyUsed).toBe(true)
  })

  test('a byte order mark is left out of text', async () => {
    expect(await post(new FakeBody().send('\ufeffx').finish()).request.text()).toBe('x')
  })

  test.each<keyof Request>(['text', 'json', 'arrayBuffer', 'blob'])(
    'twice by %s is a TypeError',
    async (method) => {
      const { request } = post(new FakeBody().send('{}').finish())
      expect(request.bodyUsed).toBe(false)
      await request.text()
      expect(request.bodyUsed).toBe(true)
      await expect((request[method] as () => Promise<unknown>)()).rejects.toThrow(TypeError)
      expect(() => request.clone()).toThrow(TypeError)
      await expect(request.body?.getReader().read()).resolves.toEqual({ done: true, value: undefined })
    },
  )

  test('after part of the stream was read, the methods refuse', async () => {
    const { request } = post(new FakeBody().send('a').send('b').finish())
    const reader = request.body?.getReader()
    await reader?.read()
    reader?.releaseLock()
    expect(request.bodyUsed).toBe(true)
    await expect(request.text()).rejects.toThrow('already been read')
  })

  test.each(['text', 'body'])('one that is cut short is an error that says so: %s', async (way) => {
    const body = new FakeBody().send('half')
    const { request } = post(body)
    const result = way === 'text' ? request.text() : request.body?.pipeTo(new WritableStream())
    await until(() => body.reads === 1)
    body.fail(new Error('the body was cut short'))
    await expect(result).rejects.toThrow('the body was cut short')
  })

  test('none is read before someone reads the stream, and a slow reader pauses it', async () => {
    const body = new FakeBody()
    const { request } = post(body)
    const reader = request.body?.getReader()
    await new Promise(setImmediate)
    expect(body.reads).toBe(0)
    const first = reader?.read()
    await until(() => body.reads === 1)
    body.send(Buffer.alloc(1000))
    await first
    for (let sent = 0; sent < 3; sent += 1) body.send(Buffer.alloc(40_000))
    expect([body.paused, body.pauses]).toEqual([true, 1])
    for (let read = 0; read < 4 && body.paused; read += 1) {
      const next = reader?.read()
      await new Promise(setImmediate)
      if (!body.paused) body.send('x')
      await next
    }
    expect(body.paused).toBe(false)
  })

  test('readers with a buffer of their own are told of the end', async () => {
    const body = new FakeBody().send('abc')
    const reader = post(body).request.body?.getReader({ mode: 'byob' })
    const first = await reader?.read(new Uint8Array(10))
    expect(Buffer.from(first?.value ?? []).toString()).toBe('abc')
    const last = reader?.read(new Uint8Array(10))
    await new Promise(setImmediate)
    body.finish()
    expect((await last)?.done).toBe(true)
  })

  test('cancelling lets no more come', async () => {
    const body = new FakeBody().send('a')
    const reader = post(body).request.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    expect(body.paused).toBe(true)
    expect(() => body.send('b').finish()).not.toThrow()
  })
})

describe('signal', () => {
  test('aborts when the client goes', () => {
    const { exchange, request } = made()
    const { signal } = request
    expect([signal.aborted, request.signal === signal]).toEqual([false, true])
    exchange.leave()
    expect(signal.aborted).toBe(true)
  })

  test('is aborted when the client has gone', () => {
    const { exchange, request } = made()
    exchange.leave()
    expect(request.signal.aborted).toBe(true)
  })

  test('nothing listens when nobody asks', () => {
    const { exchange, request } = made()
    expect([request.url, exchange.listener]).toEqual(['http://example.org/', undefined])
  })
})
