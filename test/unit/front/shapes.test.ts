/** Shapes: one for requests that are alike, bounded whatever names clients make up. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Shape, ShapeNumbers, Shapes } from '../../../src/front/shapes.ts'

const keyOf = (name: string): string => name.toUpperCase()

const shapeOf = (shapes: Shapes, names: readonly string[], id = 'a'): Shape => {
  let node = shapes.root(id, () => ['SERVER_NAME', id])
  for (const name of names) node = shapes.next(node, name, keyOf)
  return shapes.shapeAt(node)
}

const keysIn = ({ text }: Shape): string[] => {
  const [count = '', ...rest] = text.split('\0')
  return rest.slice(Number(count) * 2 + 6)
}

describe('shapes', () => {
  test('say constants, the keys of every request, and those of the names', () => {
    expect(shapeOf(new Shapes(), ['host', 'accept']).text.split('\0')).toEqual([
      '1',
      'SERVER_NAME',
      'a',
      ...['REQUEST_METHOD', 'RAW_URI', 'PATH_INFO', 'QUERY_STRING', 'REMOTE_ADDR', 'REMOTE_PORT'],
      'HOST',
      'ACCEPT',
    ])
  })

  test('are the same for the same names in the same order, and others for others', () => {
    const shapes = new Shapes()
    expect(shapeOf(shapes, ['a', 'b'])).toBe(shapeOf(shapes, ['a', 'b']))
    expect(shapeOf(shapes, ['b', 'a'])).not.toBe(shapeOf(shapes, ['a', 'b']))
    expect(shapeOf(shapes, ['a', 'b'], 'other')).not.toBe(shapeOf(shapes, ['a', 'b']))
  })

  test('have one key for names that come again', () => {
    expect(keysIn(shapeOf(new Shapes(), ['a', 'b', 'A', 'c', 'b']))).toEqual(['A', 'B', 'C'])
  })

  test('keep no more places than they may, and go on', () => {
    const shapes = new Shapes(50)
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 8 }), (names) => {
        const keys = keysIn(shapeOf(shapes, names))
        expect(keys).toEqual([...new Set(names.map(keyOf))])
      }),
      { numRuns: 300 },
    )
    const root = shapes.root('a', () => [])
    const count = (node: typeof root): number =>
      [...node.children.values()].reduce((sum, child) => sum + count(child), 1)
    expect(count(root)).toBeLessThanOrEqual(50)
  })
})

describe('numbers of a channel', () => {
  test('are told before they are used, once', () => {
    const numbers = new ShapeNumbers()
    const told: number[] = []
    const [a, b] = [{ text: 'a' }, { text: 'b' }]
    const tell = (number: number) => told.push(number)
    expect([a, b, a, b].map((shape) => numbers.of(shape, tell))).toEqual([1, 2, 1, 2])
    expect(told).toEqual([1, 2])
  })

  test('never mean another shape to one of the last 64 requests', () => {
    const numbers = new ShapeNumbers()
    const known = new Map<number, Shape>()
    const shapes = Array.from({ length: 6000 }, (_, at) => ({ text: String(at) }))
    const window: { number: number; shape: Shape }[] = []
    for (let round = 0; round < 30_000; round += 1) {
      const shape = shapes[(round * 7919) % shapes.length] as Shape
      const number = numbers.of(shape, (fresh, one) => known.set(fresh, one))
      window.push({ number, shape })
      if (window.length > 64) window.shift()
      if (round % 97 === 0) for (const one of window) expect(known.get(one.number)).toBe(one.shape)
      expect(number).toBeLessThanOrEqual(1024)
    }
  })
})
