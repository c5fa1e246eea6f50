import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installGlobals } from '../../../src/http/fetch/globals.ts'
import { fetchApp, nodeApp, type Watched } from '../../conformance/apps.ts'
import { corpus } from '../../conformance/corpus.ts'
import { nameOf } from '../../conformance/differences.ts'
import type { Entry } from '../../conformance/entry.ts'
import { answersDiffer, seenDiffers } from '../../conformance/judge.ts'
import { bytesOf, converse, inParallel, probeTarget } from '../../conformance/live.ts'
import { nodeDifferences } from '../../conformance/node-differences.ts'
import { atRandom, byteByByte, type Cut, whole } from '../../conformance/pieces.ts'
import { serve, until } from './harness.ts'

/** Fetch applications run with the classes that a worker gives them. */
let restore = (): void => undefined
beforeAll(() => {
  restore = installGlobals()
})
afterAll(() => restore())

const engines: Readonly<Record<string, () => Watched>> = { node: nodeApp, fetch: fetchApp }
const topics = [...new Set(corpus.map(({ topic }) => topic))]

/** One server for each entry under way: what the application saw is then that entry's. */
const judge = async (engine: string, entry: Entry, cut: Cut): Promise<string | undefined> => {
  const { app, seen } = (engines[engine] ?? nodeApp)()
  const served = await serve(app, { keepAliveMs: 30_000, ...entry.policy })
  const conversation = await converse(served.port, bytesOf(entry), cut, entry.cut)
  const wrong = answersDiffer(engine, entry, cut, conversation)
  if (wrong) return wrong
  await until(() => served.engine.connections === 0)
  served.engine.destroy()
  return seenDiffers(entry, conversation.statuses, seen)
}

const cuts: readonly (readonly [string, Cut, longest: number])[] = [
  ['whole', whole, Infinity],
  ['cut at random places', atRandom(7, 5), 20_000],
  ['byte by byte', byteByByte, 130],
]

describe.each(Object.keys(engines))('an application of kind %s', (engine) => {
  describe.each(cuts)('%s', (_, cut, longest) => {
    test.each(topics)('gets what the corpus says on %s', async (topic) => {
      const entries = corpus.filter((entry) => entry.topic === topic && entry.raw.length <= longest)
      const wrong = await inParallel(entries, 8, async (entry) => {
        const difference = await judge(engine, entry, cut)
        return difference && `${nameOf(entry)}: ${difference}`
      })
      expect(wrong.filter(Boolean)).toEqual([])
    })
  })
})

test('probes are told apart from what the corpus itself asks for', () => {
  expect(corpus.filter(({ raw }) => raw.includes(probeTarget))).toEqual([])
})

test('every difference of node:http names entries of the corpus, each once', () => {
  const known = new Set(corpus.map(({ topic, name }) => `${topic}: ${name}`))
  const named = nodeDifferences.flatMap(({ entries }) => entries)
  expect(named.filter((name) => !known.has(name))).toEqual([])
  expect(new Set(named).size).toBe(named.length)
})
