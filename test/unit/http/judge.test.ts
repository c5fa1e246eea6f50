import { describe, expect, test } from 'vitest'
import { createJudge, type Head, withoutFields } from '../../../src/http/judge.ts'
import {
  defaultPolicy,
  type HttpPolicy,
  leniencyOf,
  limitsOf,
  parserLimitsOf,
} from '../../../src/http/policy.ts'

const open = { limitRequestLine: 0, limitRequestFields: 0, limitRequestFieldSize: 0, limitRequestHead: 0 }
const judgeHead = (head: Partial<Head>, policy: Partial<HttpPolicy> = {}, trusted = false) =>
  createJudge({ ...defaultPolicy, ...policy })(
    { method: 'GET', target: '/', rawHeaders: ['Host', 'a'], version: '1.1', ...head },
    () => trusted,
  )
/** Of fields beside Host. */
const judge = (fields: string[], policy: Partial<HttpPolicy> = {}, trusted = false, target = '/') =>
  judgeHead({ target, rawHeaders: ['Host', 'a', ...fields] }, policy, trusted)

describe('limits', () => {
  test('a request line of the limit passes, one byte more does not', () => {
    // GET /aaa HTTP/1.1 and CRLF
    const target = (length: number) => `/${'a'.repeat(length - 'GET / HTTP/1.1\r\n'.length)}`
    expect(judge([], { limitRequestLine: 100 }, false, target(100)).verdict).toBe('serve')
    expect(judge([], { limitRequestLine: 100 }, false, target(101))).toMatchObject({ status: 414 })
  })

  test.each([
    [0, 100_000, 'serve'],
    [9000, 8100, 'serve'],
    [9000, 8200, 'refuse'],
  ])('limit_request_line %i with a target of %i bytes: %s', (limitRequestLine, length, verdict) => {
    expect(judge([], { limitRequestHead: 0, limitRequestLine }, false, '/'.repeat(length)).verdict).toBe(
      verdict,
    )
  })

  test('a field of the limit passes, one byte more does not', () => {
    const field = (length: number) => ['X-A', 'v'.repeat(length - 'X-A: \r\n'.length)]
    expect(judge(field(50), { limitRequestFieldSize: 50 }).verdict).toBe('serve')
    expect(judge(field(51), { limitRequestFieldSize: 50 })).toMatchObject({ status: 431 })
    expect(judge(field(100_000), open).verdict).toBe('serve')
  })

  test('as many fields as the limit pass, one more does not', () => {
    const fields = (count: number) => Array.from({ length: count }, () => ['A', 'b']).flat()
    expect(judge(fields(99)).verdict).toBe('serve')
    expect(judge(fields(100))).toMatchObject({ status: 431 })
    expect(judge(fields(32_767), open).verdict).toBe('serve')
    expect(judge(fields(32_768), { ...open, limitRequestFields: 99_999 })).toMatchObject({ status: 431 })
  })

  test('a head of the limit passes, one byte more does not', () => {
    // GET / HTTP/1.1 CRLF, Host: a CRLF, A: ... CRLF, and the CRLF that ends it.
    const value = (size: number) => 'v'.repeat(size - 16 - 9 - 5 - 2)
    expect(judge(['A', value(200)], { limitRequestHead: 200 }).verdict).toBe('serve')
    expect(judge(['A', value(201)], { limitRequestHead: 200 })).toMatchObject({ status: 431 })
  })

  test('a head is bounded even when everything is unlimited', () => {
    expect(limitsOf({ ...defaultPolicy, ...open })).toMatchObject({ head: 2 ** 24, held: 2 ** 24 })
    expect(limitsOf({ ...defaultPolicy, limitRequestHead: 0 }).head).toBe(4094 + 100 * 8190 + 2)
    const { head, held, line } = limitsOf(defaultPolicy)
    expect(head).toBe(65_536)
    // Room for a line that is too long to be answered as such.
    expect(held).toBeGreaterThan(head + 2 * line)
  })
})

test('the parser is told the same limits, with Infinity where there is none', () => {
  expect(parserLimitsOf(defaultPolicy)).toEqual({
    line: 4094,
    fields: 100,
    fieldSize: 8190,
    head: 65_536,
    chunkLine: 1024,
    chunkExtensions: 16_384,
    trailers: 16_384,
    body: Infinity,
  })
  const policy = { ...defaultPolicy, ...open, limitRequestBody: 5, limitChunkLine: 0 }
  expect(parserLimitsOf(policy)).toMatchObject({
    line: Infinity,
    fields: 32_768,
    fieldSize: Infinity,
    head: 2 ** 24,
    chunkLine: Infinity,
    body: 5,
  })
  expect(parserLimitsOf({ ...defaultPolicy, limitRequestLine: 9000 }).line).toBe(8190)
  expect(leniencyOf({ ...defaultPolicy, headerSpaces: true })).toEqual({
    obsoleteFolding: false,
    unconventionalMethod: false,
    unconventionalVersion: false,
    casefoldMethod: false,
    headerSpaces: true,
    requireHost: true,
  })
})

describe('names with an underscore', () => {
  const headers = ['A_B', '1', 'C', '2', 'Script_Name', '/x']
  test('are dropped', () => {
    expect(judge(headers)).toEqual({ verdict: 'serve without', names: new Set(['A_B', 'Script_Name']) })
  })
  test('are kept from a trusted peer when they are forwarder headers', () => {
    expect(judge(headers, {}, true)).toEqual({ verdict: 'serve without', names: new Set(['A_B']) })
    expect(judge(headers, { forwarderHeaders: ['*'] }, true).verdict).toBe('serve')
    expect(judge(headers, { forwarderHeaders: ['*'] }, false)).toMatchObject({ names: { size: 2 } })
  })
  test('are refused', () => {
    expect(judge(headers, { headerMap: 'refuse' })).toMatchObject({ status: 400 })
    expect(judge(['Script_Name', '/x'], { headerMap: 'refuse' }, true).verdict).toBe('serve')
  })
  test('are kept where it is dangerous', () => {
    expect(judge(headers, { headerMap: 'dangerous' }).verdict).toBe('serve')
  })
  test('leave the others as they were', () => {
    expect(withoutFields(headers, new Set(['A_B']))).toEqual(['C', '2', 'Script_Name', '/x'])
    expect(withoutFields(['X', 'A_B', 'A_B', 'X'], new Set(['A_B']))).toEqual(['X', 'A_B'])
  })
})

test('a second Content-Type is refused, be it the same', () => {
  expect(judge(['Content-Type', 'a/b']).verdict).toBe('serve')
  expect(judge(['Content-Type', 'a/b', 'content-type', 'a/b'])).toMatchObject({ status: 400 })
})

test('contradictory schemes are refused from a trusted peer, and mean nothing from another', () => {
  const headers = ['X-Forwarded-Proto', 'https', 'X-Forwarded-Ssl', 'off']
  expect(judge(headers, {}, true)).toMatchObject({ status: 400 })
  expect(judge(headers, {}, false).verdict).toBe('serve')
})

test.each([
  ['1.1', {}, 'serve'],
  ['1.0', {}, 'serve'],
  ['0.9', {}, 505],
  ['2.0', {}, 505],
  ['2.0', { unconventionalVersion: true }, 'serve'],
  ['0.9', { unconventionalVersion: true }, 505],
])('the version %s with %o: %s', (version, policy, expected) => {
  const verdict = judgeHead({ version }, policy)
  expect(verdict.verdict === 'refuse' ? verdict.status : verdict.verdict).toBe(expected)
})

test('a request of HTTP/0.9, and one of RTSP, are refused', () => {
  expect(judgeHead({ version: '0.9', rawHeaders: [] })).toMatchObject({ status: 400 })
  expect(judgeHead({ method: 'DESCRIBE', version: '1.0' })).toMatchObject({ status: 400 })
})

describe('Host', () => {
  const host = (...hosts: string[]) => hosts.flatMap((value, index) => [index % 2 ? 'HOST' : 'Host', value])
  test('is demanded in 1.1, unless require_host is off', () => {
    expect(judgeHead({ rawHeaders: [] })).toMatchObject({ status: 400 })
    expect(judgeHead({ rawHeaders: [] }, { requireHost: false }).verdict).toBe('serve')
    expect(judgeHead({ rawHeaders: [], version: '1.0' }).verdict).toBe('serve')
  })
  test('is there once', () => {
    expect(judgeHead({ rawHeaders: host('a', 'a') })).toMatchObject({ status: 400 })
    expect(judgeHead({ rawHeaders: host('a', 'b') }, { requireHost: false })).toMatchObject({ status: 400 })
  })
  test('that is malformed stays refused after a good one', () => {
    const judged = createJudge(defaultPolicy)
    const verdicts = ['a', 'a b', 'a b', 'c', 'a'].map(
      (value) =>
        judged({ method: 'GET', target: '/', rawHeaders: ['Host', value], version: '1.1' }, () => false)
          .verdict,
    )
    expect(verdicts).toEqual(['serve', 'refuse', 'refuse', 'serve', 'serve'])
  })
})

describe('framing', () => {
  test.each([
    ['a length', ['Content-Length', '5'], 'serve'],
    ['an unsafe length', ['Content-Length', '9223372036854775807'], 400],
    ['chunked', ['Transfer-Encoding', 'chunked'], 'serve'],
    ['chunked in other letters', ['TRANSFER-ENCODING', 'ChunkeD'], 'serve'],
    ['another coding before it', ['Transfer-Encoding', 'gzip, chunked'], 501],
    [
      'another coding in a line before it',
      ['Transfer-Encoding', 'gzip', 'Transfer-Encoding', 'chunked'],
      501,
    ],
    ['another coding behind it', ['Transfer-Encoding', 'chunked, gzip'], 400],
    ['chunked twice', ['Transfer-Encoding', 'chunked, chunked'], 400],
    ['an empty element', ['Transfer-Encoding', ',chunked'], 400],
    ['nothing', ['Transfer-Encoding', ''], 400],
    ['identity', ['Transfer-Encoding', 'identity'], 400],
    ['a length and chunked', ['Content-Length', '5', 'Transfer-Encoding', 'chunked'], 400],
    ['chunked and a length of 0', ['Transfer-Encoding', 'chunked', 'Content-Length', '0'], 400],
  ])('%s: %s, %s', (_, fields, expected) => {
    const verdict = judge(fields)
    expect(verdict.verdict === 'refuse' ? verdict.status : verdict.verdict).toBe(expected)
  })

  test('chunked in 1.0, and a body of CONNECT, are refused', () => {
    const rawHeaders = ['Transfer-Encoding', 'chunked']
    expect(judgeHead({ version: '1.0', rawHeaders })).toMatchObject({ status: 400 })
    const connect = { method: 'CONNECT', target: 'a:443' }
    expect(judgeHead(connect).verdict).toBe('serve')
    for (const fields of [rawHeaders, ['Content-Length', '1']])
      expect(judgeHead({ ...connect, rawHeaders: ['Host', 'a', ...fields] })).toMatchObject({ status: 400 })
  })

  test('a body of limit_request_body passes, one byte more is answered 413', () => {
    expect(judge(['Content-Length', '10'], { limitRequestBody: 10 }).verdict).toBe('serve')
    expect(judge(['Content-Length', '11'], { limitRequestBody: 10 })).toMatchObject({ status: 413 })
    expect(judge(['Content-Length', '11'], { limitRequestBody: 0 }).verdict).toBe('serve')
  })
})
