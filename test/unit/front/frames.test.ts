/** Frames as bytes: what is written, and what is read of it in any pieces. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameReader, FrameWriter } from '../../../src/front/frames.ts'
import { frame } from './fake-worker.ts'

interface Seen {
  type: number
  flags: number
  index: number
  id: number
  text: string
  body: string
}

const readIn = (pieces: readonly Buffer[]): { seen: Seen[]; fault: string | undefined } => {
  const seen: Seen[] = []
  const reader = new FrameReader({
    frame: (one) => {
      const { type, flags, index, id } = one
      seen.push({ type, flags, index, id, text: one.text(), body: one.body.toString('latin1') })
    },
  })
  let fault: string | undefined
  // As a socket does it: each piece lies in the same memory as the one before.
  const shared = Buffer.alloc(70_000)
  for (const piece of pieces) {
    piece.copy(shared)
    fault ??= reader.feed(shared, piece.length)
  }
  return { seen, fault }
}

const split = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length))
}

const latin1Text = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
})
const anyFrame = fc.record({
  type: fc.integer({ min: 0, max: 255 }),
  flags: fc.integer({ min: 0, max: 255 }),
  index: fc.integer({ min: 0, max: 65_535 }),
  id: fc.integer({ min: 0, max: 0xffff_ffff }),
  text: latin1Text,
  body: latin1Text,
})

describe('the writer', () => {
  test('puts a frame as the contract has it', () => {
    const writer = new FrameWriter()
    writer.add(3, 1, 0x1234, 0x89abcdef, 'é', Buffer.from('xy'))
    expect(writer.take().toString('hex')).toBe('03000000030134 12efcdab8901000000e97879'.replace(' ', ''))
  })

  test('keeps what was taken whole when it may not use it again', () => {
    const writer = new FrameWriter()
    writer.add(3, 0, 1, 1, 'first')
    const taken = writer.take()
    writer.reuse(false)
    writer.add(3, 0, 2, 2, 'other')
    expect(taken.equals(frame(3, { index: 1, id: 1, text: 'first' }))).toBe(true)
    expect(writer.take().equals(frame(3, { index: 2, id: 2, text: 'other' }))).toBe(true)
  })

  test('says how long a body is that follows what is taken', () => {
    const writer = new FrameWriter()
    const body = Buffer.alloc(20_000, 'b')
    writer.add(3, 0, 1, 1, 'a')
    writer.addHead(4, 0, 0, 1, 'text', body.length)
    const whole = Buffer.concat([
      frame(3, { index: 1, id: 1, text: 'a' }),
      frame(4, { id: 1, text: 'text', body }),
    ])
    expect(Buffer.concat([writer.take(), body]).equals(whole)).toBe(true)
  })

  test('grows as it must', () => {
    const writer = new FrameWriter()
    const body = Buffer.alloc(300_000, 'b')
    writer.add(3, 0, 1, 1, 'a')
    writer.add(4, 0, 0, 1, '', body)
    expect(
      writer
        .take()
        .equals(Buffer.concat([frame(3, { index: 1, id: 1, text: 'a' }), frame(4, { id: 1, body })])),
    ).toBe(true)
  })
})

describe('the reader', () => {
  test('reads what the writer wrote, in any pieces', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 6 }), fc.array(fc.nat()), (frames, cuts) => {
        const writer = new FrameWriter()
        for (const { type, flags, index, id, text, body } of frames)
          writer.add(type, flags, index, id, text, body === '' ? undefined : Buffer.from(body, 'latin1'))
        const { seen, fault } = readIn(split(Buffer.from(writer.take()), cuts))
        expect(fault).toBe(undefined)
        expect(seen).toEqual(frames)
      }),
    )
  })

  test.each([
    ['a length beyond 16 MB', (16 << 20) + 1, 0],
    ['more text than there is', 4, 5],
  ])('refuses %s, whole or byte by byte', (_, length, text) => {
    const bytes = frame(66)
    bytes.writeUInt32LE(length, 0)
    bytes.writeUInt32LE(text, 12)
    for (const pieces of [[bytes], [...bytes].map((byte) => Buffer.from([byte]))]) {
      const { seen, fault } = readIn([...pieces, Buffer.alloc(40)])
      expect(seen).toEqual([])
      expect(fault).toContain(String(length))
    }
  })

  test('gives a frame that came in pieces memory of its own, once', () => {
    const body = Buffer.alloc(200_000, 'x')
    const whole = frame(66, { id: 1, text: 'OK', body })
    const kept: boolean[] = []
    let own: Buffer | undefined
    const reader = new FrameReader({
      frame: (one) => {
        kept.push(one.kept)
        own = one.body
      },
    })
    const shared = Buffer.alloc(65_536)
    for (let at = 0; at < whole.length; at += shared.length) {
      const count = whole.copy(shared, 0, at)
      reader.feed(shared, count)
    }
    shared.fill(0)
    expect(kept).toEqual([true])
    expect(own?.equals(body)).toBe(true)
  })

  test('has the rest of large frames put to their place, in any pieces', () => {
    const sizes = fc.array(fc.constantFrom(0, 100, 65_535, 65_536, 65_537, 200_000), { maxLength: 4 })
    fc.assert(
      fc.property(
        sizes,
        fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1 }),
        (bodies, counts) => {
          const frames = bodies.map((size, id) =>
            frame(66, { id, text: 'OK', body: Buffer.alloc(size, 65 + id) }),
          )
          const seen: Buffer[] = []
          const reader = new FrameReader({
            frame: (one) => seen.push(frame(one.type, { id: one.id, text: one.text(), body: one.body })),
          })
          const all = Buffer.concat(frames)
          const shared = Buffer.alloc(70_000)
          let direct = 0
          for (let at = 0, turn = 0; at < all.length; turn += 1) {
            const { place } = reader
            const count = all.copy(place ?? shared, 0, at, at + (counts[turn % counts.length] ?? 1))
            if (place === undefined) expect(reader.feed(shared, count)).toBe(undefined)
            else reader.filled(count)
            if (place !== undefined) direct += count
            at += count
          }
          expect(Buffer.concat(seen).equals(all)).toBe(true)
          if (bodies.includes(200_000)) expect(direct).toBeGreaterThan(0)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('gives nothing out after it was stopped, also of what it was fed together', () => {
    const seen: number[] = []
    const reader = new FrameReader({
      frame: ({ id }) => {
        seen.push(id)
        reader.stop()
      },
    })
    const bytes = Buffer.concat([frame(66, { id: 1 }), frame(66, { id: 2 })])
    reader.feed(bytes, bytes.length)
    expect(seen).toEqual([1])
  })
})
