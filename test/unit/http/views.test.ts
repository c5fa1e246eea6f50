import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HookRequest, HookResponse } from '../../../src/config/hook-types.ts'
import {
  headerOf,
  type RequestFacts,
  viewEnviron,
  viewRequest,
  viewResponse,
} from '../../../src/http/views.ts'

const facts = (target: string, rawHeaders: string[] = []): RequestFacts => ({
  method: 'GET',
  target,
  httpVersion: '1.1',
  rawHeaders,
  scheme: 'http',
  remoteAddress: '192.0.2.1',
  requestNumber: 2,
})

describe('a target is seen as path and query', () => {
  test.each([
    ['/a?b=c', '/a', 'b=c'],
    ['/a', '/a', ''],
    ['/a?b?c', '/a', 'b?c'],
    ['/a?b#c', '/a', 'b'],
    ['http://example.org:80/a?b', '/a', 'b'],
    ['//double/slash', '//double/slash', ''],
    ['*', '*', ''],
  ])('%s', (target, path, query) => {
    const view: HookRequest = viewRequest(facts(target))
    expect([view.path, view.query, view.uri]).toEqual([path, query, target])
  })
})

test('header names are upper-case and in order, twice when they came twice', () => {
  const { headers, req_number } = viewRequest(facts('/', ['Host', 'x', 'a-b', '1', 'A-B', '2']))
  expect(headers).toEqual([
    ['HOST', 'x'],
    ['A-B', '1'],
    ['A-B', '2'],
  ])
  expect(req_number).toBe(2)
})

test('CGI names: prefixed, joined, decoded', () => {
  const environ = viewEnviron(facts('/%C3%A9%zz?q', ['Content-Type', 'a/b', 'a-b', '1', 'A-B', '2']))
  expect(environ).toMatchObject({
    PATH_INFO: '/é%zz',
    QUERY_STRING: 'q',
    CONTENT_TYPE: 'a/b',
    HTTP_A_B: '1,2',
    REMOTE_ADDR: '192.0.2.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
  })
})

const head = 'HTTP/1.1 201 Created\r\nX-A: b: c\r\nSet-Cookie: 1\r\nSet-Cookie: 2\r\n\r\n'

test('a response is seen as it was sent', () => {
  const view: HookResponse = viewResponse(head, 201, 7)
  expect(view).toEqual({
    status: '201 Created',
    status_code: 201,
    headers: [
      ['X-A', 'b: c'],
      ['Set-Cookie', '1'],
      ['Set-Cookie', '2'],
    ],
    sent: 7,
  })
})

test('a header is found in a raw head whatever its case, and only as a whole name', () => {
  expect(headerOf(head, 'x-a')).toBe('b: c')
  expect(headerOf(head, 'cookie')).toBeUndefined()
  expect(headerOf('', 'x-a')).toBeUndefined()
})

test('no target and no header makes a view throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string(), { maxLength: 6 }), (target, headers) => {
      expect(viewRequest(facts(target, headers)).uri).toBe(target)
      expect(viewEnviron(facts(target, headers))['RAW_URI']).toBe(target)
    }),
  )
})
