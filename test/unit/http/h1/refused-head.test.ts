import { expect, test } from 'vitest'
import { event } from '../../../../src/http/h1/events.ts'
import { RequestParser } from '../../../../src/http/h1/parser.ts'
import { bytes, limits, singly, strict } from './harness.ts'

/** What the parser says of a head that it refuses, fed in these pieces. */
const refusedOf = (pieces: readonly Buffer[]) => {
  const parser = new RequestParser(limits, strict)
  for (const piece of pieces)
    if (parser.read(piece, 0, piece.length) === event.refused) return parser.refusedHead
  throw new Error('nothing was refused')
}

test.each([
  ['no Host', 'GET /a HTTP/1.1\r\nAccept: application/json\r\n\r\n'],
  [
    'two framings',
    'GET /a HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
  ['an expectation', 'GET /a HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nExpect: more\r\n\r\n'],
])('a head that is refused as a whole is told: %s', (_, text) => {
  for (const pieces of [[bytes(text)], singly(bytes(text))]) {
    const head = refusedOf(pieces)
    expect(head).toMatchObject({ method: 'GET', target: '/a', version: '1.1' })
    expect(head?.fields.get('accept')).toBe('application/json')
  }
})

test('a head with a line that is not in order is not', () => {
  expect(refusedOf([bytes('GET /a HTTP/1.1\r\nHost : x\r\n\r\n')])).toBeUndefined()
  expect(refusedOf([bytes('GET /a HTTP/3.1\r\nHost: x\r\n\r\n')])).toBeUndefined()
})
