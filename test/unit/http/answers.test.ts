import { describe, expect, test } from 'vitest'
import {
  errorBody,
  errorResponse,
  statusOfParseError,
  wantsJson,
  wordsOfParseError,
} from '../../../src/http/answers.ts'

const statuses = [400, 408, 413, 414, 417, 431, 500, 501, 502, 503, 504, 505]

test.each(statuses)(
  '%i has a page and a problem, both ASCII: length in letters is length in bytes',
  (status) => {
    const page = errorBody(status)
    expect(page.text).toMatch(/^<!doctype html>[\x20-\x7e]*<p>[A-Z][^<]*\.<\/p>[\x20-\x7e]*\n$/)
    const { type, text } = errorBody(status, true)
    expect(type).toBe('application/problem+json')
    expect(text).toMatch(/^[\x20-\x7e]*\n$/)
    expect(JSON.parse(text)).toEqual({ status, title: expect.any(String), detail: expect.any(String) })
  },
)

test('a status without a sentence has a title all the same', () => {
  expect(errorBody(418).text).toContain("418 I'm a Teapot")
  expect(JSON.parse(errorBody(599, true).text)).toEqual({ status: 599, title: 'Error' })
})

test('a whole response ends its connection, unless told otherwise', () => {
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT'
  const [head = '', body = ''] = errorResponse(503, { date, json: true, server: 's' }).split('\r\n\r\n')
  expect(head.split('\r\n')).toEqual([
    'HTTP/1.1 503 Service Unavailable',
    'Server: s',
    `Date: ${date}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ])
  expect(errorResponse(503, { close: false })).toContain('Connection: keep-alive')
  expect(errorResponse(503)).toMatch(/\r\nDate: \w{3}, .* GMT\r\n/)
  expect(errorResponse(503, { date: false })).not.toMatch(/Date|Server/)
})

describe('JSON is wanted', () => {
  test.each([
    'application/json',
    'application/problem+json',
    'application/json, text/plain, */*',
    'APPLICATION/JSON; charset=utf-8',
    'text/html;q=0.5, application/json',
    'application/json, text/html',
  ])('by %s', (accept) => expect(wantsJson(accept)).toBe(true))

  test.each([
    undefined,
    '',
    '*/*',
    'text/html',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'text/html, application/json',
    'application/json;q=0.3, text/html;q=0.4',
    'application/json;q=0',
    'application/json;q=x',
    'text/x-json',
    `application/json,${'a'.repeat(2000)}`,
  ])('not by %s', (accept) => expect(wantsJson(accept)).toBe(false))
})

test.each([
  [{ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, 'the head did not arrive within header_timeout'],
  [{ code: 'HPE_HEADER_OVERFLOW', reason: 'Header overflow' }, 'the head is longer than limit_request_head'],
  [{ code: 'HPE_INVALID_METHOD', reason: 'Invalid method' }, 'invalid method (HPE_INVALID_METHOD)'],
  [{ code: 'HPE_ANYTHING' }, 'HPE_ANYTHING'],
])("node's %o is told to the log as '%s'", (error, words) => {
  expect(wordsOfParseError(error)).toBe(words)
})

test.each([
  [{ code: 'HPE_HEADER_OVERFLOW' }, 431],
  [{ code: 'HPE_CHUNK_EXTENSIONS_OVERFLOW' }, 413],
  [{ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, 408],
  [{ code: 'HPE_PAUSED_H2_UPGRADE' }, 505],
  [{ code: 'HPE_INVALID_VERSION', reason: 'Invalid HTTP version' }, 505],
  [{ code: 'HPE_INVALID_VERSION', reason: 'Expected CRLF after version' }, 400],
  [{ code: 'HPE_ANYTHING' }, 400],
  [{}, 400],
])("node's %o is answered %i", (error, status) => {
  expect(statusOfParseError(error)).toBe(status)
})
