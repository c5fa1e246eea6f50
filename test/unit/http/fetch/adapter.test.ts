import { Socket } from 'node:net'
import { H3 } from 'h3'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import type { FetchContext } from '../../../../src/http/fetch/context.ts'
import { until } from '../harness.ts'
import { FakeBody } from './fake-exchange.ts'
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
    ['hono', hono.fetch, '/', 'hello'],
    ['hono', hono.fetch, '/json?q=1', '{"q":"1","ua":null}'],
    ['hono', hono.fetch, '/wait', ''],
    ['hono', hono.fetch, '/none', '404 Not Found'],
    ['h3', h3.fetch, '/', 'hello'],
    ['h3', h3.fetch, '/json', '{"path":"/json"}'],
  ])('%s: %s %s', async (_, fetch, target, text) => {
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
