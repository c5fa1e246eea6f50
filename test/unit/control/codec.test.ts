import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bounds } from '../../../src/control/bounds.ts'
import {
  type Decoder,
  encodeFrame,
  encodeLine,
  FrameDecoder,
  LineDecoder,
} from '../../../src/control/codec.ts'

const dialects = [
  { name: 'frames', encode: encodeFrame, decoder: () => new FrameDecoder() },
  { name: 'lines', encode: encodeLine, decoder: () => new LineDecoder() },
]

/** Everything that comes out when the bytes come in pieces of these sizes. */
const decoded = (decoder: Decoder, bytes: Buffer, sizes: readonly number[]): unknown[] => {
  const messages: unknown[] = []
  let at = 0
  for (let piece = 0; at < bytes.length; piece += 1) {
    const size = sizes[piece % sizes.length] ?? 1
    decoder.push(bytes.subarray(at, at + size))
    at += size
    for (let text = decoder.next(); text !== undefined; text = decoder.next()) messages.push(JSON.parse(text))
  }
  return messages
}

const messages = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 })
const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 })

describe.each(dialects)('$name', ({ encode, decoder }) => {
  test('say what was said, however the bytes are split', () => {
    fc.assert(
      fc.property(messages, sizes, (said, pieces) => {
        const plain: unknown[] = JSON.parse(JSON.stringify(said))
        expect(decoded(decoder(), Buffer.concat(plain.map(encode)), pieces)).toEqual(plain)
      }),
    )
  })

  test('throw nothing but a refusal, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), sizes, (bytes, pieces) => {
        try {
          decoded(decoder(), Buffer.from(bytes), pieces)
        } catch (thrown) {
          expect((thrown as Error).name).toMatch(/^(Refusal|SyntaxError)$/)
        }
      }),
    )
  })

  test('hold nothing when all is taken', () => {
    const one = decoder()
    one.push(encode({ a: 1 }))
    expect(one.size).toBeGreaterThan(0)
    one.next()
    expect(one.size).toBe(0)
  })
})

test('a frame that says it is longer than a request may be is refused before it is there', () => {
  const decoder = new FrameDecoder()
  decoder.push(Buffer.from([0, 1, 0, 1]))
  expect(() => decoder.next()).toThrow('Message too large: 65537')
})

test('a frame of the greatest length is taken', () => {
  const decoder = new FrameDecoder()
  const payload = Buffer.alloc(bounds.request, 'x')
  decoder.push(Buffer.concat([Buffer.from([0, 1, 0, 0]), payload]))
  expect(decoder.next()?.length).toBe(bounds.request)
})

test('a line without an end is refused when it is too long', () => {
  const decoder = new LineDecoder()
  decoder.push(Buffer.alloc(bounds.request, 'x'))
  expect(decoder.next()).toBeUndefined()
  decoder.push(Buffer.from('x'))
  expect(() => decoder.next()).toThrow('A line may have 65536 bytes.')
})
