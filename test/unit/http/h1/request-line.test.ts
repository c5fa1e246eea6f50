import { describe, expect, test } from 'vitest'
import { parse, type Rules, verdict } from './harness.ts'

const rest = '\r\nHost: a\r\n\r\n'

describe('a request line', () => {
  test.each([
    ['GET / HTTP/1.1', 'origin'],
    ['GET //x/..;/%zz?a=b&c="d" HTTP/1.0', 'origin'],
    ['GET /caf\xe9 HTTP/1.1', 'origin'],
    ['M-SEARCH /x HTTP/1.1', 'origin'],
    ['GET http://example.com HTTP/1.1', 'absolute'],
    ['GET http://example.com:80/x?y HTTP/1.1', 'absolute'],
    ['GET http://[::1]?y HTTP/1.1', 'absolute'],
    ['GET ws+x://a/ HTTP/1.1', 'absolute'],
    ['OPTIONS * HTTP/1.1', 'asterisk'],
    ['CONNECT example.com:443 HTTP/1.1', 'authority'],
    ['CONNECT [::1]:443 HTTP/1.1', 'authority'],
    ['ABCDEFGHIJKLMNOPQRST / HTTP/1.1', 'origin'],
  ])('%s is served', (line, form) => {
    const { messages, refusal } = parse(line + rest)
    expect(refusal).toBeUndefined()
    expect(messages.map(({ method, target, version }) => `${method} ${target} HTTP/${version}`)).toEqual([
      line,
    ])
    expect(messages[0]?.form).toBe(form)
  })

  test.each([
    ['', 'GET  / HTTP/1.1', '400 the request target is malformed'],
    ['', ' GET / HTTP/1.1', '400 the method is malformed'],
    ['', 'GET / HTTP/1.1 ', '400 the version is missing or malformed'],
    ['', 'GET /  HTTP/1.1', '400 the version is missing or malformed'],
    ['', 'GET\t/ HTTP/1.1', '400 the method is malformed'],
    ['HTTP/0.9', 'GET /', '400 the version is missing or malformed'],
    ['', 'GET ', '400 the request target is malformed'],
    ['', 'GET', '400 the method is malformed'],
    ['', 'get / HTTP/1.1', '400 the method is malformed'],
    ['', 'GE / HTTP/1.1', '400 the method is malformed'],
    ['', 'ABCDEFGHIJKLMNOPQRSTU / HTTP/1.1', '400 the method is malformed'],
    ['', 'G#T / HTTP/1.1', '400 the method is malformed'],
    ['', 'G\x00T / HTTP/1.1', '400 the method is malformed'],
    ['', 'GET /a\x00 HTTP/1.1', '400 the request target is malformed'],
    ['', 'GET /a\x7f HTTP/1.1', '400 the request target is malformed'],
    ['', 'GET /a\tb HTTP/1.1', '400 the request target is malformed'],
    ['', 'GET /#f HTTP/1.1', '400 the request target is malformed'],
    ['', 'GET / http/1.1', '400 the version is missing or malformed'],
    ['', 'GET / HTTP/1.', '400 the version is missing or malformed'],
    ['', 'GET / HTTP/1.10', '400 the version is missing or malformed'],
    ['', 'GET / HTTP/11.1', '400 the version is missing or malformed'],
    ['', 'GET / HTTP/1,1', '400 the version is missing or malformed'],
    ['', 'GET / HTTP/0.9', '505 the version is not 1.0 or 1.1'],
    ['', 'GET / HTTP/1.2', '505 the version is not 1.0 or 1.1'],
    ['', 'GET / HTTP/2.0', '505 the version is not 1.0 or 1.1'],
    ['preface of HTTP/2', 'PRI * HTTP/2.0', '505 the version is not 1.0 or 1.1'],
    ['', 'GET * HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'OPTIONS ** HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'GET example.com:80 HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'GET x HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'GET ?x HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'GET http:/x HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'GET http:///x HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'GET http:// HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'GET http://u:p@a/ HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'GET 1a://x HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'CONNECT / HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'CONNECT a HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'CONNECT a: HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'CONNECT a:0 HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'CONNECT a:65536 HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'CONNECT :80 HTTP/1.1', '400 the form of the request target does not fit the method'],
    ['', 'CONNECT http://a:80 HTTP/1.1', '400 the form of the request target does not fit the method'],
  ])('%s %j is refused', (_, line, wanted) => {
    expect(verdict(line + rest)).toBe(wanted)
  })

  test.each([
    'GET / HTTP/1.1\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\rHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\r\nHost: a\r\n\r\n',
  ])('only CRLF ends it: %j', (text) => {
    expect(verdict(text)).toMatch(/^400 (the version is missing or malformed|a line does not end in CRLF)$/)
  })

  test('a few empty lines before it are skipped, more are refused, other line ends are', () => {
    const request = `GET / HTTP/1.1${rest}`
    expect(verdict('\r\n'.repeat(8) + request)).toBe('200')
    expect(verdict('\r\n'.repeat(8) + request + '\r\n'.repeat(8) + request)).toBe('200')
    expect(verdict('\r\n'.repeat(9) + request)).toBe('400 too many empty lines before the request line')
    expect(verdict(`\n${request}`)).toBe('400 the method is malformed')
    expect(verdict(`\r${request}`)).toBe('400 a line does not end in CRLF')
    expect(verdict('\r\n\r\n')).toBe('200')
    expect(verdict('\r')).toBe('400 the request was cut short')
  })

  test.each<[string, Rules, string]>([
    ['get / HTTP/1.1', { leniency: { unconventionalMethod: true } }, 'get 1.1 modern'],
    ['a#b / HTTP/1.1', { leniency: { unconventionalMethod: true } }, 'a#b 1.1 modern'],
    [
      `${'A'.repeat(40)} / HTTP/1.1`,
      { leniency: { unconventionalMethod: true } },
      `${'A'.repeat(40)} 1.1 modern`,
    ],
    ['get / HTTP/1.1', { leniency: { unconventionalMethod: true, casefoldMethod: true } }, 'GET 1.1 modern'],
    ['GET / HTTP/1.7', { leniency: { unconventionalVersion: true } }, 'GET 1.7 modern'],
    ['GET / HTTP/3.0', { leniency: { unconventionalVersion: true } }, 'GET 3.0 modern'],
    ['GET / HTTP/0.9', { leniency: { unconventionalVersion: true } }, 'GET 0.9 old'],
  ])('%s is served where %j says so', (line, rules, wanted) => {
    const { messages, refusal } = parse(line + rest, rules)
    expect(refusal).toBeUndefined()
    expect(
      messages.map(({ method, version, modern }) => `${method} ${version} ${modern ? 'modern' : 'old'}`),
    ).toEqual([wanted])
  })

  test('casefolding alone does not permit small letters, as in Gunicorn', () => {
    expect(verdict(`get / HTTP/1.1${rest}`, { leniency: { casefoldMethod: true } })).toBe(
      '400 the method is malformed',
    )
  })

  test('its bound counts the CRLF, and answers 414 as soon as the line cannot end within it', () => {
    const line = 'GET /123 HTTP/1.1\r\n'
    expect(verdict(`${line}Host: a\r\n\r\n`, { limits: { line: line.length } })).toBe('200')
    const beyond = '414 the request line is longer than limit_request_line'
    expect(verdict(`${line}Host: a\r\n\r\n`, { limits: { line: line.length - 1 } })).toBe(beyond)
    expect(verdict(line.slice(0, 10), { limits: { line: 10 } })).toBe(beyond)
    expect(verdict('GET /123\x00', { limits: { line: 8 } })).toBe(beyond)
    expect(verdict('GET /12\x003', { limits: { line: 8 } })).toBe('400 the request target is malformed')
  })

  test('a verdict needs no more bytes than the first wrong one', () => {
    expect(verdict('\x16\x03\x01')).toBe('400 the method is malformed')
    expect(verdict('GET /\x00')).toBe('400 the request target is malformed')
    expect(verdict('GET / HTTX')).toBe('400 the version is missing or malformed')
  })
})
