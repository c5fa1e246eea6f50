import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installGlobals } from '../../../src/http/fetch/globals.ts'
import { fetchApp, nodeApp, type Seen, type Watched } from '../../conformance/apps.ts'
import { corpus } from '../../conformance/corpus.ts'
import { nameOf } from '../../conformance/differences.ts'
import { type Entry, isRefused } from '../../conformance/entry.ts'
import { bytesOf, converse, inParallel, probeTarget, statusesOf } from '../../conformance/live.ts'
import { type NodeDifference, nodeDifferenceOf, nodeDifferences } from '../../conformance/node-differences.ts'
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

/** What must come of an entry: the statuses, how the connection ends, and which requests the application sees. */
interface Due {
  readonly statuses: readonly number[]
  readonly ending: string
}

const byCorpus = (entry: Entry): Due => ({ statuses: statusesOf(entry), ending: 'fin' })

const byDifference = (entry: Entry, { instead, statuses }: NodeDifference): Due => {
  const ending = instead === 'silent' ? 'silent' : 'fin'
  const exact = statuses?.[`${entry.topic}: ${entry.name}`]
  if (exact) return { statuses: exact, ending }
  const last = entry.expected.at(-1)
  const isLastRefused = last !== undefined && isRefused(last)
  const served = entry.expected.map(() => 200)
  const before = isLastRefused ? served.slice(0, -1) : served
  if (instead === 200) return { statuses: [...before, ...(isLastRefused ? [200, 200] : [200])], ending }
  if (instead === 0 || instead === 'silent') return { statuses: before, ending }
  return { statuses: [...served.slice(0, -1), instead], ending }
}

/** What may come of it: one thing, but where node goes by how the bytes arrive. */
const duesOf = (engine: string, entry: Entry, cut: Cut): Due[] => {
  const difference = engine === 'node' ? nodeDifferenceOf(entry) : undefined
  if (!difference) return [byCorpus(entry)]
  const due = byDifference(entry, difference)
  return difference.together && cut !== whole ? [due, byCorpus(entry)] : [due]
}

/** What the application must have seen, as far as its kind can see it; never the probe when it was not due. */
const seenDiffers = (
  entry: Entry,
  statuses: readonly number[],
  seen: readonly Seen[],
): string | undefined => {
  const due = statuses.filter((status) => status === 200).length
  const complete = seen.filter(({ body }) => body !== undefined)
  if (complete.length !== due)
    return `the application saw ${complete.length} whole requests, not ${due}: ${complete.map(({ method, path }) => `${method} ${path}`)}`
  for (const [index, expected] of entry.expected.entries()) {
    const got = complete[index]
    if (isRefused(expected) || !got || expected.method === 'CONNECT') continue
    if (got.method !== expected.method) return `it saw the method ${got.method}, not ${expected.method}`
    if (got.body !== expected.body) return `it saw the body ${JSON.stringify(got.body?.slice(0, 60))}`
    if (got.headers === undefined) continue
    if (got.path !== expected.target) return `it saw the target ${got.path}`
    if (expected.headers && JSON.stringify(got.headers) !== JSON.stringify(expected.headers))
      return `it saw the headers ${JSON.stringify(got.headers)}`
    if (expected.trailers && JSON.stringify(got.trailers) !== JSON.stringify(expected.trailers))
      return `it saw the trailers ${JSON.stringify(got.trailers)}`
  }
  return undefined
}

/** A client that has sent its FIN may be left without an answer: it broke off itself. */
const statusesDiffer = (entry: Entry, due: readonly number[], got: readonly number[]): boolean => {
  const same = JSON.stringify(due) === JSON.stringify(got)
  return !same && !(entry.cut && JSON.stringify(due.slice(0, -1)) === JSON.stringify(got))
}

/** One server for each entry under way: what the application saw is then that entry's. */
const judge = async (engine: string, entry: Entry, cut: Cut): Promise<string | undefined> => {
  const { app, seen } = (engines[engine] ?? nodeApp)()
  const served = await serve(app, { keepAliveMs: 30_000, ...entry.policy })
  const { statuses, ending } = await converse(served.port, bytesOf(entry), cut, entry.cut)
  const dues = duesOf(engine, entry, cut)
  const met = dues.find((due) => due.ending === ending && !statusesDiffer(entry, due.statuses, statuses))
  if (!met) {
    const wanted = dues.map((due) => `${due.statuses.join(' ')} (${due.ending})`).join(' or ')
    return `answers ${statuses.join(' ')} (${ending}), expected ${wanted}`
  }
  await until(() => served.engine.connections === 0)
  served.engine.destroy()
  return seenDiffers(entry, entry.cut ? statuses : met.statuses, seen)
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
