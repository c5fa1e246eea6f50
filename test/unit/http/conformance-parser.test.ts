import { describe, expect, test } from 'vitest'
import { corpus } from '../../conformance/corpus.ts'
import { firstDifference, nameOf } from '../../conformance/differences.ts'
import type { Entry } from '../../conformance/entry.ts'
import { atRandom, byteByByte, type Cut, whole } from '../../conformance/pieces.ts'
import { readPieces } from '../../conformance/read.ts'

const topics = [...new Set(corpus.map(({ topic }) => topic))]
const of = (topic: string) => corpus.filter((entry) => entry.topic === topic)

const read = (entry: Entry, cut: Cut) => readPieces(cut(Buffer.from(entry.raw, 'latin1')), entry.policy)

test('the corpus is large, and no two of its entries have one name', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(400)
  expect(new Set(corpus.map(nameOf)).size).toBe(corpus.length)
})

describe('the parser comes to the verdicts of the corpus', () => {
  test.each(topics)('on %s', (topic) => {
    const wrong = of(topic).flatMap((entry) => {
      const { outcomes, reason } = read(entry, whole)
      const difference = firstDifference(entry.expected, outcomes)
      return difference ? [`${nameOf(entry)}: ${difference}${reason && ` (${reason})`}`] : []
    })
    expect(wrong).toEqual([])
  })
})

const cuts: readonly (readonly [string, Cut])[] = [
  ['byte by byte', byteByByte],
  ...[1, 2, 3, 4, 5].map((seed) => [`at random places, seed ${seed}`, atRandom(seed, seed * 2)] as const),
]

/** Longer ones show nothing more byte by byte, and take their time. */
const longest = 200_000

describe.each(cuts)('cut %s', (_, cut) => {
  test.each(topics)('the parser says the same on %s', (topic) => {
    for (const entry of of(topic)) {
      if (entry.raw.length > longest) continue
      expect(read(entry, cut), nameOf(entry)).toEqual(read(entry, whole))
    }
  })
})
