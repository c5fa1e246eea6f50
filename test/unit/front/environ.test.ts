/** The environ that a worker makes of what it is told: PEP 3333, and Gunicorn's reading of it. */
import { describe, expect, test } from 'vitest'
import { environOf } from '../../../src/front/environ.ts'
import { Shapes } from '../../../src/front/shapes.ts'
import { HeaderBlock, noFacts } from '../../../src/http/h1/header-block.ts'
import type { Proxied } from '../../../src/http/intake/proxied.ts'
import { blockOf, FakeExchange, type FakeOptions } from '../http/fetch/fake-exchange.ts'

const read = ({ shape, text }: { shape: { text: string }; text: string }): Record<string, string> => {
  const [count = '', ...rest] = shape.text.split('\0')
  const end = Number(count) * 2
  const keys = rest.slice(end)
  const values = text.split('\0')
  expect(values.length).toBe(keys.length)
  const constants = Array.from({ length: Number(count) }, (_, at) => [rest[at * 2], rest[at * 2 + 1]])
  return Object.fromEntries([...constants, ...keys.map((key, at) => [key, values[at]])])
}

const environ = (options: FakeOptions & { more?: object } = {}, collected = -1): Record<string, string> =>
  read(environOf(Object.assign(new FakeExchange(options), options.more), new Shapes(), collected))

const under = (flat: readonly string[]): HeaderBlock => {
  const block = blockOf(flat)
  const marks = Array.from({ length: block.count }, (_, at) => {
    const start = block.text.indexOf(`${block.name(at)}: `)
    const value = start + block.name(at).length + 2
    return [start, start + block.name(at).length, value, value + block.value(at).length]
  })
  return new HeaderBlock(block.text, marks.flat(), { ...noFacts, underscores: true })
}

test('a plain request has all that CGI and WSGI ask of a server', () => {
  const headers = [
    'Host',
    'example.org',
    'User-Agent',
    'x',
    'Content-Type',
    'text/plain',
    'Content-Length',
    '2',
  ]
  expect(environ({ method: 'POST', target: '/a%20b?c=d?e', headers })).toEqual({
    REQUEST_METHOD: 'POST',
    RAW_URI: '/a%20b?c=d?e',
    PATH_INFO: '/a%20b',
    QUERY_STRING: 'c=d?e',
    REMOTE_ADDR: '192.0.2.7',
    REMOTE_PORT: '50000',
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_NAME: '127.0.0.1',
    SERVER_PORT: '8000',
    'wsgi.url_scheme': 'http',
    HTTP_HOST: 'example.org',
    HTTP_USER_AGENT: 'x',
    CONTENT_TYPE: 'text/plain',
    CONTENT_LENGTH: '2',
  })
})

test.each([
  ['/', '/', ''],
  ['//x//y', '//x//y', ''],
  ['/?', '/', ''],
  ['/caf\xe9?\xe9', '/caf\xe9', '\xe9'],
  ['*', '*', ''],
  ['http://other:81/p/q?r', '/p/q', 'r'],
  ['http://other', '', ''],
  ['http://other?q', '', 'q'],
  ['HTTPS://other/', '/', ''],
])('the target %s is taken apart', (target, path, query) => {
  const { PATH_INFO, QUERY_STRING, RAW_URI } = environ({ target })
  expect([PATH_INFO, QUERY_STRING, RAW_URI]).toEqual([path, query, target])
})

test("an absolute target's authority wins over Host", () => {
  expect(environ({ target: 'http://other:81/', headers: ['Host', 'x'] })['HTTP_HOST']).toBe('other:81')
})

describe('fields that are sent twice', () => {
  test('have one key; their values are joined by commas, cookies by semicolons', () => {
    const headers = ['A', '1', 'Cookie', 'a=1', 'a', '2', 'B', '', 'cookie', 'b=2', 'A', '3']
    const made = environ({ headers })
    expect([made['HTTP_A'], made['HTTP_COOKIE'], made['HTTP_B']]).toEqual(['1,2,3', 'a=1; b=2', ''])
  })

  test('say one length', () => {
    expect(environ({ headers: ['Content-Length', '5', 'content-length', '5'] })['CONTENT_LENGTH']).toBe('5')
  })
})

describe('the same connection', () => {
  test('has other values for other requests, and the same text for the same', () => {
    const shapes = new Shapes()
    const first = new FakeExchange({ headers: ['Host', 'a'], target: '/1' })
    const texts = (['/1', '/1', '/2'] as const).map((target) => {
      const exchange = Object.assign(new FakeExchange({ target }), {
        headers: first.headers,
        guest: first.guest,
      })
      const made = environOf(exchange, shapes)
      return made.text
    })
    expect(texts.map((text) => text.split('\0')[2])).toEqual(['/1', '/1', '/2'])
  })

  test('is not mistaken when its fields change, or its method, or its version', () => {
    const shapes = new Shapes()
    const { guest } = new FakeExchange()
    const next = (options: FakeOptions, more: object = {}) => {
      const exchange = Object.assign(new FakeExchange(options), { guest }, more)
      const made = read(environOf(exchange, shapes))
      return made
    }
    const headers = blockOf(['Host', 'a'])
    expect(next({}, { headers })['HTTP_HOST']).toBe('a')
    expect(next({ headers: ['Host', 'b'] })['HTTP_HOST']).toBe('b')
    expect(next({ headers: ['X', 'b'] })['HTTP_X']).toBe('b')
    expect(next({ method: 'PUT' }, { headers })['REQUEST_METHOD']).toBe('PUT')
    expect(next({}, { headers })['REQUEST_METHOD']).toBe('GET')
    expect(next({}, { headers, version: '1.0' })['SERVER_PROTOCOL']).toBe('HTTP/1.0')
  })
})

test('a chunked body that is here whole has a length, on that request alone', () => {
  expect(environ({ headers: ['Transfer-Encoding', 'chunked'] }, 12)['CONTENT_LENGTH']).toBe('12')
  expect(environ({ headers: ['Transfer-Encoding', 'chunked'] })).not.toHaveProperty('CONTENT_LENGTH')
})

test("REMOTE_ADDR is the peer's, whatever a proxy says of its client", () => {
  const told = environ({ remoteAddress: '198.51.100.1', more: { peerAddress: '192.0.2.9' } })
  expect(told['REMOTE_ADDR']).toBe('192.0.2.9')
})

describe('on a unix socket', () => {
  const unix = { localAddress: '', more: { peerAddress: '', peerPort: 0, localPort: 0 } }
  test.each([
    [['Host', 'example.org:81'], 'http', ['example.org', '81']],
    [['Host', 'example.org'], 'https', ['example.org', '443']],
    [['Host', '[::1]'], 'http', ['[::1]', '80']],
    [['Host', '[::1]:82'], 'http', ['[::1]', '82']],
    [['Host', ''], 'http', ['localhost', '80']],
    [[], 'http', ['localhost', '80']],
  ] as const)('Host %j over %s says who we are', (headers, scheme, [name, port]) => {
    const made = environ({ ...unix, headers, scheme })
    expect([made['SERVER_NAME'], made['SERVER_PORT']]).toEqual([name, port])
    expect([made['REMOTE_ADDR'], made['REMOTE_PORT']]).toEqual(['', ''])
  })

  test('clients that make up hosts make no new shapes', () => {
    const shapes = new Shapes()
    const of = (host: string) =>
      environOf(Object.assign(new FakeExchange({ ...unix, headers: ['Host', host] }), unix.more), shapes)
        .shape
    expect(of('a')).toBe(of('b:1'))
  })
})

describe('SCRIPT_NAME as a field', () => {
  const headers = under(['SCRIPT_NAME', '/mount', 'PATH_INFO', '/p'])
  test('is the key of that name when a trusted peer sends it', () => {
    const made = environ({
      target: '/x',
      more: { headers, guest: { trusted: true, proxied: undefined, memory: undefined } },
    })
    expect([made['SCRIPT_NAME'], made['PATH_INFO'], made['HTTP_PATH_INFO']]).toEqual(['/mount', '/x', '/p'])
    expect(made).not.toHaveProperty('HTTP_SCRIPT_NAME')
  })

  test('is a field as any other when anyone else does', () => {
    const made = environ({ more: { headers } })
    expect(made['HTTP_SCRIPT_NAME']).toBe('/mount')
    expect(made).not.toHaveProperty('SCRIPT_NAME')
  })
})

test('with a PROXY header it says which address the client connected to', () => {
  const proxied: Proxied = { protocol: 'TCP4', address: '192.0.2.1', port: 443 }
  const made = environ({ more: { guest: { trusted: false, proxied, memory: undefined } } })
  expect([made['PROXY_PROTOCOL'], made['PROXY_ADDR'], made['PROXY_PORT']]).toEqual([
    'TCP4',
    '192.0.2.1',
    '443',
  ])
})
