import { describe, expect, test } from 'vitest'
import { event } from '../../../../src/http/h1/events.ts'
import { RequestParser } from '../../../../src/http/h1/parser.ts'
import { bytes, limits, parse, type Rules, strict, verdict } from './harness.ts'

const post = (fields: string, body: string, line = 'POST / HTTP/1.1') =>
  `${line}\r\nHost: a\r\n${fields}\r\n${body}`
const framed = (fields: string, body = '', line?: string) => verdict(post(fields, body, line))
const chunked = (body: string, rules?: Rules) => verdict(post('Transfer-Encoding: chunked\r\n', body), rules)

describe('framing', () => {
  test.each([
    ['Content-Length: 1, 1\r\n', '400 the Content-Length is malformed'],
    ['Content-Length: +1\r\n', '400 the Content-Length is malformed'],
    ['Content-Length: -1\r\n', '400 the Content-Length is malformed'],
    ['Content-Length: 0x1\r\n', '400 the Content-Length is malformed'],
    ['Content-Length: 1 1\r\n', '400 the Content-Length is malformed'],
    ['Content-Length: \xb2\r\n', '400 the Content-Length is malformed'],
    ['Content-Length:\r\n', '400 the Content-Length is malformed'],
    ['Content-Length: 9999999999999999\r\n', '400 the Content-Length is malformed'],
    ['Content-Length: 1\r\ncontent-length: 1\r\n', '400 there is more than one Content-Length'],
    [
      'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n',
      '400 there is both a Transfer-Encoding and a Content-Length',
    ],
    ['Transfer-Encoding: identity\r\n', '400 the Transfer-Encoding does not end in one chunked'],
    ['Transfer-Encoding: gzip\r\n', '400 the Transfer-Encoding does not end in one chunked'],
    ['Transfer-Encoding: chunked, gzip\r\n', '400 the Transfer-Encoding does not end in one chunked'],
    [
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
      '400 the Transfer-Encoding does not end in one chunked',
    ],
    ['Transfer-Encoding: chunked, chunked\r\n', '400 the Transfer-Encoding does not end in one chunked'],
    ['Transfer-Encoding: xchunked\r\n', '400 the Transfer-Encoding does not end in one chunked'],
    ['Transfer-Encoding: \xa0chunked\r\n', '400 the Transfer-Encoding is malformed'],
    ['Transfer-Encoding: "chunked"\r\n', '400 the Transfer-Encoding is malformed'],
    ['Transfer-Encoding: chunked;a=b\r\n', '400 the Transfer-Encoding is malformed'],
    ['Transfer-Encoding: chunked,\r\n', '400 the Transfer-Encoding is malformed'],
    ['Transfer-Encoding: , chunked\r\n', '400 the Transfer-Encoding is malformed'],
    ['Transfer-Encoding:\r\n', '400 the Transfer-Encoding is malformed'],
    ['Transfer-Encoding: gzip, chunked\r\n', '501 a transfer coding other than chunked'],
    [
      'Transfer-Encoding: identity\r\nTransfer-Encoding: Chunked\r\n',
      '501 a transfer coding other than chunked',
    ],
  ])('%j is refused', (fields, wanted) => {
    expect(framed(fields)).toBe(wanted)
  })

  test('a Transfer-Encoding in 1.0, or a body of CONNECT, is refused', () => {
    expect(framed('Transfer-Encoding: chunked\r\n', '', 'POST / HTTP/1.0')).toMatch(/^400 .*HTTP\/1.0/)
    expect(framed('Content-Length: 0\r\n', '', 'CONNECT a:1 HTTP/1.1')).toBe(
      '400 a CONNECT request announces a body',
    )
    expect(framed('Transfer-Encoding: chunked\r\n', '', 'CONNECT a:1 HTTP/1.1')).toMatch(/^400 a CONNECT/)
  })

  test('bodies and pipelined requests are told apart', () => {
    const { messages, refusal } = parse(
      post('Content-Length: 005\r\n', '12345') +
        post(
          'transfer-encoding: ChunkeD\r\n',
          '3\r\nabc\r\n00A ; x = "\\";" ;y;z=1\r\n0123456789\r\n0\r\nX-T: 1 \r\nY:2\r\n\r\n',
        ) +
        post('', ''),
    )
    expect(refusal).toBeUndefined()
    expect(
      messages.map(({ body, bodyLength, trailers, complete }) => ({ body, bodyLength, trailers, complete })),
    ).toEqual([
      { body: '12345', bodyLength: 5, trailers: [], complete: true },
      { body: 'abc0123456789', bodyLength: -1, trailers: ['X-T', '1', 'Y', '2'], complete: true },
      { body: '', bodyLength: 0, trailers: [], complete: true },
    ])
  })

  test('what is cut short is refused, between messages nothing is', () => {
    const whole = post('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\nX: y\r\n\r\n')
    for (let length = 1; length < whole.length; length += 1)
      expect(verdict(whole.slice(0, length))).toBe('400 the request was cut short')
    expect(verdict(whole)).toBe('200')
    expect(framed('Content-Length: 3\r\n', 'ab')).toBe('400 the request was cut short')
    expect(verdict('')).toBe('200')
  })

  test('a body beyond its bound is refused: at the head, or at the chunk that would exceed it', () => {
    const at = (body: number): Rules => ({ limits: { body } })
    expect(verdict(post('Content-Length: 3\r\n', 'abc'), at(3))).toBe('200')
    expect(parse(post('Content-Length: 3\r\n', 'abc'), at(2))).toEqual({
      messages: [],
      refusal: { status: 413, reason: 'the body is longer than limit_request_body' },
    })
    expect(chunked('1\r\na\r\n2\r\nbc\r\n0\r\n\r\n', at(3))).toBe('200')
    expect(chunked('1\r\na\r\n2\r\nbc\r\n0\r\n\r\n', at(2))).toBe(
      '413 the body is longer than limit_request_body',
    )
    expect(chunked('1\r\na\r\n2\r\n', at(2))).toBe('413 the body is longer than limit_request_body')
  })
})

describe('chunks', () => {
  test.each([
    ['\r\n', '400 the size of a chunk is malformed'],
    ['g\r\n', '400 the size of a chunk is malformed'],
    ['0x1\r\n', '400 the size of a chunk is malformed'],
    ['-1\r\n', '400 the size of a chunk is malformed'],
    [' 1\r\n', '400 the size of a chunk is malformed'],
    ['1 \r\n', '400 an extension of a chunk is malformed'],
    ['1 2\r\n', '400 an extension of a chunk is malformed'],
    ['1\na', '400 the size of a chunk is malformed'],
    ['1\r\r\n', '400 a line does not end in CRLF'],
    ['100000000000000\r\n', '400 the size of a chunk is too large to be counted'],
    ['1\r\na\n', '400 the data of a chunk does not end in CRLF'],
    ['1\r\nab\r\n', '400 the data of a chunk does not end in CRLF'],
    ['1\r\na\rb', '400 the data of a chunk does not end in CRLF'],
    ['1;\r\n', '400 an extension of a chunk is malformed'],
    ['1;a=\r\n', '400 an extension of a chunk is malformed'],
    ['1;a \r\n', '400 an extension of a chunk is malformed'],
    ['1;a=b \r\n', '400 an extension of a chunk is malformed'],
    ['1;a="b\r\n', '400 an extension of a chunk is malformed'],
    ['1;a="b"c\r\n', '400 an extension of a chunk is malformed'],
    ['1;a="b\\\x00"\r\n', '400 an extension of a chunk is malformed'],
    ['1;a\n', '400 an extension of a chunk is malformed'],
    ['1;a=b=c\r\n', '400 an extension of a chunk is malformed'],
    ['1;\x00\r\n', '400 an extension of a chunk is malformed'],
    ['0\r\nX : y\r\n\r\n', '400 there is white space between the name of a header field and its colon'],
    ['0\r\nX: y\r\n z\r\n\r\n', '400 a header field is folded over several lines (obs-fold)'],
    ['0\r\n\n', '400 the name of a header field is malformed'],
    ['0\r\nHost: a\r\n\r\n', '400 there is a field in the trailer section that must not be there'],
    ['0\r\ncontent-length: 1\r\n\r\n', '400 there is a field in the trailer section that must not be there'],
    ['0\r\nAuthorization: x\r\n\r\n', '400 there is a field in the trailer section that must not be there'],
  ])('%j is refused', (body, wanted) => {
    expect(chunked(body)).toBe(wanted)
  })

  test.each([
    'a\r\n0123456789\r\n0\r\n\r\n',
    '0000000000000000000a\r\n0123456789\r\n000\r\n\r\n',
    '1;a\r\nx\r\n0;b="\\"";c\r\n\r\n',
    '1\t;\ta\t=\t"b\t c"\t;d\r\nx\r\n0\r\n\r\n',
  ])('%j is served', (body) => {
    expect(chunked(body)).toBe('200')
  })

  test('bounds: size line, all extensions, trailers', () => {
    const body = '1;abc\r\nx\r\n0;de\r\nX: y\r\n\r\n'
    const exact = { chunkLine: 7, chunkExtensions: 7, trailers: 6, fields: 2, fieldSize: 28 }
    expect(chunked(body, { limits: exact })).toBe('200')
    expect(chunked(body, { limits: { chunkLine: 6 } })).toBe(
      '400 the size line of a chunk is longer than limit_chunk_line',
    )
    expect(chunked(body, { limits: { chunkExtensions: 6 } })).toBe(
      '413 the extensions of the chunks are longer than limit_chunk_extensions',
    )
    expect(chunked(body, { limits: { trailers: 5 } })).toBe(
      '431 the trailer section is longer than limit_request_trailers',
    )
    expect(chunked('0\r\n\r\n', { limits: { trailers: 0 } })).toBe('200')
    expect(chunked('0'.repeat(2000), {})).toBe('400 the size line of a chunk is longer than limit_chunk_line')
  })
})

describe('what a parser tells of itself', () => {
  const whole = bytes(post('Transfer-Encoding: chunked\r\n', '1\r\nx\r\n0\r\n\r\n'))

  test('idle, in a head, in a body', () => {
    const parser = new RequestParser(limits, strict)
    const state = () => [parser.idle, parser.inHead, parser.inBody]
    const empty = bytes('\r\n')
    expect(parser.read(empty, 0, 2)).toBe(event.more)
    expect(state()).toEqual([true, false, false])
    expect(parser.read(whole, 0, 10)).toBe(event.more)
    expect(state()).toEqual([false, true, false])
    expect(parser.read(whole, 10, whole.length)).toBe(event.head)
    expect(state()).toEqual([false, false, true])
    expect(parser.read(whole, parser.offset, whole.length)).toBe(event.body)
    expect(parser.read(whole, parser.offset, whole.length - 1)).toBe(event.more)
    expect(state()).toEqual([false, false, true])
    expect(parser.read(whole, parser.offset, whole.length)).toBe(event.end)
    expect(state()).toEqual([true, false, false])
  })

  test('requests with the same field bytes share one block, others do not', () => {
    const parser = new RequestParser(limits, strict)
    const blockOf = (text: string) => {
      const request = bytes(text)
      expect(parser.read(request, 0, request.length)).toBe(event.head)
      expect(parser.read(request, parser.offset, request.length)).toBe(event.end)
      return parser.head.fields
    }
    const first = blockOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(blockOf('GET /other HTTP/1.0\r\nHost: a\r\n\r\n')).toBe(first)
    expect(parser.head).toMatchObject({ target: '/other', keepAlive: false })
    expect(blockOf('GET / HTTP/1.1\r\nHost: b\r\n\r\n').raw()).toEqual(['Host', 'b'])
  })

  test('a waiting parser lets a large head go, and keeps a usual one', () => {
    const parser = new RequestParser(limits, strict)
    const kept = (value: string): number => {
      const request = bytes(`GET / HTTP/1.1\r\nHost: a\r\nX: ${value}\r\n\r\n`)
      expect(parser.read(request, 0, request.length)).toBe(event.head)
      parser.rest()
      expect(parser.head.fields.count).toBe(2)
      expect(parser.read(request, parser.offset, request.length)).toBe(event.end)
      parser.rest()
      return parser.head.fields.count
    }
    expect(kept('a'.repeat(100))).toBe(2)
    expect(kept('a'.repeat(5000))).toBe(0)
    expect(kept('a'.repeat(100))).toBe(2)
  })

  test('a refused parser stays refused', () => {
    const parser = new RequestParser(limits, strict)
    expect(parser.read(bytes('\x00'), 0, 1)).toBe(event.refused)
    expect(parser.read(whole, 0, whole.length)).toBe(event.refused)
    expect(parser.finish()).toBe(parser.refusal)
  })
})
