import { Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { H3 } from 'h3'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import { requestId } from 'hono/request-id'
import { secureHeaders } from 'hono/secure-headers'
import { streamSSE } from 'hono/streaming'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FetchContext } from '../../../../src/http/fetch/context.ts'
import { installGlobals } from '../../../../src/http/fetch/globals.ts'
import { until } from '../harness.ts'
import { FakeBody, type FakeOptions } from './fake-exchange.ts'
import { answered, ask, Light } from './serve.ts'

describe('waitUntil', () => {
  test('work is counted until it is settled, and what it rejects with is told', async () => {
    const work = withResolvers()
    const { adapter, errors } = ask((request, context: FetchContext) => {
      context.waitUntil(work.promise)
      ;(request as unknown as FetchContext).waitUntil(Promise.reject(new Error('work')))
      return new Light('x')
    })
    expect(adapter.pending).toBe(2)
    let settled = false
    const done = adapter.settled().then(() => {
      settled = true
    })
    await until(() => adapter.pending === 1)
    expect(settled).toBe(false)
    work.resolve()
    await done
    expect([adapter.pending, errors]).toEqual([
      0,
      [{ error: new Error('work'), where: 'GET /, in waitUntil' }],
    ])
    await adapter.settled()
  })
})

const withResolvers = () => {
  let resolve = (): void => undefined
  const promise = new Promise<void>((told) => {
    resolve = told
  })
  return { promise, resolve }
}

describe('context', () => {
  test('has what each platform has', () => {
    const seen: FetchContext[] = []
    ask((_, info: FetchContext, context: FetchContext) => {
      seen.push(info, context)
      return new Light('x')
    })
    const [info, context] = seen
    expect(info).toBe(context)
    expect(info?.remoteAddr).toEqual({ transport: 'tcp', hostname: '192.0.2.7', port: 50_000 })
    expect(info?.requestIP()).toEqual({ address: '192.0.2.7', port: 50_000, family: 'IPv4' })
    expect(info?.incoming.socket.remoteAddress).toBe('192.0.2.7')
    expect(info?.passThroughOnException()).toBe(undefined)
  })

  test('early hints are sent as 103', () => {
    const { exchange } = ask((_, info: FetchContext) => {
      info.earlyHints({ link: '</a>; rel=preload' })
      return new Light('x')
    })
    expect(exchange.informed).toEqual([{ status: 103, lines: 'link: </a>; rel=preload\r\n' }])
  })
})

describe('other protocols', () => {
  test('an upgrade is ignored when the application has no use for it', () => {
    expect(ask(() => new Light('x'), { upgradable: true }).exchange.calls).toEqual(['respond'])
  })

  test('CONNECT is then not implemented', () => {
    expect(
      ask(() => new Light('x'), { method: 'CONNECT', target: 'h:1', upgradable: true }).exchange.status,
    ).toBe(501)
  })

  test('an upgrade handler gets request, socket and what was read', () => {
    const socket = new Socket()
    const given: unknown[] = []
    const upgrade = (request: Request, ...more: unknown[]) => void given.push(request.url, ...more)
    const { exchange } = ask(() => new Light('x'), { upgradable: true, socket, target: '/ws' }, { upgrade })
    expect([exchange.calls, given]).toEqual([
      ['upgrade'],
      ['http://example.org/ws', socket, Buffer.from('first')],
    ])
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('one that %s ends the connection', async (_, upgrade) => {
    const socket = new Socket()
    const { errors } = ask(() => new Light('x'), { upgradable: true, socket }, { upgrade })
    await until(() => socket.destroyed)
    expect(errors).toEqual([{ error: new Error('no'), where: 'GET /' }])
  })
})

describe('middleware of hono', () => {
  let back: () => void
  beforeAll(() => {
    back = installGlobals()
  })
  afterAll(() => back())

  const app = new Hono()
  app.use(cors(), secureHeaders(), etag(), requestId(), bodyLimit({ maxSize: 5 }))
  app.get('/compressed', compress({ threshold: 1 }), (c) => c.text('x'.repeat(2000)))
  app.get('/sse', (c) =>
    streamSSE(c, async (stream) => {
      await stream.writeSSE({ data: 'one' })
      await stream.writeSSE({ data: 'two' })
    }),
  )
  app.post('/form', async (c) => c.json(await c.req.parseBody()))
  app.get('/cookies', (c) => {
    setCookie(c, 'a', '1')
    setCookie(c, 'b', '2')
    return c.redirect('/')
  })
  app.get('/address', (c) => c.text((c.env as FetchContext).remoteAddr.hostname))

  const asked = async (target: string, more: FakeOptions = {}) => {
    const { exchange, errors } = await answered(app.fetch as never, {
      target,
      headers: ['Host', 'h', 'Accept-Encoding', 'gzip'],
      ...more,
    })
    expect(errors).toEqual([])
    return exchange
  }

  test('an etag is made, and the body is still sent', async () => {
    const { fields, status, text } = await asked('/address')
    expect([status, text]).toEqual([200, '192.0.2.7'])
    expect(fields).toMatch(/access-control-allow-origin: \*(?:.|\s)*etag: "/)
  })

  test('compression', async () => {
    const { fields, chunks } = await asked('/compressed')
    expect(fields).toContain('content-encoding: gzip\r\n')
    expect(gunzipSync(Buffer.concat(chunks)).toString()).toBe('x'.repeat(2000))
  })

  test('server-sent events', async () => {
    expect((await asked('/sse')).text).toBe('data: one\n\ndata: two\n\n')
  })

  test('cookies and redirections', async () => {
    const { status, fields } = await asked('/cookies')
    expect(status).toBe(302)
    expect(fields).toMatch(/location: \/\r\n/)
    expect(fields).toContain('set-cookie: a=1; Path=/\r\nset-cookie: b=2; Path=/\r\n')
  })

  test('forms, within a limit and beyond, sent chunked', async () => {
    const headers = [
      'Host',
      'h',
      'Content-Type',
      'application/x-www-form-urlencoded',
      'Transfer-Encoding',
      'chunked',
    ]
    const post = (text: string) =>
      asked('/form', { method: 'POST', headers, body: new FakeBody().send(text).finish() })
    expect((await post('a=1')).text).toBe('{"a":"1"}')
    expect((await post('a=123456')).status).toBe(413)
  })
})

test('what the application gives up because the client went is no error', async () => {
  const given = async (request: Request, reason?: Error) => {
    await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
    throw reason ?? request.signal.reason
  }
  const first = ask((request) => given(request))
  const second = ask((request) => given(request, new Error('mine')))
  first.exchange.leave()
  second.exchange.leave()
  await until(() => second.errors.length === 1)
  expect([first.errors, first.exchange.calls]).toEqual([[], []])
  // It may still be there: what is an error of the application is answered.
  const third = ask((request) => given(request))
  const fourth = ask((request) => given(request, new Error('mine')))
  third.exchange.endSide()
  fourth.exchange.endSide()
  await until(() => fourth.errors.length === 1)
  expect([third.errors, third.exchange.calls]).toEqual([[], ['cut']])
  expect(fourth.exchange.status).toBe(500)
})

describe('frameworks', () => {
  const hono = new Hono()
  hono.get('/', (c) => c.text('hello'))
  hono.get('/json', (c) => c.json({ q: c.req.query('q'), ua: c.req.header('user-agent') ?? null }))
  hono.post('/echo', async (c) => c.json(await c.req.json()))
  hono.get('/wait', (c) => {
    c.executionCtx.waitUntil(Promise.resolve())
    return c.body(null, 204)
  })
  const h3 = new H3()
  h3.get('/', () => 'hello')
  h3.get('/json', (event) => ({ path: event.url.pathname }))
  h3.post('/echo', async (event) => event.req.json())

  test.each([
    ['hono', '/', 'hello', hono.fetch],
    ['hono', '/json?q=1', '{"q":"1","ua":null}', hono.fetch],
    ['hono', '/wait', '', hono.fetch],
    ['hono', '/none', '404 Not Found', hono.fetch],
    ['h3', '/', 'hello', h3.fetch],
    ['h3', '/json', '{"path":"/json"}', h3.fetch],
  ])('%s: %s %s', async (_, target, text, fetch) => {
    const { exchange, errors } = await answered(fetch as never, { target })
    expect([errors.map(String), exchange.text.replace(/\s/g, '').replace('404Not', '404 Not ')]).toEqual([
      [],
      text,
    ])
  })

  test.each([
    ['hono', hono.fetch],
    ['h3', h3.fetch],
  ])('%s echoes JSON', async (_, fetch) => {
    const body = new FakeBody(7).send('{"a":1}').finish()
    const headers = ['Host', 'h', 'Content-Type', 'application/json']
    const { exchange } = await answered(fetch as never, { method: 'POST', target: '/echo', body, headers })
    expect(JSON.parse(exchange.text)).toEqual({ a: 1 })
  })
})
