import { describe, expect, test } from 'vitest'
import { parse, type Rules, verdict } from './harness.ts'

const head = (fields: string, line = 'GET / HTTP/1.1') => `${line}\r\n${fields}\r\n`
const get = (fields: string, rules?: Rules) => verdict(head(`Host: a\r\n${fields}`), rules)

describe('field lines', () => {
  test('names are kept as sent, values lose the white space around them', () => {
    const { messages } = parse(
      head('hOsT:a\r\nX-A: \t b  c \t \r\nX-Empty:\r\nx-blank:   \r\nX-Text:  caf\xe9\r\n'),
    )
    const wanted = ['hOsT', 'a', 'X-A', 'b  c', 'X-Empty', '', 'x-blank', '', 'X-Text', 'caf\xe9']
    expect(messages[0]?.fields).toEqual(wanted)
  })

  test.each([
    ['X : a\r\n', '400 there is white space between the name of a header field and its colon'],
    ['X\t: a\r\n', '400 there is white space between the name of a header field and its colon'],
    [': a\r\n', '400 the name of a header field is malformed'],
    ['X\r\n', '400 the name of a header field is malformed'],
    ['X\n', '400 the name of a header field is malformed'],
    ['X(: a\r\n', '400 the name of a header field is malformed'],
    ['\xe9: a\r\n', '400 the name of a header field is malformed'],
    ['X\x00: a\r\n', '400 the name of a header field is malformed'],
    ['X: a\x00\r\n', '400 the value of a header field holds a control character'],
    ['X: a\x7f\r\n', '400 the value of a header field holds a control character'],
    ['X: a\x0b\r\n', '400 the value of a header field holds a control character'],
    ['X: a\nY: b\r\n', '400 a line does not end in CRLF'],
    ['X: a\rY: b\r\n', '400 a line does not end in CRLF'],
    ['X: a\r\r\n', '400 a line does not end in CRLF'],
    ['X: a\r\n b\r\n', '400 a header field is folded over several lines (obs-fold)'],
    ['X: a\r\n\tb\r\n', '400 a header field is folded over several lines (obs-fold)'],
    ['X: a\r\n\rb\r\n', '400 a line does not end in CRLF'],
    ['X: a\r\n\n', '400 the name of a header field is malformed'],
  ])('%j is refused', (fields, wanted) => {
    expect(get(fields)).toBe(wanted)
  })

  test('white space before the first field is refused, whatever is permitted', () => {
    for (const leniency of [{}, { obsoleteFolding: true, headerSpaces: true }])
      expect(verdict(head(' X: a\r\nHost: a\r\n'), { leniency })).toBe(
        '400 there is white space before the first header field',
      )
  })

  test('spaces before the colon are left out where that is permitted', () => {
    const { messages, refusal } = parse(head('Host \t: a\r\nX : b\r\n'), { leniency: { headerSpaces: true } })
    expect(refusal).toBeUndefined()
    expect(messages[0]?.fields).toEqual(['Host', 'a', 'X', 'b'])
    expect(get('X y: b\r\n', { leniency: { headerSpaces: true } })).toMatch(/^400/)
  })

  test('folded lines are joined with one space where that is permitted, and framing reads them so', () => {
    const folded = { leniency: { obsoleteFolding: true } }
    const text = head(
      'Host:\r\n a\r\nX: one \r\n \t two\r\n\tthree\r\n \r\nContent-Length: \r\n 2\r\n',
      'POST / HTTP/1.1',
    )
    const { messages, refusal } = parse(`${text}ab`, folded)
    expect(refusal).toBeUndefined()
    expect(messages[0]?.fields).toEqual(['Host', 'a', 'X', 'one two three', 'Content-Length', '2'])
    expect(messages[0]?.body).toBe('ab')
    expect(get('Content-Length: 1\r\n 2\r\n', folded)).toBe('400 the Content-Length is malformed')
    expect(get('Transfer-Encoding: chun\r\n ked\r\n', folded)).toBe('400 the Transfer-Encoding is malformed')
    expect(get('X: a\r\n b\x00\r\n', folded)).toBe(
      '400 the value of a header field holds a control character',
    )
  })

  test('bounds: number, size of one, whole head, folded lines included', () => {
    expect(get('A: b\r\nC: d\r\n', { limits: { fields: 3 } })).toBe('200')
    expect(get('A: b\r\nC: d\r\n', { limits: { fields: 2 } })).toBe(
      '431 there are more header fields than limit_request_fields',
    )
    expect(get('Abc: d\r\n', { limits: { fieldSize: 9 } })).toBe('200')
    expect(get('Abc: d\r\n', { limits: { fieldSize: 8 } })).toBe(
      '431 a header field is longer than limit_request_field_size',
    )
    const size = head('Host: a\r\nA: b\r\n').length
    expect(get('A: b\r\n', { limits: { head: size } })).toBe('200')
    expect(get('A: b\r\n', { limits: { head: size - 1 } })).toBe(
      '431 the head is longer than limit_request_head',
    )
    expect(get('A: b\r\n', { limits: { head: 12 } })).toBe('431 the head is longer than limit_request_head')
    expect(get('A: b\r\n cdef\r\n', { limits: { fieldSize: 12 }, leniency: { obsoleteFolding: true } })).toBe(
      '431 a header field is longer than limit_request_field_size',
    )
    expect(get('A: b\r\n cdef\r\n', { limits: { fieldSize: 13 }, leniency: { obsoleteFolding: true } })).toBe(
      '200',
    )
  })

  test('a known block of fields does not get past the bound of the whole head', () => {
    const first = head('Host: a\r\n')
    const second = head('Host: a\r\n', 'GET /12345 HTTP/1.1')
    expect(verdict(first + second, { limits: { head: second.length } })).toBe('200')
    expect(verdict(first + second, { limits: { head: second.length - 1 } })).toBe(
      '431 the head is longer than limit_request_head',
    )
  })
})

describe('Host', () => {
  const host = (value: string) => verdict(head(`Host:${value}\r\n`))

  test.each([
    '',
    ' a',
    ' a.example:80',
    ' a:',
    ' 127.0.0.1:65535',
    ' [::1]',
    ' [2001:db8::1.2.3.4]:80',
    ' a_b~c',
    ' %41%7e',
    " !$&'()*+,;=",
  ])('%j is served', (value) => {
    expect(host(value)).toBe('200')
  })
  test.each([
    ' a b',
    ' a:b',
    ' a:80:80',
    ' a/b',
    ' a@b',
    ' a?b',
    ' a#b',
    ' [::1',
    ' ::1',
    ' []',
    ' [:]',
    ' [1]',
    ' [::g]',
    ' [::1]a',
    ' :80',
    ' %4',
    ' %zz',
    ' a\\b',
    ' a"',
    ' \xe9',
    ' a:65536',
    ' a,b c',
  ])('%j is refused', (value) => {
    expect(host(value)).toBe('400 the Host field is malformed')
  })

  test('there is exactly one in 1.1, at most one in 1.0', () => {
    expect(verdict(head(''))).toBe('400 there is no Host field')
    expect(verdict(head('', 'GET http://a/ HTTP/1.1'))).toBe('400 there is no Host field')
    expect(verdict(head(''), { leniency: { requireHost: false } })).toBe('200')
    expect(verdict(head('', 'GET / HTTP/1.0'))).toBe('200')
    for (const line of ['GET / HTTP/1.1', 'GET / HTTP/1.0'])
      expect(verdict(head('Host: a\r\nhost: a\r\n', line), { leniency: { requireHost: false } })).toBe(
        '400 there is more than one Host field',
      )
  })
})

describe('the connection', () => {
  test.each([
    ['1.1', '', true],
    ['1.1', 'Connection: close\r\n', false],
    ['1.1', 'Connection: foo, CLOSE ,bar\r\n', false],
    ['1.1', 'Connection: foo\r\nConnection: close\r\n', false],
    ['1.1', 'Connection: closed, xclose\r\n', true],
    ['1.1', 'Connection: keep-alive, close\r\n', false],
    ['1.0', '', false],
    ['1.0', 'Connection: Keep-Alive\r\n', true],
    ['1.0', 'Connection: ,, keep-alive ,\r\n', true],
    ['1.0', 'Connection: keep-alive, close\r\n', false],
  ])('of HTTP/%s with %j is kept: %s', (version, fields, wanted) => {
    const { messages } = parse(head(`Host: a\r\n${fields}`, `GET / HTTP/${version}`))
    expect(messages[0]?.keepAlive).toBe(wanted)
  })

  test('Upgrade counts when Connection lists it, in 1.1; CONNECT always is one', () => {
    const upgrade = (fields: string, line?: string) =>
      parse(head(`Host: a\r\n${fields}`, line)).messages[0]?.upgrade
    expect(upgrade('Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n')).toBe(true)
    expect(upgrade('Upgrade: websocket\r\n')).toBe(false)
    expect(upgrade('Connection: upgrade\r\n')).toBe(false)
    expect(upgrade('Upgrade: websocket\r\nConnection: upgrade\r\n', 'GET / HTTP/1.0')).toBe(false)
    expect(upgrade('', 'CONNECT a:1 HTTP/1.1')).toBe(true)
  })

  test('Expect: 100-continue is told when a body comes, others are refused, 1.0 knows none', () => {
    const expecting = (fields: string, line = 'POST / HTTP/1.1', body = '') =>
      parse(head(`Host: a\r\n${fields}`, line) + body).messages[0]?.expectContinue
    expect(expecting('Expect: 100-Continue\r\nContent-Length: 1\r\n', undefined, 'x')).toBe(true)
    expect(expecting('Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n', undefined, '0\r\n\r\n')).toBe(
      true,
    )
    expect(expecting('Expect: 100-continue\r\n')).toBe(false)
    expect(expecting('Expect: 100-continue\r\nContent-Length: 0\r\n')).toBe(false)
    expect(expecting('Expect: 100-continue\r\nContent-Length: 1\r\n', 'POST / HTTP/1.0', 'x')).toBe(false)
    expect(get('Expect: 200-ok\r\n')).toBe('417 the expectation is not 100-continue')
    expect(get('Expect: 100-continue, x\r\n')).toBe('417 the expectation is not 100-continue')
    expect(get('Expect:\r\n')).toBe('417 the expectation is not 100-continue')
    expect(verdict(head('Expect: 200-ok\r\n', 'GET / HTTP/1.0'))).toBe('200')
  })
})
