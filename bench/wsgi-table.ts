/** The outcome of `bench:wsgi` as Markdown. Pure; what was aimed at is judged in wsgi-goals.ts. */
import { median } from './statistics.ts'
import type { Goal } from './wsgi-goals.ts'

/** What a server did in one trial: a list for each figure, with one value a round; no value after it failed. */
export interface Row {
  readonly server: string
  /** `hello, keep-alive`, `mixed`, `memory`: rows of one trial are compared. */
  readonly trial: string
  readonly figures: Readonly<Record<Figure, number[]>>
  /** Connections that failed in all rounds, as the client counted. */
  faults: number
  /** Why it was not measured, or not in all rounds. */
  why: string | undefined
}

export const figures = ['perSecond', 'p50', 'p99', 'most', 'cost', 'pss', 'front', 'processes'] as const
export type Figure = (typeof figures)[number]

export interface Facts {
  readonly date: string
  readonly machine: string
  readonly how: string
  readonly versions: Readonly<Record<string, string>>
}

interface Column {
  readonly figure: Figure
  readonly title: string
  readonly digits: number
}

export const columns = {
  load: [
    { figure: 'perSecond', title: 'requests/s', digits: 0 },
    { figure: 'p99', title: 'p99 ms', digits: 1 },
    { figure: 'cost', title: 'CPU us/request', digits: 1 },
    { figure: 'pss', title: 'PSS MB', digits: 0 },
  ],
  mixed: [
    { figure: 'p99', title: 'fast p99 ms', digits: 1 },
    { figure: 'p50', title: 'fast p50 ms', digits: 1 },
    { figure: 'most', title: 'fast most ms', digits: 1 },
    { figure: 'perSecond', title: 'slow/s', digits: 1 },
    { figure: 'cost', title: 'CPU us/request', digits: 1 },
  ],
  memory: [
    { figure: 'pss', title: 'PSS MB', digits: 1 },
    { figure: 'front', title: 'of it fronts', digits: 1 },
    { figure: 'processes', title: 'processes', digits: 0 },
  ],
} as const satisfies Readonly<Record<string, readonly Column[]>>

export const rowOf = (trial: string, server: string): Row => ({
  trial,
  server,
  figures: { perSecond: [], p50: [], p99: [], most: [], cost: [], pss: [], front: [], processes: [] },
  faults: 0,
  why: undefined,
})

/** The median of the rounds' own ratios: a machine that gets slower meanwhile does not decide. NaN without both. */
export const ratio = (row: Row | undefined, base: Row | undefined, figure: Figure): number => {
  const values = (row?.figures[figure] ?? [])
    .map((value, round) => value / (base?.figures[figure][round] ?? Number.NaN))
    .filter(Number.isFinite)
  return values.length === 0 ? Number.NaN : median(values)
}

export const find = (rows: readonly Row[], trial: string, server: string): Row | undefined =>
  rows.find((row) => row.trial === trial && row.server === server)

const range = (values: readonly number[], digits: number): string => {
  if (values.length === 0 || values.some(Number.isNaN)) return '-'
  const show = (value: number) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  const middle = show(median(values))
  return values.length === 1
    ? middle
    : `${middle} (${show(Math.min(...values))}-${show(Math.max(...values))})`
}

const lineOf = (row: Row, base: Row | undefined, shown: readonly Column[]): string => {
  if (row.figures[shown[0]?.figure ?? 'perSecond'].length === 0)
    return `| ${[row.trial, row.server, 'not measured'].join(' | ')} ${'| '.repeat(shown.length + 1)}|`
  const [first] = shown
  const compared = first === undefined ? Number.NaN : ratio(row, base, first.figure)
  return `| ${[
    row.trial,
    row.server,
    ...shown.map(({ figure, digits }) => range(row.figures[figure], digits)),
    Number.isNaN(compared) ? '-' : `${compared.toFixed(2)}x`,
    String(row.faults),
  ].join(' | ')} |`
}

/** A line a row, those of a trial together; the column before the last compares the first figure with `base`'s. */
export const tableOf = (rows: readonly Row[], shown: readonly Column[], base: string): string => {
  const titles = ['trial', 'server', ...shown.map(({ title }) => title), `${base} = 1`, 'failed connections']
  return [
    `| ${titles.join(' | ')} |`,
    `|${'---|'.repeat(titles.length)}`,
    ...rows.map((row) => lineOf(row, find(rows, row.trial, base), shown)),
    ...reasonsOf(rows),
  ].join('\n')
}

/** Why rows are empty or short: a line for each server and reason, with the trials. */
const reasonsOf = (rows: readonly Row[]): string[] => {
  const whys = new Map<string, string[]>()
  for (const { server, why, trial } of rows)
    if (why !== undefined) whys.set(`${server}: ${why}`, [...(whys.get(`${server}: ${why}`) ?? []), trial])
  return [...whys].map(([words, trials]) => `\nFailed: ${words} (${trials.join('; ')})`)
}

export const factsOf = ({ date, machine, how, versions }: Facts): string =>
  [
    `${date}; ${machine}`,
    `${how}; median (least-most)`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ].join('\n')

export const goalsOf = (goals: readonly Goal[]): string =>
  [
    '| goal | measured | |',
    '|---|---|---|',
    ...goals.map(({ words, measured, verdict }) => `| ${words} | ${measured} | ${verdict} |`),
  ].join('\n')
