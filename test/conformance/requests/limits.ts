/** Every bound, one below, at, and one above it. */
import { chunked, get, head, last, post, refuses, refusesBody, serves, topic, under } from '../entry.ts'

/** `GET /aaa HTTP/1.1` and CRLF of so many bytes. */
const lineOf = (bytes: number) => {
  const target = `/${'a'.repeat(bytes - 'GET / HTTP/1.1\r\n'.length)}`
  return { raw: head(`GET ${target} HTTP/1.1`, 'Host: a'), target }
}
const longLine = (bytes: number) =>
  serves(`${bytes} bytes`, lineOf(bytes).raw, { target: lineOf(bytes).target })

const requestLine = topic('limit_request_line', '9112, 3', [
  ...under({ limitRequestLine: 100 }, [
    longLine(99),
    longLine(100),
    refuses(414, '101 bytes', lineOf(101).raw),
    refuses(414, '1000 bytes', lineOf(1000).raw),
    refuses(414, 'a line without an end', `GET /${'a'.repeat(200)}`),
  ]),
  longLine(4094),
  refuses(414, '4095 bytes, by default', lineOf(4095).raw),
  ...under({ limitRequestLine: 8190 }, [
    longLine(8190),
    refuses(414, '8191 bytes at the largest setting', lineOf(8191).raw),
  ]),
])

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `A${index}: b`)

const fieldCount = topic('limit_request_fields', '6585, 5', [
  ...under({ limitRequestFields: 10 }, [
    serves('9 fields', get(...many(8))),
    serves('10 fields', get(...many(9))),
    refuses(431, '11 fields', get(...many(10))),
    refuses(431, 'fields without an end', head('GET / HTTP/1.1', 'Host: a', ...many(50)).slice(0, -2)),
    refusesBody(431, '11 trailer fields', chunked(`0\r\n${many(11).join('\r\n')}\r\n\r\n`)),
    serves('10 trailer fields', chunked(`0\r\n${many(10).join('\r\n')}\r\n\r\n`), { method: 'POST' }),
  ]),
  serves('100 fields, by default', get(...many(99))),
  refuses(431, '101 fields, by default', get(...many(100))),
])

const sized = (bytes: number): string => `A: ${'b'.repeat(bytes - 'A: \r\n'.length)}`

const fieldSize = topic('limit_request_field_size', '6585, 5', [
  ...under({ limitRequestFieldSize: 100 }, [
    serves('99 bytes', get(sized(99))),
    serves('100 bytes', get(sized(100))),
    refuses(431, '101 bytes', get(sized(101))),
    refuses(431, 'a field without an end', `GET / HTTP/1.1\r\nHost: a\r\n${sized(500)}`),
    refuses(431, 'a name without an end', `GET / HTTP/1.1\r\nHost: a\r\n${'A'.repeat(500)}`),
    refuses(431, 'made too long by white space', get(`A:${' '.repeat(120)}b`)),
    serves('a trailer of 100 bytes', chunked(`0\r\n${sized(100)}\r\n\r\n`), { method: 'POST' }),
    refusesBody(431, 'a trailer of 101 bytes', chunked(`0\r\n${sized(101)}\r\n\r\n`)),
  ]),
  serves('8190 bytes, by default', get(sized(8190))),
  refuses(431, '8191 bytes, by default', get(sized(8191))),
])

/** A whole head of so many bytes, in fields of at most 60. */
const headOf = (bytes: number): string => {
  const least = get().length
  const rest = bytes - least
  const full = Math.floor((rest - 10) / 60)
  return get(...Array.from({ length: full }, () => sized(60)), sized(rest - full * 60))
}

const wholeHead = topic('limit_request_head', '6585, 5', [
  ...under({ limitRequestHead: 1000 }, [
    serves('999 bytes', headOf(999)),
    serves('1000 bytes', headOf(1000)),
    refuses(431, '1001 bytes', headOf(1001)),
    refuses(431, '5000 bytes', headOf(5000)),
    serves('a second head has the whole limit again', headOf(1000) + headOf(1000), {}, {}),
  ]),
])

const body = topic('limit_request_body', '9110, 15.5.14', [
  ...under({ limitRequestBody: 10 }, [
    serves('Content-Length of 9', post(['Content-Length: 9'], 'x'.repeat(9)), {
      method: 'POST',
      body: 'x'.repeat(9),
    }),
    serves('Content-Length of 10', post(['Content-Length: 10'], 'x'.repeat(10)), {
      method: 'POST',
      body: 'x'.repeat(10),
    }),
    refuses(413, 'Content-Length of 11', post(['Content-Length: 11'], 'x'.repeat(11))),
    refuses(413, 'Content-Length of 11, before its body', post(['Content-Length: 11'])),
    serves('a chunk of 10', chunked(`a\r\n${'x'.repeat(10)}\r\n${last}`), {
      method: 'POST',
      body: 'x'.repeat(10),
    }),
    serves('chunks of 10 together', chunked(`5\r\nhello\r\n5\r\nhello\r\n${last}`), {
      method: 'POST',
      body: 'hellohello',
    }),
    refusesBody(413, 'a chunk of 11', chunked(`b\r\n${'x'.repeat(11)}\r\n${last}`)),
    refusesBody(413, 'a chunk of 11, before its data', chunked('b\r\n')),
    refusesBody(413, 'chunks of 11 together', chunked(`5\r\nhello\r\n6\r\nhello!\r\n${last}`)),
    serves(
      'framing and trailers do not count',
      chunked(`1;a=bcdefghijkl\r\nx\r\n0\r\nA: bcdefghijkl\r\n\r\n`),
      {
        method: 'POST',
        body: 'x',
      },
    ),
  ]),
])

/** A chunk line of so many bytes with its CRLF. */
const chunkLine = (bytes: number): string => `5;${'a'.repeat(bytes - 4)}\r\n`
const hello = { method: 'POST', body: 'hello' }

const chunkLines = topic('limit_chunk_line', '9112, 7.1.1', [
  ...under({ limitChunkLine: 50 }, [
    serves('49 bytes', chunked(`${chunkLine(49)}hello\r\n${last}`), hello),
    serves('50 bytes', chunked(`${chunkLine(50)}hello\r\n${last}`), hello),
    refusesBody(400, '51 bytes', chunked(`${chunkLine(51)}hello\r\n${last}`)),
    refusesBody(400, 'a line without an end', chunked(`5;${'a'.repeat(200)}`)),
    refusesBody(400, 'zeros without an end', chunked('0'.repeat(200))),
    refusesBody(400, '51 bytes of the last chunk', chunked(`0;${'a'.repeat(47)}\r\n\r\n`)),
  ]),
  serves('1024 bytes, by default', chunked(`${chunkLine(1024)}hello\r\n${last}`), hello),
  refusesBody(400, '1025 bytes, by default', chunked(`${chunkLine(1025)}hello\r\n${last}`)),
])

const extended = (count: number): string => '1;a=bcdefgh\r\nx\r\n'.repeat(count)

const chunkExtensions = topic('limit_chunk_extensions', '9112, 7.1.1', [
  ...under({ limitChunkExtensions: 100 }, [
    serves('well below it', chunked(extended(5) + last), { method: 'POST', body: 'xxxxx' }),
    serves('100 bytes, from the semicolon on', chunked(`1;${'a'.repeat(99)}\r\nx\r\n${last}`), {
      method: 'POST',
      body: 'x',
    }),
    refusesBody(413, '101 bytes', chunked(`1;${'a'.repeat(100)}\r\nx\r\n${last}`)),
    refusesBody(
      413,
      '101 bytes, in two chunks',
      chunked(`1;${'a'.repeat(49)}\r\nx\r\n1;${'a'.repeat(50)}\r\nx\r\n${last}`),
    ),
    refusesBody(413, 'well above it, in many chunks', chunked(extended(50) + last)),
    refusesBody(413, 'without an end', chunked(extended(1000))),
  ]),
  refusesBody(413, 'above it, by default', chunked(extended(3000) + last)),
])

const trailers = topic('limit_request_trailers', '6585, 5', [
  ...under({ limitRequestTrailers: 200 }, [
    serves('well below it', chunked(`0\r\n${sized(150)}\r\n\r\n`), { method: 'POST' }),
    serves('200 bytes', chunked(`0\r\n${sized(200)}\r\n\r\n`), { method: 'POST' }),
    refusesBody(431, '201 bytes', chunked(`0\r\n${sized(201)}\r\n\r\n`)),
    refusesBody(431, '201 bytes, in two fields', chunked(`0\r\n${sized(100)}\r\n${sized(101)}\r\n\r\n`)),
    refusesBody(431, 'above it, in one field', chunked(`0\r\n${sized(300)}\r\n\r\n`)),
    refusesBody(431, 'above it, in several fields', chunked(`0\r\n${many(40).join('\r\n')}\r\n\r\n`)),
    refusesBody(431, 'without an end', chunked(`0\r\n${many(90).join('\r\n')}`)),
  ]),
])

const none = topic('limits that are off', '9112, 3', [
  ...under({ limitRequestFieldSize: 0 }, [serves('a field of 20,000 bytes', get(sized(20_000)))]),
  ...under({ limitRequestFields: 0 }, [serves('1000 fields', get(...many(999)))]),
  ...under({ limitRequestBody: 0 }, [
    serves('a body of 1 MB', post(['Content-Length: 1048576'], 'x'.repeat(1_048_576)), {
      method: 'POST',
      body: 'x'.repeat(1_048_576),
    }),
  ]),
])

export const limits = [
  ...requestLine,
  ...fieldCount,
  ...fieldSize,
  ...wholeHead,
  ...body,
  ...chunkLines,
  ...chunkExtensions,
  ...trailers,
  ...none,
]
