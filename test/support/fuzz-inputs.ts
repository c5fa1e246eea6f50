/**
 * Inputs of the fuzz campaign: valid requests and what mutation makes of them. The same seed and number give the same
 * input. It sends nothing.
 */
import { type Random, randomOf } from './random.ts'

const head = (line: string, ...fields: string[]): string => [line, 'Host: x', ...fields, '', ''].join('\r\n')
const chunked = (...pieces: string[]): string =>
  pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')

const get = head('GET /a?b=c HTTP/1.1')
const post = `${head('POST /echo HTTP/1.1', 'Content-Length: 11', 'Content-Type: text/plain')}hello world`

export const corpus: readonly string[] = [
  get,
  post,
  get.repeat(5),
  post + get + post,
  `${head('POST /echo HTTP/1.1', 'Transfer-Encoding: chunked')}${chunked('hello', ' ', 'world')}0\r\n\r\n`,
  `${head('POST /echo HTTP/1.1', 'Transfer-Encoding: chunked', 'Trailer: X-Sum')}${chunked('hello')}0\r\nX-Sum: 1\r\nX-B: c\r\n\r\n`,
  `${head('PUT /echo HTTP/1.1', 'Transfer-Encoding: chunked')}5;a=b;c="d e"\r\nhello\r\n0;z\r\n\r\n${get}`,
  `${head('POST /echo HTTP/1.1', 'Transfer-Encoding: chunked')}${chunked('y'.repeat(20_000))}0\r\n\r\n`,
  `${head('POST /unread HTTP/1.1', 'Content-Length: 20')}${'z'.repeat(20)}${get}`,
  `${head('POST /echo HTTP/1.1', 'Expect: 100-continue', 'Content-Length: 5')}hello`,
  `${head('POST /unread HTTP/1.1', 'Expect: 100-continue', 'Transfer-Encoding: chunked')}${chunked('hi')}0\r\n\r\n`,
  head(
    'GET /ws HTTP/1.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ),
  head('HEAD /large HTTP/1.1') + head('GET /large HTTP/1.1'),
  head('GET /stream HTTP/1.1') + get,
  head('OPTIONS * HTTP/1.1') + head('DELETE /a HTTP/1.1', 'Connection: close'),
  head('GET http://example.com/a?b HTTP/1.1'),
  head('CONNECT example.com:443 HTTP/1.1'),
  head('GET / HTTP/1.0', 'Connection: keep-alive') + head('GET / HTTP/1.0'),
  `\r\n\r\n${get}`,
  head('GET /many HTTP/1.1', ...Array.from({ length: 40 }, (_, n) => `X-Field-${n}: value ${n}`)),
  head(
    'GET /seen HTTP/1.1',
    'X-Forwarded-For: 192.0.2.1, 198.51.100.2',
    'Forwarded: for="[2001:db8::1]:80";proto=https',
    'X-Forwarded-Proto: https',
    'Accept: */*',
    'Cookie: a=b; c=d',
  ),
]

const words = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '"',
  '\x0b',
  '\x7f',
  '\xff',
  '\xa0',
  'Content-Length: ',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Expect: 100-continue\r\n',
  'Host: y\r\n',
  'Upgrade: h2c\r\n',
  'HTTP/1.1',
  'HTTP/2.0',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '0\r\n\r\n',
  'PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n',
  '\x16\x03\x01\x02\x00\x01',
  '//',
  '*',
  '%00',
  '%',
  '[::1]',
] as const

const numbers = [
  '0',
  '-1',
  '+1',
  '00',
  '1e3',
  '0x10',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '9223372036854775807',
  '18446744073709551616',
  'ffffffff',
  'fffffffffffff',
  'ffffffffffffffff',
  '10000000000000000',
  '99999999999999999999999999999999',
] as const

type Mutation = (input: Buffer, random: Random, seeds: readonly string[]) => Buffer

const splice = (input: Buffer, at: number, removed: number, added: Buffer): Buffer =>
  Buffer.concat([input.subarray(0, at), added, input.subarray(at + removed)])
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const seedOf = (random: Random, seeds: readonly string[]): Buffer => latin1(random.pick(seeds))

/** Applied in any order, any number of times. */
const mutations: readonly Mutation[] = [
  // Bits flip.
  (input, random) => {
    const copy = Buffer.from(input)
    const at = random.below(copy.length)
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
    return copy
  },
  // A byte becomes any other.
  (input, random) => splice(input, random.below(input.length), 1, Buffer.of(random.below(256))),
  // Words that mean something are put in, or take a place.
  (input, random) => splice(input, random.below(input.length), 0, latin1(random.pick(words))),
  (input, random) =>
    splice(input, random.below(input.length), 1 + random.below(4), latin1(random.pick(words))),
  // A stretch is left out, said twice, or said very often.
  (input, random) => splice(input, random.below(input.length), 1 + random.below(30), Buffer.alloc(0)),
  (input, random) => {
    const at = random.below(input.length)
    return splice(input, at, 0, input.subarray(at, at + 1 + random.below(60)))
  },
  (input, random) => {
    const at = random.below(input.length)
    const piece = input.subarray(at, at + 1 + random.below(40)).toString('latin1')
    return splice(input, at, 0, latin1(piece.repeat(1 + random.below(400))))
  },
  // The head of one, the tail of another.
  (input, random, seeds) => {
    const other = seedOf(random, seeds)
    return Buffer.concat([
      input.subarray(0, random.below(input.length)),
      other.subarray(random.below(other.length)),
    ])
  },
  (input, random, seeds) => Buffer.concat([input, seedOf(random, seeds)]),
  // Truncation.
  (input, random) => input.subarray(0, 1 + random.below(input.length)),
  // A number becomes one at a boundary.
  (input, random) => {
    const places = [...input.toString('latin1').matchAll(/[0-9a-f]+/gi)]
    const place = places[random.below(places.length)]
    return place === undefined
      ? input
      : splice(input, place.index, place[0].length, latin1(random.pick(numbers)))
  },
  // Two lines change places.
  (input, random) => {
    const lines = input.toString('latin1').split('\r\n')
    const [one, two] = [random.below(lines.length), random.below(lines.length)]
    const swapped = lines.map((line, index) =>
      index === one ? lines[two] : index === two ? lines[one] : line,
    )
    return latin1(swapped.join('\r\n'))
  },
]

/** Nothing larger is sent: what a repeat made of a repeat is cut. */
const largest = 200_000

/** Input number `index` of a campaign; about one in twelve is left as it was. `seeds`: what is mutated, in Latin-1. */
export const inputOf = (seed: number, index: number, seeds: readonly string[] = corpus): Buffer => {
  const random = randomOf(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))
  let input = seedOf(random, seeds)
  for (let count = random.below(12) === 0 ? 0 : 1 + random.below(4); count > 0 && input.length > 0; count--)
    input = random.pick(mutations)(input, random, seeds).subarray(0, largest)
  return input
}
