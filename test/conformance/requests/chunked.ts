/** RFC 9112, 7.1: chunks, their extensions, and the trailer section behind them. */
import {
  char,
  cutShort,
  hex,
  last,
  chunked as post,
  refusesBody as refuses,
  serves,
  topic,
  under,
} from '../entry.ts'

const ok = (name: string, wire: string, body: string) => serves(name, post(wire), { method: 'POST', body })
const bad = (name: string, wire: string) => refuses(400, name, post(wire))

/** One chunk of `hello` with this written for its size. */
const sized = (size: string): string => `${size}\r\nhello\r\n${last}`
const ten = '0123456789'

const sizes = topic('chunk size', '9112, 7.1', [
  ok('one chunk', sized('5'), 'hello'),
  ok('two chunks', `5\r\nhello\r\n6\r\n world\r\n${last}`, 'hello world'),
  ok('no data', last, ''),
  ok('small letters', `a\r\n${ten}\r\n${last}`, ten),
  ok('capitals', `A\r\n${ten}\r\n${last}`, ten),
  ok('two digits', `10\r\n${ten}abcdef\r\n${last}`, `${ten}abcdef`),
  ok('leading zeros', sized('0005'), 'hello'),
  ok('several zeros as the last chunk', '0000\r\n\r\n', ''),
  ok('chunks of one byte', `${[...ten].map((digit) => `1\r\n${digit}\r\n`).join('')}${last}`, ten),
  ok('CRLF as data', `2\r\n\r\n\r\n${last}`, '\r\n'),
  ok('the last chunk as data', `5\r\n${last}\r\n${last}`, last),
  ok('every control byte as data', `4\r\n\0\n\r\x7f\r\n${last}`, '\0\n\r\x7f'),
  ok('a chunk of 64 KB', `10000\r\n${'x'.repeat(65_536)}\r\n${last}`, 'x'.repeat(65_536)),
  ...[
    ['', 'empty'],
    ['g', 'a letter that is no digit'],
    ['5g', 'a letter behind the digit'],
    ['0x5', '0x before'],
    ['+5', 'a plus'],
    ['-5', 'a minus'],
    ['-0', 'minus zero'],
    [' 5', 'a space before'],
    ['\t5', 'a tab before'],
    ['5 ', 'a space behind'],
    ['5\t', 'a tab behind'],
    ['5 5', 'a space within'],
    ['5_', 'an underscore'],
    ['5,5', 'a comma'],
    ['5.0', 'a fraction'],
    ['"5"', 'quotes'],
    ['5\xa0', 'a non-breaking space'],
    ['\xb2', 'a superscript digit'],
    ['5:', 'a colon'],
    ['five', 'a word'],
    ['5h', 'the h of assemblers'],
    ['5=', 'an equals sign'],
  ].map(([size = '', what]) => bad(`${what}`, sized(size))),
  ...[0, 0x0b, 0x0c, 0x1b, 0x7f].map((code) =>
    bad(`the byte ${hex(code)} behind the size`, sized(`5${char(code)}`)),
  ),
  cutShort(bad('2^32 + 5 is not 5', sized('100000005'))),
  bad('2^53', sized('20000000000000')),
  bad('2^64 + 5', sized('10000000000000005')),
  bad('17 digits', sized('fffffffffffffffff')),
  bad('100 digits', sized('f'.repeat(100))),
])

const lines = topic('chunk line ends', '9112, 7.1', [
  bad('a bare LF behind the size', `5\nhello\r\n${last}`),
  bad('a bare CR behind the size', `5\rhello\r\n${last}`),
  bad('CR CR LF behind the size', `5\r\r\nhello\r\n${last}`),
  bad('a bare LF behind the data', `5\r\nhello\n${last}`),
  bad('a bare CR behind the data', `5\r\nhello\r${last}`),
  bad('nothing behind the data', `5\r\nhello${last}`),
  bad('LF CR behind the data', `5\r\nhello\n\r${last}`),
  bad('two bytes that are no CRLF behind the data', `5\r\nhelloXX${last}`),
  bad('a space before the CRLF behind the data', `5\r\nhello \r\n${last}`),
  bad('an empty line between chunks', `5\r\nhello\r\n\r\n${last}`),
  bad('data longer than its size', `4\r\nhello\r\n${last}`),
  bad('data shorter than its size', `6\r\nhello\r\n${last}`),
  bad('a bare LF behind the last size', '0\n\r\n'),
  bad('a bare LF as the last line', '0\r\n\n'),
  bad('a bare CR as the last line', '0\r\n\rX'),
  bad('CR CR LF as the last line', '0\r\n\r\r\n'),
  cutShort(bad('cut short within the size', '5')),
  cutShort(bad('cut short behind the size', '5\r\n')),
  cutShort(bad('cut short within the data', '5\r\nhel')),
  cutShort(bad('cut short behind the data', '5\r\nhello')),
  cutShort(bad('cut short before the last chunk', '5\r\nhello\r\n')),
  cutShort(bad('cut short behind the last size', '0')),
  cutShort(bad('without the CRLF at its end', '0\r\n')),
  cutShort(bad('cut short before the very last LF', '0\r\n\r')),
  cutShort(bad('cut short within a trailer', '0\r\nA: b')),
  cutShort(bad('cut short behind the trailers', '0\r\nA: b\r\n')),
  cutShort(bad('no byte of it', '')),
])

const extensions = topic('chunk extensions', '9112, 7.1.1', [
  ok('a name', sized('5;a'), 'hello'),
  ok('a name and a value', sized('5;a=b'), 'hello'),
  ok('a quoted value', sized('5;a="b c"'), 'hello'),
  ok('an escape in a quoted value', sized('5;a="b\\"c"'), 'hello'),
  ok('a semicolon in a quoted value', sized('5;a="b;c"'), 'hello'),
  ok('several', sized('5;a;b=c;d="e"'), 'hello'),
  ok('white space around the semicolon', sized('5 ; a'), 'hello'),
  ok('white space around the equals sign', sized('5;a = b'), 'hello'),
  ok('of the last chunk', '0;a=b\r\n\r\n', ''),
  bad('a semicolon alone', sized('5;')),
  bad('a semicolon and a space', sized('5; ')),
  bad('two semicolons', sized('5;;')),
  bad('an equals sign without a value', sized('5;a=')),
  bad('a value without a name', sized('5;=b')),
  bad('a quoted value that is not closed', sized('5;a="b')),
  bad('something behind a quoted value', sized('5;a="b"c')),
  bad('a space within a name', sized('5;a b')),
  bad('a bare LF in it', sized('5;a\nb')),
  bad('a bare LF at its end', `5;a\nhello\r\n${last}`),
  bad('a bare CR in it', sized('5;a\rb')),
  bad('a bare LF in a quoted value', sized('5;a="b\nc"')),
  bad('a CRLF in a quoted value', sized('5;a="b\r\nc"')),
  bad('NUL in it', sized('5;a\0')),
  bad('a control byte in a quoted value', sized('5;a="\x01"')),
  bad('a comma', sized('5;a,b')),
  bad('no semicolon', sized('5 a')),
])

const trailed = (...trailers: readonly string[]): string =>
  `0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`
const withTrailers = (name: string, lines: readonly string[], trailers: readonly string[]) =>
  serves(name, post(`5\r\nhello\r\n${trailed(...lines)}`), { method: 'POST', body: 'hello', trailers })

/** RFC 9110, 6.5.1: fields of framing, routing, authentication, of the request's meaning and of its content. */
const forbidden = [
  'Transfer-Encoding: chunked',
  'Content-Length: 5',
  'Host: b',
  'Trailer: A',
  'TE: trailers',
  'Authorization: Basic YQ==',
  'Connection: close',
  'Expect: 100-continue',
  'Content-Encoding: gzip',
  'Content-Type: text/plain',
  'Content-Range: bytes 0-1/2',
  'Cookie: a=b',
  'Set-Cookie: a=b',
  'Cache-Control: no-cache',
  'transfer-encoding: chunked',
  'CONTENT-LENGTH: 0',
]

const trailers = topic('trailers', '9110, 6.5.1', [
  withTrailers('one', ['A: b'], ['A', 'b']),
  withTrailers('two', ['A: b', 'C: d'], ['A', 'b', 'C', 'd']),
  withTrailers('an empty value', ['A:'], ['A', '']),
  withTrailers('obs-text', ['A: \xe9'], ['A', '\xe9']),
  withTrailers('of several lines with one name', ['A: b', 'A: c'], ['A', 'b', 'A', 'c']),
  withTrailers('none', [], []),
  ...forbidden.map((line) => bad(`a forbidden field: ${line}`, trailed(line))),
  bad('a forbidden field behind an allowed one', trailed('A: b', 'Content-Length: 5')),
  bad('a space before the colon', trailed('A : b')),
  bad('no colon', trailed('A')),
  bad('no name', trailed(': b')),
  bad('a folded one', trailed('A: b', ' c')),
  bad('white space before the first', trailed(' A: b')),
  bad('NUL in a value', trailed('A: b\0')),
  bad('NUL in a name', trailed('A\0: b')),
  bad('a bare LF behind one', '0\r\nA: b\n\r\n'),
  bad('a bare LF within one', trailed('A: b\nC: d')),
  bad('a bare CR within one', trailed('A: b\rC: d')),
  bad('CR CR LF behind one', '0\r\nA: b\r\r\n\r\n'),
  bad('a request instead of the empty line', '0\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'),
  ...under({ headerSpaces: true }, [
    bad(
      'a space before the colon of a forbidden one, with strip_header_spaces',
      trailed('Content-Length : 5'),
    ),
  ]),
])

export const chunked = [...sizes, ...lines, ...extensions, ...trailers]
