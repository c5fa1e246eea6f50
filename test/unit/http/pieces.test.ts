import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pieces } from '../../../src/http/pieces.ts'

/** A piece is added, or one is taken. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.nat(255).map((fill) => Buffer.alloc(3000, fill)) },
  { weight: 2, arbitrary: fc.constant('take' as const) },
)

test('whatever is added and taken, bytes come out as they came in', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const pieces = new Pieces()
      const given: Buffer[] = []
      const taken: Buffer[] = []
      for (const one of steps) {
        if (one === 'take') taken.push(pieces.take() ?? Buffer.alloc(0))
        else {
          given.push(Buffer.from(one))
          pieces.add(one)
        }
        const inside = Buffer.concat(given).length - Buffer.concat(taken).length
        expect(pieces.bytes).toBe(inside)
      }
      taken.push(pieces.takeAll())
      expect(Buffer.concat(taken).equals(Buffer.concat(given))).toBe(true)
      expect([pieces.bytes, pieces.take()]).toEqual([0, undefined])
    }),
  )
})

test('many small pieces become few', () => {
  const pieces = new Pieces()
  for (let count = 0; count < 100_000; count += 1) pieces.add(Buffer.from('x'))
  let taken = 0
  while (pieces.take() !== undefined) taken += 1
  expect(taken).toBeLessThan(40)
})

test('what was taken of a block is not written over by what comes later', () => {
  const pieces = new Pieces()
  for (let count = 0; count < 9; count += 1) pieces.add(Buffer.from('a'))
  const taken: Buffer[] = []
  for (let piece = pieces.take(); piece !== undefined; piece = pieces.take()) taken.push(piece)
  for (let count = 0; count < 20; count += 1) pieces.add(Buffer.from('b'))
  expect(Buffer.concat(taken).toString()).toBe('aaaaaaaaa')
})
