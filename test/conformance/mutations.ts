/** Valid and invalid requests of the corpus, changed in a few places: what nobody would think of writing down. */
import fc from 'fast-check'
import { corpus } from './corpus.ts'

/** Long ones are about limits, and take time that short ones use better. */
const seeds = corpus.filter(({ raw, policy }) => raw.length <= 400 && Object.keys(policy).length === 0)
const seed = fc.constantFrom(...seeds.map(({ raw }) => raw))

/** Bytes and words that parsers stumble over. */
const words = [
  ...['\0', '\t', '\n', '\v', '\f', '\r', ' ', '\x7f', '\x80', '\xa0', '\xff'],
  ...[
    '\r\n',
    '\r\n\r\n',
    '\n\n',
    '\r\r\n',
    ':',
    ';',
    ',',
    '=',
    '"',
    '#',
    '*',
    '/',
    '0',
    '1',
    '5',
    'a',
    'F',
    '-',
    '+',
    '_',
  ],
  ...[
    '0\r\n\r\n',
    'chunked',
    'Content-Length: 1\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
  ],
  ...['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1', 'HTTP/1.0', 'Host: a\r\n', 'Upgrade: x\r\n'],
]
const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...words) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) },
)

/** A place, as a share of the length. */
const place = fc.double({ min: 0, max: 1, noNaN: true })

type Change = (text: string) => string
const at = (text: string, share: number): number => Math.floor(share * text.length)

const insert = fc.tuple(place, word).map(([share, bytes]): Change => {
  return (text) => text.slice(0, at(text, share)) + bytes + text.slice(at(text, share))
})
const replace = fc.tuple(place, word).map(([share, bytes]): Change => {
  return (text) => text.slice(0, at(text, share)) + bytes + text.slice(at(text, share) + 1)
})
const remove = fc.tuple(place, fc.integer({ min: 1, max: 8 })).map(([share, count]): Change => {
  return (text) => text.slice(0, at(text, share)) + text.slice(at(text, share) + count)
})
const repeat = fc.tuple(place, fc.integer({ min: 1, max: 40 })).map(([share, count]): Change => {
  return (text) => {
    const start = at(text, share)
    return text.slice(0, start + count) + text.slice(start)
  }
})
const splice = fc.tuple(place, place, seed).map(([share, other, donor]): Change => {
  return (text) => text.slice(0, at(text, share)) + donor.slice(at(donor, other))
})
const append = seed.map(
  (donor): Change =>
    (text) =>
      text + donor,
)

const change = fc.oneof(insert, replace, replace, remove, repeat, splice, append)

/** latin1 texts of raw requests, one to three changes away from one of the corpus. */
export const mutations: fc.Arbitrary<string> = fc
  .tuple(seed, fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([text, changes]) => changes.reduce((sum, apply) => apply(sum), text))
