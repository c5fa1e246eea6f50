import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installGlobals } from '../../../../src/http/fetch/globals.ts'
import { repository } from '../../../support/machine.ts'
import { FakeBody } from './fake-exchange.ts'
import { answered } from './serve.ts'

const own = { Request, Response, Headers, fetch }
const nativeResponse = new Response('native')
let back: () => void
beforeAll(() => {
  back = installGlobals()
})
afterAll(() => back())

const post = (text: string) => ({
  method: 'POST',
  body: new FakeBody(text.length).send(text).finish(),
  headers: ['Host', 'h', 'X-A', '1', 'Content-Type', 'text/x'],
})

/** What the application makes of a light request. */
const within = async (look: (request: Request) => unknown, text = 'body'): Promise<unknown> => {
  let seen: unknown
  const { errors } = await answered(async (request) => {
    seen = await look(request)
    return new Response('x')
  }, post(text))
  expect(errors).toEqual([])
  return seen
}

test('the way back restores what was there', () => {
  const ours = Response
  back()
  expect({ Request, Response, Headers, fetch }).toEqual(own)
  back = installGlobals()
  expect(Response).toBe(ours)
})

describe('instanceof holds with either, for either', () => {
  test('Response', () => {
    expect([
      nativeResponse instanceof Response,
      new Response('x') instanceof Response,
      new Response('x') instanceof own.Response,
    ]).toEqual([true, true, true])
    expect([
      {} instanceof Response,
      { status: 200 } instanceof Response,
      (null as unknown as object) instanceof Response,
    ]).toEqual([false, false, false])
    expect(Response.name).toBe('Response')
  })

  test('Headers', () => {
    expect([
      nativeResponse.headers instanceof Headers,
      new Headers() instanceof Headers,
      new Headers() instanceof own.Headers,
    ]).toEqual([true, true, true])
  })

  test('Request', async () => {
    expect(
      await within((request) => [
        request instanceof Request,
        request instanceof own.Request,
        request.constructor === Request,
      ]),
    ).toEqual([true, true, true])
    expect([
      new Request('http://h/') instanceof Request,
      new own.Request('http://h/') instanceof Request,
      ({} as unknown) instanceof Request,
    ]).toEqual([true, true, false])
    expect(Request.name).toBe('Request')
  })

  test('classes that extend Request', () => {
    class Mine extends Request {}
    const mine = new Mine('http://h/')
    expect([
      mine instanceof Mine,
      mine instanceof Request,
      new Request('http://h/') instanceof Mine,
      mine.url,
    ]).toEqual([true, true, false, 'http://h/'])
  })
})

describe('a light Request is taken where a real one is', () => {
  test('new Request(request)', async () => {
    const copy = async (request: Request) => {
      const made = new Request(request)
      return [made.method, made.url, made.headers.get('x-a'), await made.text(), request.bodyUsed]
    }
    expect(await within(copy)).toEqual(['POST', 'http://h/', '1', 'body', true])
  })

  test('new Request(request, init) keeps what init does not name', async () => {
    const copy = async (request: Request) => {
      const made = new Request(request, { headers: new Headers({ 'x-b': '2' }) })
      return [made.method, made.headers.get('x-a'), made.headers.get('x-b'), await made.text()]
    }
    expect(await within(copy)).toEqual(['POST', null, '2', 'body'])
  })

  test('new Request(request, { body }) after its body was read', async () => {
    const copy = async (request: Request) => new Request(request, { body: `${await request.text()}!` }).text()
    expect(await within(copy)).toBe('body!')
  })

  test('new Request(url, request)', async () => {
    const copy = async (request: Request) => {
      const made = new Request('http://other/', request)
      return [made.url, made.method, made.headers.get('x-a'), await made.text()]
    }
    expect(await within(copy)).toEqual(['http://other/', 'POST', '1', 'body'])
  })

  test('new Response(request.body), and clone', async () => {
    expect(await within((request) => new Response(request.body).text())).toBe('body')
    expect(await within(async (request) => [await request.clone().text(), await request.text()])).toEqual([
      'body',
      'body',
    ])
  })

  test('fetch(request), and fetch with light headers', async () => {
    const server = createServer((request, response) =>
      request.pipe(
        response.setHeader(
          'x-seen',
          `${request.method} ${request.url} ${request.headers['x-a']} ${request.headers['x-hop']}`,
        ),
      ),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const send = async (request: Request) => {
      const passedOn = new Request(`http://127.0.0.1:${port}/one`, request)
      for (const name of ['Connection', 'Transfer-Encoding', 'Upgrade', 'Expect', 'X-Hop'])
        passedOn.headers.set(name, name === 'Connection' ? 'x-hop, keep-alive' : 'chunked')
      const one = await fetch(passedOn)
      const two = await fetch(`http://127.0.0.1:${port}/two`, { headers: new Headers({ 'x-a': '2' }) })
      return [one.headers.get('x-seen'), await one.text(), two.headers.get('x-seen'), two instanceof Response]
    }
    expect(await within(send)).toEqual(['POST /one 1 undefined', 'body', 'GET /two 2 undefined', true])
    server.close()
    server.closeAllConnections()
  })
})

test("none of undici is loaded to serve the usual applications' usual answers", () => {
  const program = `
    import { installGlobals } from './src/http/fetch/globals.ts'
    const loaded = () => process.moduleLoadList.filter((name) => name.includes('undici/undici')).length
    if (loaded() > 0) throw new Error('the runtime has loaded undici itself')
    installGlobals()
    const { ask } = await import('./test/unit/http/fetch/serve.ts')
    const { FakeBody } = await import('./test/unit/http/fetch/fake-exchange.ts')
    const { Hono } = await import('hono')
    globalThis.ReadableStream = globalThis.AbortController = class { constructor() { throw new Error('built') } }
    const app = new Hono()
    app.get('/', (c) => c.text('hello'))
    app.get('/json', (c) => { c.header('x-a', '1'); return c.json({ ip: c.req.raw.ip, q: c.req.query('q'), h: c.req.header('host') }) })
    app.post('/', async (c) => c.json(await c.req.json(), 201, { 'x-b': '1' }))
    const calls = [
      [app.fetch, {}],
      [app.fetch, { target: '/json?q=1' }],
      [app.fetch, { target: '/none' }],
      [app.fetch, { method: 'POST', body: new FakeBody(2).send('{}').finish() }],
      [(request) => new Response(request.url + request.method + request.headers.get('host'), { headers: { 'content-type': 'a/b' } }), {}],
      [(request) => Response.json([...request.headers, request instanceof Request, {} instanceof Response]), {}],
      [async (request) => new Response(await request.text()), { method: 'POST', body: new FakeBody(2).send('{}').finish() }],
      [() => new Response(Buffer.from('x')), {}],
      [() => new Response(null, { status: 204, headers: new Headers({ a: 'b' }) }), {}],
    ]
    for (const [fetch, options] of calls) {
      const { exchange, errors } = ask(fetch, options)
      await exchange.over
      if (errors.length > 0) throw errors[0].error
    }
    const before = loaded()
    new FormData().set('a', 'b')
    console.log(calls.length, before, loaded())`
  // Compiled before, as a compiler in the process may have loaded undici for itself.
  const stdin = { contents: program, resolveDir: repository }
  const [made] = buildSync({ stdin, bundle: true, platform: 'node', format: 'esm', write: false }).outputFiles
  const flags = ['--input-type=module', '-']
  expect(execFileSync(process.execPath, flags, { input: made?.text ?? '', encoding: 'utf8' })).toBe('9 0 1\n')
})
