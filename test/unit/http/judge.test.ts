import { describe, expect, test } from 'vitest'
import { createJudge, withoutFields } from '../../../src/http/judge.ts'
import { defaultPolicy, type HttpPolicy, limitsOf } from '../../../src/http/policy.ts'

const judge = (rawHeaders: string[], policy: Partial<HttpPolicy> = {}, trusted = false, target = '/') =>
  createJudge({ ...defaultPolicy, ...policy })(
    { method: 'GET', target, rawHeaders, version: '1.1' },
    () => trusted,
  )

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
    expect(judge([], { limitRequestLine }, false, '/'.repeat(length)).verdict).toBe(verdict)
  })

  test('a field of the limit passes, one byte more does not', () => {
    const field = (length: number) => ['X-A', 'v'.repeat(length - 'X-A: \r\n'.length)]
    expect(judge(field(50), { limitRequestFieldSize: 50 }).verdict).toBe('serve')
    expect(judge(field(51), { limitRequestFieldSize: 50 })).toMatchObject({ status: 431 })
    expect(judge(field(100_000), { limitRequestFieldSize: 0 }).verdict).toBe('serve')
  })

  test('as many fields as the limit pass, one more does not', () => {
    const fields = (count: number) => Array.from({ length: count }, () => ['A', 'b']).flat()
    expect(judge(fields(100)).verdict).toBe('serve')
    expect(judge(fields(101))).toMatchObject({ status: 431 })
    expect(judge(fields(32_768), { limitRequestFields: 0 }).verdict).toBe('serve')
    expect(judge(fields(32_769), { limitRequestFields: 99_999 })).toMatchObject({ status: 431 })
  })

  test('a head is bounded even when everything is unlimited', () => {
    const policy = { ...defaultPolicy, limitRequestLine: 0, limitRequestFields: 0, limitRequestFieldSize: 0 }
    expect(limitsOf(policy).head).toBe(16 * 1024 * 1024)
    expect(limitsOf(defaultPolicy).head).toBeGreaterThan(4094 + 100 * 8190)
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

test('contradictory schemes are refused from a trusted peer, and mean nothing from another', () => {
  const headers = ['X-Forwarded-Proto', 'https', 'X-Forwarded-Ssl', 'off']
  expect(judge(headers, {}, true)).toMatchObject({ status: 400 })
  expect(judge(headers, {}, false).verdict).toBe('serve')
})

test('a second Host, and a version that is not 1.x, are refused', () => {
  const { host, version } = { host: ['Host', 'a', 'HOST', 'b'], version: '2.0' }
  expect(judge(host)).toMatchObject({ verdict: 'refuse', status: 400 })
  expect(judge(host.slice(0, 2)).verdict).toBe('serve')
  const head = { method: 'GET', target: '/', rawHeaders: [] }
  expect(createJudge(defaultPolicy)({ ...head, version }, () => false)).toMatchObject({ status: 505 })
  expect(createJudge(defaultPolicy)({ ...head, version: '1.0' }, () => false).verdict).toBe('serve')
})
