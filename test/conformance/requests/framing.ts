/** RFC 9112, 6: Content-Length and Transfer-Encoding, one by one and together. */
import {
  char,
  chunked,
  cutShort,
  get,
  head,
  hex,
  last,
  post,
  refuses,
  refusesBody,
  serves,
  topic,
} from '../entry.ts'

const length = (value: string, body = 'hello'): string => post([`Content-Length: ${value}`], body)
const posted = (body: string) => ({ method: 'POST', body })

/** Each of these has been read as some number by some server. */
const malformedLengths = [
  '',
  '+5',
  '-5',
  '-0',
  '0x5',
  '5.0',
  '5e0',
  '5_0',
  '5;',
  '5,5',
  '5, 5',
  '5, 6',
  '5 5',
  ',5',
  '5,',
  '"5"',
  "'5'",
  '5a',
  'a5',
  'five',
  'NaN',
  'Infinity',
  '5\t5',
  '5\xa0',
  '\xa05',
  '\xb2',
  '5\xb9',
  '0b101',
  '0o5',
  '1e1',
  '#5',
  '(5)',
  '5%',
  '=5',
]

const contentLength = topic('Content-Length', '9110, 8.6', [
  serves('a body of its length', length('5'), posted('hello')),
  serves('0', length('0', ''), posted('')),
  serves('leading zeros', length('005'), posted('hello')),
  serves('white space around the number', length(' \t5\t '), posted('hello')),
  serves('the name in small letters', post(['content-length: 5'], 'hello'), posted('hello')),
  serves('of GET', `${get('Content-Length: 2')}hi`, { body: 'hi' }),
  serves('of HEAD', `${head('HEAD / HTTP/1.1', 'Host: a', 'Content-Length: 2')}hi`, {
    method: 'HEAD',
    body: 'hi',
  }),
  serves('of DELETE', `${head('DELETE / HTTP/1.1', 'Host: a', 'Content-Length: 2')}hi`, {
    method: 'DELETE',
    body: 'hi',
  }),
  serves('in 1.0', `${head('POST / HTTP/1.0', 'Content-Length: 2')}hi`, {
    ...posted('hi'),
    version: '1.0',
    keepAlive: false,
  }),
  serves('a POST without any', post([]), posted('')),
  serves('a body of every byte', length('256', everyByte()), posted(everyByte())),
  serves('a body that looks like a request', length(`${get().length}`, get()), posted(get())),
  serves('a large body', length('100000', 'x'.repeat(100_000)), posted('x'.repeat(100_000))),
  ...malformedLengths.map((value) => refuses(400, `the value ${JSON.stringify(value)}`, length(value))),
  ...[0, 0x0b, 0x0c, 0x1b, 0x7f].map((code) =>
    refuses(400, `the byte ${hex(code)} before the number`, length(`${char(code)}5`)),
  ),
  refuses(400, 'a number of 20 digits', length('99999999999999999999')),
  refuses(400, '2^64 + 5', length('18446744073709551621')),
  refuses(400, 'a number of 400 digits', length('9'.repeat(400))),
  refuses(400, 'twice with the same value', post(['Content-Length: 5', 'Content-Length: 5'], 'hello')),
  refuses(400, 'twice with different values', post(['Content-Length: 5', 'Content-Length: 6'], 'hello')),
  refuses(400, 'twice, in different letters', post(['Content-Length: 5', 'CONTENT-LENGTH: 0'], 'hello')),
  refuses(400, 'twice, one of them empty', post(['Content-Length:', 'Content-Length: 5'], 'hello')),
  refuses(400, 'twice, far apart', post(['Content-Length: 5', 'A: b', 'C: d', 'Content-Length: 5'], 'hello')),
  refuses(400, 'with a space before its colon', post(['Content-Length : 5'], 'hello')),
  refuses(400, 'with a NUL in its name', post(['Content\0-Length: 5'], 'hello')),
  refuses(400, 'folded', post(['Content-Length:', ' 5'], 'hello')),
  serves('a name that only resembles it', post(['Content_Length: 5', 'XContent-Length: 5']), posted('')),
  cutShort(refusesBody(400, 'a body cut short', length('6'))),
  cutShort(refusesBody(400, 'no byte of its body', length('6', ''))),
])

function everyByte(): string {
  return Array.from({ length: 256 }, (_, code) => char(code)).join('')
}

const encoded = (value: string, body = last): string => post([`Transfer-Encoding: ${value}`], body)

const unserved = [
  'gzip, chunked',
  'identity, chunked',
  'deflate, chunked',
  'compress,chunked',
  'xchunked, chunked',
  'gzip, deflate, chunked',
]

/** What some server took for `chunked`, or took for nothing, while its neighbour did not. */
const notChunked = [
  'xchunked',
  'chunkedx',
  'chunke',
  'chunk',
  'chu',
  'identity',
  'gzip',
  'chunked, identity',
  'chunked, gzip',
  'chunked, chunked',
  'chunked,chunked',
  'chunked chunked',
  'chunked identity',
  'chunked;q=1',
  'chunked;',
  'chunked; a=b',
  '"chunked"',
  "'chunked'",
  'chun ked',
  'chunked\t chunked',
  'chunked,\tchunked',
  '\xa0chunked',
  'chunked\xa0',
  'ch\xf9nked',
  'chunked\xff',
  'x chunked',
  'chunked x',
  'chunked/1',
  '(chunked)',
  'chunked:',
  ':chunked',
  '=chunked',
  '[chunked]',
  '%63hunked',
  'c\\hunked',
]

const transferEncoding = topic('Transfer-Encoding', '9112, 6.1', [
  serves('chunked', encoded('chunked'), posted('')),
  serves('chunked, with data', encoded('chunked', `5\r\nhello\r\n${last}`), posted('hello')),
  serves('in capitals', encoded('CHUNKED'), posted('')),
  serves('in mixed letters', encoded('cHuNkEd'), posted('')),
  serves('the name in other letters', post(['tRANSFER-eNCODING: chunked'], last), posted('')),
  serves('no space behind the colon', post(['Transfer-Encoding:chunked'], last), posted('')),
  serves('a tab behind the colon', post(['Transfer-Encoding:\tchunked'], last), posted('')),
  serves('white space around the value', encoded(' \tchunked\t '), posted('')),
  serves('of GET', `${get('Transfer-Encoding: chunked')}2\r\nhi\r\n${last}`, { body: 'hi' }),
  ...unserved.map((value) => refuses(501, `the value ${JSON.stringify(value)}`, encoded(value))),
  ...notChunked.map((value) => refuses(400, `the value ${JSON.stringify(value)}`, encoded(value))),
  refuses(400, 'empty', encoded('')),
  ...[0, 0x0b, 0x0c, 0x1b, 0x7f].flatMap((code) => [
    refuses(400, `the byte ${hex(code)} before the value`, encoded(`${char(code)}chunked`)),
    refuses(400, `the byte ${hex(code)} behind the value`, encoded(`chunked${char(code)}`)),
  ]),
  refuses(400, 'twice', post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], last)),
  refuses(400, 'twice, chunked first', post(['Transfer-Encoding: chunked', 'Transfer-Encoding: gzip'], last)),
  refuses(
    400,
    'twice, identity last',
    post(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], last),
  ),
  refuses(501, 'twice, chunked last', post(['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'], last)),
  refuses(
    400,
    'twice, in different letters',
    post(['Transfer-Encoding: chunked', 'transfer-encoding: x'], last),
  ),
  refuses(400, 'twice, the second empty', post(['Transfer-Encoding: chunked', 'Transfer-Encoding:'], last)),
  refuses(400, 'a space before its colon', post(['Transfer-Encoding : chunked'], last)),
  refuses(400, 'a tab before its colon', post(['Transfer-Encoding\t: chunked'], last)),
  refuses(400, 'a vertical tab before its colon', post(['Transfer-Encoding\x0b: chunked'], last)),
  refuses(400, 'a CR before its colon', post(['Transfer-Encoding\r: chunked'], last)),
  refuses(400, 'an LF before its value', post(['Transfer-Encoding:\nchunked'], last)),
  refuses(400, 'a bare CR before its value', post(['Transfer-Encoding:\rchunked'], last)),
  refuses(400, 'a bare CR behind its value', post(['Transfer-Encoding: chunked\r'], last)),
  refuses(400, 'a space before its name', post([' Transfer-Encoding: chunked'], last)),
  refuses(400, 'a tab before its name', post(['\tTransfer-Encoding: chunked'], last)),
  refuses(400, 'folded with a space', post(['Transfer-Encoding:', ' chunked'], last)),
  refuses(400, 'folded with a tab', post(['Transfer-Encoding:', '\tchunked'], last)),
  refuses(400, 'folded behind another coding', post(['Transfer-Encoding: identity', ' , chunked'], last)),
  refuses(400, 'hidden in the value before it by an LF', post(['A: b\nTransfer-Encoding: chunked'], last)),
  refuses(400, 'hidden in the value before it by a CR', post(['A: b\rTransfer-Encoding: chunked'], last)),
  refuses(400, 'in 1.0', `${head('POST / HTTP/1.0', 'Host: a', 'Transfer-Encoding: chunked')}${last}`),
  refuses(
    400,
    'in 1.0 with keep-alive',
    `${head('POST / HTTP/1.0', 'Connection: keep-alive', 'Transfer-Encoding: chunked')}${last}`,
  ),
  serves(
    'a name that only resembles it',
    post(['Transfer_Encoding: chunked', 'X-Transfer-Encoding: chunked']),
    {
      method: 'POST',
    },
  ),
  serves('a name without its dash', post(['TransferEncoding: chunked']), posted('')),
])

const smuggled = head('GET /smuggled HTTP/1.1', 'Host: a')

const both = topic('both lengths', '9112, 6.3', [
  refuses(
    400,
    'Content-Length, then chunked (CL.TE)',
    post([`Content-Length: ${5 + smuggled.length}`, 'Transfer-Encoding: chunked'], last + smuggled),
  ),
  refuses(
    400,
    'chunked, then Content-Length (TE.CL)',
    post(['Transfer-Encoding: chunked', 'Content-Length: 4'], `5c\r\n${smuggled}`),
  ),
  refuses(
    400,
    'chunked with Content-Length: 0',
    post(['Content-Length: 0', 'Transfer-Encoding: chunked'], last),
  ),
  refuses(
    400,
    'an unknown coding with Content-Length',
    post(['Content-Length: 5', 'Transfer-Encoding: x'], 'hello'),
  ),
  refuses(
    400,
    'identity with Content-Length',
    post(['Content-Length: 5', 'Transfer-Encoding: identity'], 'hello'),
  ),
  refuses(
    400,
    'an empty coding with Content-Length',
    post(['Content-Length: 5', 'Transfer-Encoding:'], 'hello'),
  ),
  refuses(
    400,
    'in 1.0',
    `${head('POST / HTTP/1.0', 'Content-Length: 5', 'Transfer-Encoding: chunked')}hello`,
  ),
  refuses(
    400,
    'Content-Length on both sides of chunked',
    post(['Content-Length: 5', 'Transfer-Encoding: chunked', 'Content-Length: 5'], last),
  ),
  refuses(
    400,
    'CL.TE with a space before the colon',
    post(['Content-Length: 5', 'Transfer-Encoding : chunked'], last),
  ),
  refuses(
    400,
    'CL.TE with a folded coding',
    post(['Content-Length: 5', 'Transfer-Encoding:', ' chunked'], last),
  ),
  refuses(
    400,
    'CL.TE behind a bare LF',
    post(['Content-Length: 5', 'A: b\nTransfer-Encoding: chunked'], last),
  ),
  refuses(400, 'CL.TE with xchunked', post(['Content-Length: 5', 'Transfer-Encoding: xchunked'], 'hello')),
  refuses(
    400,
    'CL.TE with chunked in quotes',
    post(['Content-Length: 5', 'Transfer-Encoding: "chunked"'], 'hello'),
  ),
])

const zero = topic('a body that is ignored (CL.0)', '9112, 6.3', [
  serves('of GET, with a request inside: it is body', get(`Content-Length: ${smuggled.length}`) + smuggled, {
    body: smuggled,
  }),
  serves(
    'of OPTIONS, with a request inside: it is body',
    head('OPTIONS / HTTP/1.1', 'Host: a', `Content-Length: ${smuggled.length}`) + smuggled,
    { method: 'OPTIONS', body: smuggled },
  ),
  serves(
    'chunked, with a request inside: it is body',
    chunked(`${smuggled.length.toString(16)}\r\n${smuggled}\r\n${last}`),
    {
      method: 'POST',
      body: smuggled,
    },
  ),
])

export const framing = [...contentLength, ...transferEncoding, ...both, ...zero]
