/**
 * What must come of an entry on an engine, and whether it did: statuses, ending, and what the application saw. Pure.
 */
import type { Seen } from './apps.ts'
import { type Entry, isRefused } from './entry.ts'
import { type Conversation, statusesOf } from './live.ts'
import { type NodeDifference, nodeDifferenceOf } from './node-differences.ts'
import { type Cut, whole } from './pieces.ts'

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
export const seenDiffers = (
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

/** What is wrong with how an entry was answered; undefined when nothing is. */
export const answersDiffer = (
  engine: string,
  entry: Entry,
  cut: Cut,
  { statuses, ending }: Conversation,
): string | undefined => {
  const dues = duesOf(engine, entry, cut)
  if (meeting(dues, entry, statuses, ending)) return undefined
  const wanted = dues.map((due) => `${due.statuses.join(' ')} (${due.ending})`).join(' or ')
  return `answers ${statuses.join(' ')} (${ending}), expected ${wanted}`
}

const meeting = (dues: readonly Due[], entry: Entry, statuses: readonly number[], ending: string) =>
  dues.find((due) => due.ending === ending && !statusesDiffer(entry, due.statuses, statuses))
