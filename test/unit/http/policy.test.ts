import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import { errorPage } from '../../../src/http/answers.ts'
import { connect, get, hello, serve, until } from './harness.ts'

const echo: Application = {
  kind: 'node',
  shape: 'f',
  handler: ({ headers, headersDistinct, rawHeaders }, response) =>
    void response.end(JSON.stringify({ headers, headersDistinct, rawHeaders })),
}

describe('a request that is refused', () => {
  const long = 'x'.repeat(9000)
  test.each([
    ['a long request line', 414, get(`/${long}`)],
    ['too many fields', 431, get('/', 'A: b\r\n'.repeat(100))],
    ['a long field', 431, get('/', `A: ${long}\r\n`)],
    ['a head beyond all measure', 431, get('/', `A: ${'x'.repeat(2_000_000)}\r\n`)],
    ['no HTTP', 400, 'GET <script>\r\n\r\n'],
    ['no Host', 400, 'GET / HTTP/1.1\r\n\r\n'],
    ['two lengths', 400, get('/', 'Content-Length: 1\r\nContent-Length: 2\r\n')],
    ['a strange expectation', 417, get('/', 'Expect: miracles\r\n')],
  ])('for %s is answered %i, and the connection ends in order', async (_, status, text) => {
    const { port, engine } = await serve(hello)
    const answer = await (await connect(port)).send(text).end()
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toMatch(/\r\nconnection: close/i)
    expect(answer).not.toMatch(/script|xxxx|miracles/)
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(engine.requests).toBe(0)
  })

  test('because its head takes too long is answered 408; silence is answered with silence', async () => {
    const server = createServer({ connectionsCheckingInterval: 20 }, (_, response) => response.end())
    const { port } = await serve({ kind: 'server', shape: 'server', server }, { headersMs: 60 })
    const [half, silent] = [await connect(port), await connect(port)]
    expect(await half.send('GET / HTTP/1.1\r\nHo').end()).toMatch(/^HTTP\/1\.1 408 /)
    expect(await silent.end()).toBe('')
  })

  test('is told to whoever logs it, without a byte of its own', async () => {
    const told: unknown[][] = []
    const { port, records } = await serve(hello, {}, { onRefused: (...args) => told.push(args) })
    await (await connect(port)).send(get(`/${'x'.repeat(9000)}`)).end()
    expect(told).toEqual([[414, 'the request line is longer than limit_request_line', '127.0.0.1']])
    await until(() => records.length === 1)
    expect(records[0]?.status).toBe(414)
  })

  test('in the middle of a body leaves the answer of the request before it whole', async () => {
    const { port } = await serve(hello)
    const chunked = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
    const client = await connect(port)
    await client.send(chunked).has('hello')
    client.send('zz\r\n')
    await until(() => client.ended || client.error !== undefined)
    expect(client.text.match(/HTTP\/1\.1 \d+/g)?.[0]).toBe('HTTP/1.1 200')
  })

  test('with a broken body fails the application that waits for it, and answers 400', async () => {
    const seen: string[] = []
    const { port } = await serve({
      kind: 'node',
      shape: 'f',
      handler: (request) => request.resume().on('error', (error) => seen.push(error.message)),
    })
    const chunked = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'
    expect(await (await connect(port)).send(chunked).end()).toMatch(/^HTTP\/1\.1 400 /)
    await until(() => seen.length === 1)
  })
})

test('limits hold for an upgrade, too', async () => {
  const { port } = await serve({
    ...hello,
    upgrade: (_: unknown, socket: { end(): void }) => socket.end(),
  } as never)
  const text = get(`/${'x'.repeat(9000)}`, 'Connection: Upgrade\r\nUpgrade: x\r\n')
  expect(await (await connect(port)).send(text).end()).toMatch(/^HTTP\/1\.1 414 /)
})

test('CONNECT is not served by applications without a listener for it', async () => {
  const { port } = await serve(hello)
  const text = 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n'
  expect(await (await connect(port)).send(text).end()).toMatch(/^HTTP\/1\.1 501 /)
})

test('Expect: 100-continue is answered before the application', async () => {
  const { port } = await serve(hello)
  const text = await (await connect(port)).send(get('/', 'Expect: 100-continue\r\n')).has('hello')
  expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/)
})

test('names with an underscore are gone from every view of the headers', async () => {
  const { port } = await serve(echo)
  const text = await (await connect(port)).send(get('/', 'A_B: 1\r\nA-B: 2\r\na_b: 3\r\n')).has(']}')
  const body = text.slice(text.indexOf('{'))
  expect(body).not.toMatch(/a_b/i)
  expect(JSON.parse(body.slice(0, body.lastIndexOf('}') + 1))).toMatchObject({
    headers: { 'a-b': '2' },
    headersDistinct: { 'a-b': ['2'] },
  })
})

test('the record names the client and the scheme a trusted proxy forwards', async () => {
  const { port, records } = await serve(hello)
  const headers = 'X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n'
  await (await connect(port)).send(get('/', headers)).has('hello')
  await until(() => records.length === 1)
  expect(records[0]).toMatchObject({ remoteAddress: '198.51.100.1', scheme: 'https' })
})

test('and ignores the same from a peer that is not trusted', async () => {
  const { port, records } = await serve(hello, { forwardedAllowIps: [] })
  const headers = 'X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n'
  await (await connect(port)).send(get('/', headers)).has('hello')
  await until(() => records.length === 1)
  expect(records[0]).toMatchObject({ remoteAddress: '127.0.0.1', scheme: 'http' })
})

test("an application's own clientError listener has the word", async () => {
  const server = createServer()
  server.on('clientError', (_, socket) => socket.end('HTTP/1.1 418 Teapot\r\n\r\n'))
  const { port } = await serve({ kind: 'server', shape: 'server', server })
  expect(await (await connect(port)).send('nonsense\r\n\r\n').end()).toMatch(/^HTTP\/1\.1 418 /)
})

test('error pages are ASCII: their length in letters is their length in bytes', () => {
  for (const status of [400, 408, 413, 414, 417, 431, 500, 501])
    expect(errorPage(status)).toMatch(/^[\x20-\x7e\n]*$/)
})
