/** Fetch applications as users write them, and what they see of a request and may answer. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Daemon, start } from '../support/daemon.ts'
import { ask } from '../support/http-client.ts'
import { repository } from '../support/machine.ts'
import { RawClient, requestText } from '../support/raw-client.ts'

const links = { node_modules: join(repository, 'node_modules') }

/** Each: `/` says hello, `/echo` gives back the JSON it was sent with a field more. */
const shapes: ReadonlyArray<readonly [string, string, string]> = [
  [
    'hono',
    'app.mjs',
    `import { Hono } from 'hono'
const app = new Hono()
app.get('/', (c) => c.text('hello'))
app.post('/echo', async (c) => c.json({ ...(await c.req.json()), by: 'app' }, 201))
export default app`,
  ],
  [
    'h3',
    'app.mjs',
    `import { H3 } from 'h3'
export default new H3()
  .get('/', () => 'hello')
  .post('/echo', async (event) => {
    event.res.status = 201
    return { ...(await event.req.json()), by: 'app' }
  })`,
  ],
  [
    'an object with fetch',
    'app.mjs',
    `export default {
  by: 'app',
  async fetch(request) {
    if (new URL(request.url).pathname === '/') return new Response('hello')
    return Response.json({ ...(await request.json()), by: this.by }, { status: 201 })
  },
}`,
  ],
  [
    'an exported function fetch',
    'app.mjs',
    `export const fetch = async (request) =>
  request.method === 'GET'
    ? new Response('hello')
    : Response.json({ ...(await request.json()), by: 'app' }, { status: 201 })`,
  ],
  [
    'TypeScript',
    'app.ts',
    `enum Word { Hello = 'hello' }
interface Sent { readonly text: string }
const answer = async (request: Request): Promise<Response> => {
  if (request.method === 'GET') return new Response(Word.Hello)
  const sent = (await request.json()) as Sent
  return Response.json({ ...sent, by: 'app' } satisfies Sent & { by: string }, { status: 201 })
}
export default { fetch: answer }`,
  ],
]

test.each(shapes)('%s is served, with what it is sent, before and after a reload', async (_, file, text) => {
  const server = await start({ workers: 2, files: { [file]: text }, links, appArgument: file })
  for (const round of [1, 2]) {
    expect(await server.get()).toBe('hello')
    const headers = { 'Content-Type': 'application/json' }
    const answer = await ask(server.target, '/echo', { method: 'POST', headers, body: '{"text":"ü"}' })
    expect([answer.status, answer.headers['content-type']]).toEqual([
      201,
      expect.stringMatching(/^application\/json/),
    ])
    expect(JSON.parse(Buffer.from(answer.text, 'latin1').toString())).toEqual({ text: 'ü', by: 'app' })
    if (round === 1) await server.reload(2)
  }
  await server.assertClean()
})

/** Runs `body` of an async function of `request` for every request but those of the start, and sends what it returns. */
const answering = (body: string): Promise<Daemon> =>
  start({
    workers: 1,
    app: `const answer = async (request, context) => {\n${body}\n}
export default {
  fetch: (request, context) =>
    new URL(request.url).pathname === '/' ? new Response('hello') : answer(request, context),
}\n`,
  })

test('a request tells its url, method and headers', async () => {
  const server = await answering(`return Response.json({
    url: request.url, method: request.method, all: [...request.headers],
    cookie: request.headers.get('Cookie'), none: request.headers.get('x-none'),
    body: request.body, used: request.bodyUsed,
  })`)
  const client = await RawClient.connect(server.target)
  client.send(
    'PATCH /a%20b/?x=1&y=%C3%BC HTTP/1.1\r\nHost: Example.com:8080\r\nX-Two: 1\r\nx-two: 2\r\nCookie: a=1\r\nCookie: b=2\r\nConnection: close\r\n\r\n',
  )
  expect(JSON.parse((await client.answer()).body)).toEqual({
    url: 'http://example.com:8080/a%20b/?x=1&y=%C3%BC',
    method: 'PATCH',
    all: [
      ['connection', 'close'],
      ['cookie', 'a=1; b=2'],
      ['host', 'Example.com:8080'],
      ['x-two', '1, 2'],
    ],
    cookie: 'a=1; b=2',
    none: null,
    body: null,
    used: false,
  })
  client.close()
  await server.assertClean()
})

test('a body is read as text, JSON, bytes, Blob, both kinds of forms, and as a stream, once', async () => {
  const server = await answering(`
    const how = new URL(request.url).pathname.slice(1)
    if (how === 'stream') {
      let text = ''
      for await (const piece of request.body.pipeThrough(new TextDecoderStream())) text += piece
      return new Response(text)
    }
    const value = await request[how]()
    const again = await request.text().catch((error) => error.name)
    if (how === 'formData') {
      const file = value.get('file')
      const told = typeof file === 'object' && file ? { name: file.name, type: file.type, text: await file.text() } : file
      return Response.json({ field: value.getAll('field'), file: told, again })
    }
    if (how === 'json') return Response.json({ value, again })
    return new Response(value, { headers: { 'x-again': again } })`)
  const send = (path: string, body: string | Uint8Array, type = 'text/plain') =>
    ask(server.target, path, { method: 'POST', body, headers: { 'Content-Type': type } })
  const every = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256))

  expect((await send('/text', 'héllo')).text).toBe(Buffer.from('héllo').toString('latin1'))
  expect(JSON.parse((await send('/json', '{"a":[1]}')).text)).toEqual({
    value: { a: [1] },
    again: 'TypeError',
  })
  for (const how of ['/arrayBuffer', '/blob'])
    expect(Buffer.from((await send(how, every)).text, 'latin1').equals(every)).toBe(true)
  expect((await send('/stream', 'a'.repeat(200_000))).text).toBe('a'.repeat(200_000))
  const urlencoded = await send('/formData', 'field=1&field=%C3%BC', 'application/x-www-form-urlencoded')
  expect(JSON.parse(Buffer.from(urlencoded.text, 'latin1').toString())).toEqual({
    field: ['1', 'ü'],
    file: null,
    again: 'TypeError',
  })
  const form = new FormData()
  form.append('field', 'x')
  form.append('file', new File(['content'], 'a.txt', { type: 'text/csv' }))
  const multipart = new Response(form)
  const answer = await send(
    '/formData',
    Buffer.from(await multipart.arrayBuffer()),
    multipart.headers.get('content-type') ?? '',
  )
  expect(JSON.parse(answer.text)).toEqual({
    field: ['x'],
    file: { name: 'a.txt', type: 'text/csv', text: 'content' },
    again: 'TypeError',
  })
  await server.assertClean()
})

test('requests and responses are those of the platform', async () => {
  const server = await answering(`
    const other = new Request('http://other/', request.clone())
    const copy = new Request(request, { headers: { 'x-copy': 'yes' } })
    const facts = [
      request instanceof Request, copy instanceof Request, request.headers instanceof Headers,
      new Response('') instanceof Response, Response.json(1) instanceof Response,
      request.signal instanceof AbortSignal, copy.body instanceof ReadableStream,
      copy.headers.get('x-copy'), other.method, Object.prototype.toString.call(request),
    ]
    return Response.json([...facts, await copy.text()])`)
  const { text } = await ask(server.target, '/x', { method: 'POST', body: 'whole' })
  const yes = Array.from({ length: 7 }, () => true)
  expect(JSON.parse(text)).toEqual([...yes, 'yes', 'POST', '[object Request]', 'whole'])
  await server.assertClean()
})

test('what is answered arrives as it was made', async () => {
  const server = await answering(`
    const large = Object.fromEntries(Array.from({ length: 60 }, (_, n) => ['x-large-' + n, 'v'.repeat(1000)]))
    const cookies = new Headers([['Set-Cookie', 'a=1; Path=/'], ['Set-Cookie', 'b=2']])
    return {
      '/head': () => new Response('body', { headers: { 'x-a': 'b' } }),
      '/stream': () => new Response(new Blob(['bo']).stream()),
      '/204': () => new Response(null, { status: 204 }),
      '/304': () => new Response(null, { status: 304, headers: { etag: '"x"' } }),
      '/cookies': () => new Response('', { headers: cookies }),
      '/reason': () => new Response('short and stout', { status: 418, statusText: 'I am a teapot' }),
      '/large': () => new Response('large', { headers: large }),
      '/redirect': () => Response.redirect('http://other/', 307),
      '/null': () => new Response(),
    }[new URL(request.url).pathname]()`)
  const { target } = server
  const get = (path: string, method = 'GET') => ask(target, path, { method })

  const head = await get('/head', 'HEAD')
  expect([head.status, head.text, head.headers['content-length'], head.headers['x-a']]).toEqual([
    200,
    '',
    '4',
    'b',
  ])
  expect(await get('/stream', 'HEAD')).toMatchObject({ status: 200, text: '' })
  expect((await get('/stream')).headers).toMatchObject({ 'transfer-encoding': 'chunked' })
  const none = await get('/204')
  expect([none.status, none.text]).toEqual([204, ''])
  expect(none.headers).not.toHaveProperty('content-length')
  expect(none.headers).not.toHaveProperty('transfer-encoding')
  expect(await get('/304')).toMatchObject({ status: 304, text: '', headers: { etag: '"x"' } })
  expect((await get('/cookies')).headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2'])
  expect(await get('/reason')).toMatchObject({
    status: 418,
    reason: 'I am a teapot',
    text: 'short and stout',
  })
  const large = await get('/large')
  expect([large.text, large.headers['x-large-59']?.length]).toEqual(['large', 1000])
  expect(await get('/redirect')).toMatchObject({ status: 307, headers: { location: 'http://other/' } })
  expect(await get('/null')).toMatchObject({ status: 200, text: '', headers: { 'content-length': '0' } })
  await server.assertClean()
})

test('early hints come before the answer, and not to clients of 1.0', async () => {
  const server = await answering(`
    context.earlyHints({ link: '</a.css>; rel=preload; as=style' })
    await new Promise((resolve) => setTimeout(resolve, 20))
    return new Response('late')`)
  const { interim, text } = await ask(server.target, '/x')
  expect([interim.map(({ status }) => status), interim[0]?.headers, text]).toEqual([
    [103],
    expect.objectContaining({ link: '</a.css>; rel=preload; as=style' }),
    'late',
  ])
  const old = await RawClient.connect(server.target)
  old.send('GET /x HTTP/1.0\r\n\r\n')
  expect(await old.ended()).toBe('fin')
  expect(old.pending.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nlate$/)
  expect(old.pending.toString()).not.toContain('103')
  await server.assertClean()
})

test('a client of 1.0 gets a stream to the end of the connection, and keeps the connection when it asks to', async () => {
  const server = await answering(`
    if (request.url.endsWith('stream')) return new Response(new Blob(['a stream']).stream().pipeThrough(new TransformStream()))
    return new Response('known')`)
  const client = await RawClient.connect(server.target)
  const old = (path: string) =>
    client.send(`GET ${path} HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n`)
  old('/known')
  const first = await client.answer()
  expect([first.body, first.headers['connection']]).toEqual(['known', 'keep-alive'])
  old('/stream')
  expect(await client.ended()).toBe('fin')
  expect(client.pending.toString()).toMatch(/Connection: close\r\n(.+\r\n)*\r\na stream$/)
  expect(client.pending.toString()).not.toMatch(/transfer-encoding/i)
  await server.assertClean()
})

test('pipelined requests are answered in order, however late each is', async () => {
  const server = await answering(`
    const { pathname, search } = new URL(request.url)
    await new Promise((resolve) => setTimeout(resolve, Number(search.slice(1))))
    return new Response(pathname + (await request.text()))`)
  const client = await RawClient.connect(server.target)
  const headers = { Connection: 'keep-alive' }
  client.send(
    requestText('/1?60', { headers }) +
      requestText('/2?0', { headers, method: 'POST', body: ' two' }) +
      requestText('/3?30', { headers }) +
      requestText('/4?0'),
  )
  for (const body of ['/1', '/2 two', '/3', '/4']) expect((await client.answer()).body).toBe(body)
  expect(await client.ended()).toBe('fin')
  await server.assertClean()
})

test.each([
  ['a unix socket', 'unix:server.sock', 'unix'],
  ['IPv6', '[::1]:PORT', '::1'],
])('%s is bound as any address', async (_, address, peer) => {
  const server = await start({
    workers: 1,
    bind: ['127.0.0.1:PORT', address],
    app: `export default {
  fetch: (request, { remoteAddr }) => new Response(remoteAddr.transport + ' ' + remoteAddr.hostname + ' ' + request.url),
}\n`,
  })
  const target = peer === 'unix' ? { path: server.path('server.sock') } : { port: server.port, host: '::1' }
  const expected = peer === 'unix' ? 'unix  http://localhost/x' : 'tcp ::1 http://localhost/x'
  expect((await ask(target, '/x')).text).toBe(expected)
  await server.assertClean()
})
