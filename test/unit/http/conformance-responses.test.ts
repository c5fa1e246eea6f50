import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installGlobals } from '../../../src/http/fetch/globals.ts'
import type { HttpPolicy } from '../../../src/http/policy.ts'
import { responders } from '../../conformance/responders.ts'
import { connect, get, latch, serve } from './harness.ts'

/** Fetch applications run with the classes that a worker gives them. */
let restore = (): void => undefined
beforeAll(() => {
  restore = installGlobals()
})
afterAll(() => restore())

interface Answer {
  readonly status: number
  readonly line: string
  readonly names: readonly string[]
  readonly value: (name: string) => string | undefined
  /** Everything behind the head, framing and further answers included. */
  readonly rest: string
}

/** The first answer in what came; throws when there is none. */
const answerOf = (received: string): Answer => {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) throw new Error(`no answer in ${JSON.stringify(received)}`)
  const [line = '', ...fields] = received.slice(0, end).split('\r\n')
  const pairs = fields.map((field) => {
    const colon = field.indexOf(': ')
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 2)] as const
  })
  return {
    line,
    status: Number(line.split(' ')[1]),
    names: pairs.map(([name]) => name),
    value: (name) => pairs.find(([each]) => each === name)?.[1],
    rest: received.slice(end + 4),
  }
}

const head = (path: string, more = '', version = '1.1'): string =>
  `HEAD ${path} HTTP/${version}\r\nHost: x\r\n${more}\r\n`
const closing = 'Connection: close\r\n'
const post = (path: string, more: string, body = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n${body}`

describe.each(['node', 'fetch'] as const)('responses of an application of kind %s', (kind) => {
  const open = async (policy: Partial<HttpPolicy> = {}) => {
    const { opened, open: release } = latch()
    const served = await serve(responders[kind]({ gate: opened }), { keepAliveMs: 30_000, ...policy })
    return { ...served, release, client: await connect(served.port) }
  }
  /** Everything that comes for these bytes until the server ends the connection in order. */
  const all = async (request: string, policy: Partial<HttpPolicy> = {}): Promise<string> => {
    const { client } = await open(policy)
    return client.send(request).end()
  }

  test('a body of known length keeps its Content-Length and is not chunked', async () => {
    const answer = answerOf(await all(get('/text', closing)))
    expect([answer.line, answer.value('content-length'), answer.rest]).toEqual([
      'HTTP/1.1 200 OK',
      '5',
      'hello',
    ])
    expect(answer.names).not.toContain('transfer-encoding')
  })

  test('HEAD gets the fields of GET, with its Content-Length, and no body (RFC 9110, 9.3.2)', async () => {
    const [of, without] = [await all(get('/text', closing)), await all(head('/text', closing))].map(answerOf)
    expect(without?.names).toEqual(of?.names)
    expect([without?.value('content-length'), without?.rest]).toEqual(['5', ''])
  })

  test('HEAD of a body of unknown length gets no body and no framing that lies', async () => {
    const { client } = await open()
    const received = await client.send(head('/stream') + get('/text', closing)).end()
    const { rest, value } = answerOf(received)
    expect(answerOf(rest).rest).toBe('hello')
    expect(value('content-length')).toBeUndefined()
  })

  test.each(['/204', '/304'])(
    '%s has no body and no framing, and the connection is kept (RFC 9112, 6.3)',
    async (path) => {
      const { client } = await open()
      const received = await client.send(get(path) + get('/text', closing)).end()
      const { status, names, rest } = answerOf(received)
      expect(status).toBe(Number(path.slice(1)))
      expect(names).not.toContain('transfer-encoding')
      if (status === 204) expect(names).not.toContain('content-length')
      expect(answerOf(rest).rest).toBe('hello')
    },
  )

  test('a body of unknown length is chunked, and the connection is kept (RFC 9112, 7.1)', async () => {
    const { client } = await open()
    const received = await client.send(get('/stream') + get('/text', closing)).end()
    const { value, rest } = answerOf(received)
    expect(value('transfer-encoding')).toBe('chunked')
    expect(rest).toMatch(/^(3\r\nhel\r\n2\r\nlo|5\r\nhello)\r\n0\r\n\r\nHTTP\/1\.1 200 /)
  })

  test('a 1.0 client gets a body of unknown length unchunked, ended by the connection (RFC 9112, 6.1)', async () => {
    const { names, rest, value, line } = answerOf(await all('GET /stream HTTP/1.0\r\n\r\n'))
    expect(names).not.toContain('transfer-encoding')
    expect([line, rest]).toEqual(['HTTP/1.1 200 OK', 'hello'])
    expect(value('connection')).toBe('close')
  })

  test('a 1.0 client that asks for it keeps its connection, and is told so (RFC 9112, 9.3)', async () => {
    const { client } = await open()
    const received = await client.send('GET /text HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').has('hello')
    expect(answerOf(received).value('connection')?.toLowerCase()).toBe('keep-alive')
    expect(await client.send('GET /text HTTP/1.0\r\n\r\n').end()).toMatch(/hello[\s\S]*hello$/)
  })

  test.each([
    ['the client', get('/text', closing)],
    ['the application', get('/close')],
  ])('a connection that %s wants closed is closed, and the answer says so', async (_, request) => {
    expect(answerOf(await all(request)).value('connection')).toMatch(/close/i)
  })

  test('there is one Date, an IMF-fixdate, and no Server (RFC 9110, 5.6.7)', async () => {
    const { names, value } = answerOf(await all(get('/text', closing)))
    expect(names.filter((name) => name === 'date')).toHaveLength(1)
    expect(value('date')).toMatch(/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/)
    expect(Math.abs(Date.parse(value('date') ?? '') - Date.now())).toBeLessThan(5000)
    expect(names.filter((name) => name === 'server' || name === 'x-powered-by')).toEqual([])
  })

  test('the application has the word about Date and Server', async () => {
    const { names, value } = answerOf(await all(get('/own', closing), { serverHeader: 'ours' }))
    expect([value('server'), value('date')]).toEqual(['mine', 'Thu, 01 Jan 1970 00:00:00 GMT'])
    expect(names.filter((name) => name === 'server' || name === 'date')).toHaveLength(2)
  })

  test('server_header and date_header are heard', async () => {
    const { names, value } = answerOf(
      await all(get('/text', closing), { serverHeader: 'ours', dateHeader: false }),
    )
    expect([value('server'), names.includes('date')]).toEqual(['ours', false])
  })

  test.each(['/inject', '/inject-name'])(
    '%s: CR and LF in a field give 500 and split nothing',
    async (path) => {
      const received = await all(get(path, closing))
      expect(answerOf(received).status).toBe(500)
      expect(received).not.toMatch(/Injected/i)
    },
  )

  test('pipelined answers come in order, though the first takes its time (RFC 9112, 9.3.2)', async () => {
    const { client, release } = await open()
    client.send(get('/slow') + get('/text') + get('/204') + get('/text', closing))
    release()
    const received = await client.end()
    expect(received.match(/HTTP\/1\.1 \d+|slow|hello/g)).toEqual([
      ...['HTTP/1.1 200', 'slow', 'HTTP/1.1 200', 'hello'],
      ...['HTTP/1.1 204', 'HTTP/1.1 200', 'hello'],
    ])
  })

  describe('Expect: 100-continue (RFC 9110, 10.1.1)', () => {
    const expecting = (path: string): string =>
      post(path, 'Expect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n')

    test('is answered when the body is first read', async () => {
      const { client } = await open()
      await client.send(expecting('/late')).has('HTTP/1.1 100 Continue\r\n\r\n')
      expect(await client.send('abc').end()).toMatch(
        /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [\s\S]*read$/,
      )
    })

    test('is not answered before anybody reads', async () => {
      const { client, release, port } = await open()
      client.send(expecting('/wait'))
      // Another connection, served whole: what was due to the first one would have been sent by then.
      await (await connect(port)).send(get('/text', closing)).end()
      // Node answers by itself before the application is asked; see node-differences.ts.
      expect(client.text).toBe(kind === 'node' ? 'HTTP/1.1 100 Continue\r\n\r\n' : '')
      release()
      await client.has('100 Continue')
      expect(await client.send('abc').end()).toMatch(/read$/)
    })

    test('is not answered when the answer comes first', async () => {
      const { client } = await open()
      const received = await client.send(expecting('/early')).end()
      const before = kind === 'node' ? 'HTTP/1.1 100 Continue\r\n\r\n' : ''
      expect(received.startsWith(`${before}HTTP/1.1 200 `)).toBe(true)
      expect(received.split('100 Continue')).toHaveLength(kind === 'node' ? 2 : 1)
    })
  })

  test('an answer before the body is read arrives whole, then the connection ends in order', async () => {
    const { client } = await open()
    client.send(post('/early', `Content-Length: 3000000\r\n${closing}`, 'y'.repeat(3_000_000)))
    expect(answerOf(await client.end()).rest).toBe('hello')
  })

  test('a large answer arrives whole before a close', async () => {
    expect(answerOf(await all(get('/large', closing))).rest).toBe('x'.repeat(3_000_000))
  })

  describe('an error answer', () => {
    test.each([
      ['400', 'GET /secret-token\x01 HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['400', get('/text', 'secret-token : a\r\n')],
      ['431', get('/text', `secret-token: ${'a'.repeat(9000)}\r\n`)],
      ['414', get(`/secret-token${'a'.repeat(5000)}`)],
      ['417', get('/text', 'Expect: secret-token\r\n')],
      ['500', get('/boom', 'X: secret-token\r\n')],
    ])('%s is small, framed, ends the connection and echoes nothing', async (status, request) => {
      const received = await all(request)
      const { line, value, rest } = answerOf(received)
      expect(line).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`))
      expect(value('content-type')).toMatch(/^text\/html/)
      expect(value('content-length')).toBe(String(rest.length))
      expect(value('connection')).toBe('close')
      expect(value('date')).toBeDefined()
      expect(received).not.toContain('secret-token')
      expect(received).not.toContain('boom')
      expect(rest.length).toBeLessThan(1000)
    })

    test('to HEAD has no body', async () => {
      const { status, rest } = answerOf(await all(head('/boom')))
      expect([status, rest]).toEqual([500, ''])
    })

    test('is JSON for those who want it', async () => {
      const { value, rest } = answerOf(await all(get('/boom', 'Accept: application/json\r\n')))
      expect(value('content-type')).toMatch(/json/)
      expect(JSON.stringify(JSON.parse(rest))).toContain('500')
    })
  })
})
