/** What no table can hold: any message, any mutation, any split. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytes, cut, feed, type Rules, singly } from './harness.ts'

const tokens = "!#$%&'*+-.^_`|~0189azAZ"
const token = fc.string({ unit: fc.constantFrom(...tokens), minLength: 1, maxLength: 12 })
/** Names of our own, so that none means anything to the parser. */
const name = token.map((text) => `X-${text}`)
const visible = fc
  .integer({ min: 0x21, max: 0xff })
  .map((code) => String.fromCharCode(code === 0x7f ? 0x21 : code))
const value = fc
  .array(fc.string({ unit: visible, minLength: 1, maxLength: 10 }), { maxLength: 4 })
  .map((words) => words.join(' \t'))
const space = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 })
const field = fc.record({ name, value, before: space, after: space })
type Field = typeof field extends fc.Arbitrary<infer T> ? T : never
const content = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})

const extension = fc.oneof(
  fc.constant(''),
  fc
    .tuple(space, token, fc.oneof(token, fc.constant('"a\\"b;c\\\\"')))
    .map(([s, key, text]) => `${s};${key}=${text}`),
)
const body = fc.oneof(
  fc.constant(undefined),
  fc.record({ kind: fc.constant('counted' as const), content }),
  fc.record({
    kind: fc.constant('chunked' as const),
    chunks: fc.array(
      fc.tuple(
        content.filter((text) => text !== ''),
        extension,
      ),
      { maxLength: 4 },
    ),
    trailers: fc.array(field, { maxLength: 3 }),
  }),
)
const message = fc.record({
  emptyLines: fc.nat({ max: 3 }),
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'PROPFIND'),
  path: fc.string({ unit: visible, maxLength: 20 }).map((text) => `/${text.replaceAll('#', '')}`),
  fields: fc.array(field, { maxLength: 6 }),
  body,
})
type Message = typeof message extends fc.Arbitrary<infer T> ? T : never

const written = (fields: readonly Field[]): string =>
  fields.map((one) => `${one.name}:${one.before}${one.value}${one.after}\r\n`).join('')
const read = (fields: readonly Field[]): string[] => fields.flatMap((one) => [one.name, one.value])

const framing = ({ body }: Message): readonly [string, string] => {
  if (body === undefined) return ['', '']
  if (body.kind === 'counted') return [`Content-Length: ${body.content.length}\r\n`, body.content]
  const chunks = body.chunks.map(([text, more]) => `${text.length.toString(16)}${more}\r\n${text}\r\n`)
  return ['transfer-encoding: chunked\r\n', `${chunks.join('')}0\r\n${written(body.trailers)}\r\n`]
}

const write = (one: Message): string => {
  const [fields, content] = framing(one)
  const line = `${one.method} ${one.path} HTTP/1.1\r\n`
  return `${'\r\n'.repeat(one.emptyLines)}${line}Host: a\r\n${written(one.fields)}${fields}\r\n${content}`
}

const contentOf = ({ body }: Message): string => {
  if (body === undefined) return ''
  return body.kind === 'counted' ? body.content : body.chunks.map(([text]) => text).join('')
}
const trailersOf = ({ body }: Message): string[] => (body?.kind === 'chunked' ? read(body.trailers) : [])

const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 40 })

test('any message parses back to what it was made of, however it is split', () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), lengths, (messages, pieces) => {
      const whole = bytes(messages.map(write).join(''))
      const outcome = feed(cut(whole, pieces))
      expect(outcome.refusal).toBeUndefined()
      expect(outcome.messages.length).toBe(messages.length)
      for (const [index, one] of messages.entries()) {
        const told = outcome.messages[index]
        expect(told).toMatchObject({
          method: one.method,
          target: one.path,
          complete: true,
          body: contentOf(one),
        })
        expect(told?.trailers).toEqual(trailersOf(one))
        const own = told?.fields.slice(2, 2 + 2 * one.fields.length)
        expect(own).toEqual(read(one.fields))
      }
      expect(feed([whole])).toEqual(outcome)
      expect(feed(singly(whole))).toEqual(outcome)
    }),
    { numRuns: 300 },
  )
})

const seeds = [
  'GET / HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: x\r\nConnection: keep-alive, upgrade\r\nUpgrade: y\r\n\r\n',
  'POST /a?b HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nabcdGET / HTTP/1.0\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4;a="b"\r\nabcd\r\n0\r\nX: y\r\nZ: \r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
  '\r\nCONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n\r\nOPTIONS * HTTP/1.1\r\nHost:\r\nX: a\r\n b\r\n\r\n',
  'GET http://a:1/b HTTP/1.1\r\nHost: a:1\r\nA: b\r\n\r\nGET http://a:1/c HTTP/1.1\r\nHost: a:1\r\nA: b\r\n\r\n',
]
const likely = fc.constantFrom(
  ...'\r\n\0\t :,;"\\#*/0129azA_\x7f\x80\xff'.split(''),
  '\r\n',
  '\r\n\r\n',
  '\r\n ',
)
const mutation = fc.record({
  at: fc.nat({ max: 400 }),
  remove: fc.nat({ max: 3 }),
  insert: fc.oneof(fc.constant(''), likely),
})

const tight: Rules['limits'] = {
  line: 40,
  fields: 5,
  fieldSize: 40,
  head: 120,
  chunkLine: 12,
  chunkExtensions: 8,
  trailers: 12,
  body: 10,
}
const lenient: Rules['leniency'] = {
  obsoleteFolding: true,
  unconventionalMethod: true,
  unconventionalVersion: true,
  casefoldMethod: true,
  headerSpaces: true,
  requireHost: false,
}
const rules = fc.constantFrom<Rules>(
  {},
  { limits: tight },
  { leniency: lenient },
  { limits: tight, leniency: lenient },
)

const mutate = (
  text: string,
  { at, remove, insert }: { at: number; remove: number; insert: string },
): string => {
  const place = at % (text.length + 1)
  return text.slice(0, place) + insert + text.slice(place + remove)
}

describe('bytes that are nearly a request, or nothing like one', () => {
  test('mutations have the same events and verdict whole, byte by byte and at random splits', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(mutation, { maxLength: 3 }),
        lengths,
        rules,
        (seed, changes, pieces, by) => {
          const whole = bytes(changes.reduce(mutate, seed))
          const outcome = feed([whole], by)
          expect(feed(singly(whole), by)).toEqual(outcome)
          expect(feed(cut(whole, pieces), by)).toEqual(outcome)
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('no bytes make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), lengths, rules, (data, pieces, by) => {
        const whole = Buffer.from(data)
        expect(feed(cut(whole, pieces), by)).toEqual(feed([whole], by))
      }),
      { numRuns: 500 },
    )
  })
})
