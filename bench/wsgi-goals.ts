/** What `bench:wsgi` is judged by, from the rows that were measured. Pure: it runs nothing and prints nothing. */
import { median } from './statistics.ts'
import { names } from './wsgi-servers.ts'
import { type Figure, find, type Row, ratio } from './wsgi-table.ts'

export interface Goal {
  readonly words: string
  readonly measured: string
  readonly verdict: 'met' | 'missed' | 'not measured'
}

const verdictOf = (value: number, isMet: (value: number) => boolean): Goal['verdict'] =>
  Number.isNaN(value) ? 'not measured' : isMet(value) ? 'met' : 'missed'

const times = (value: number): string => (Number.isNaN(value) ? '-' : `${value.toFixed(2)}x`)

interface Comparison {
  readonly words: string
  readonly trial: string
  readonly figure: Figure
  readonly ours: string
  readonly theirs: string
  readonly least?: number
  readonly most?: number
}

const comparisons: readonly Comparison[] = [
  ...[
    { trial: 'hello, keep-alive', least: 8 },
    { trial: 'flask, keep-alive', least: 2.7 },
    { trial: 'django json, keep-alive', least: 2.2 },
  ].map(({ trial, least }) => ({
    words: `${trial}: requests/s at least ${least} times those of ${names.gunicornSync}`,
    ...{ trial, least, figure: 'perSecond' as const, ours: names.sync, theirs: names.gunicornSync },
  })),
  {
    words: `django json, keep-alive: CPU a request at most half of ${names.gunicornSync}'s`,
    ...{
      trial: 'django json, keep-alive',
      figure: 'cost',
      ours: names.sync,
      theirs: names.gunicornSync,
      most: 0.5,
    },
  },
  {
    words: `mixed load: p99 of the fast requests at most ${names.gunicornThreads}'s`,
    ...{ trial: 'mixed', figure: 'p99', ours: names.threads, theirs: names.gunicornThreads, most: 1 },
  },
]

const compare = (rows: readonly Row[], goal: Comparison): Goal => {
  const { least = 0, most = Number.POSITIVE_INFINITY, trial, figure } = goal
  const value = ratio(find(rows, trial, goal.ours), find(rows, trial, goal.theirs), figure)
  return {
    words: goal.words,
    measured: times(value),
    verdict: verdictOf(value, (it) => it >= least && it <= most),
  }
}

/** In every trial where both were measured. */
const neverBehind = (rows: readonly Row[]): Goal => {
  const ratios = rows
    .filter(({ server }) => server === names.sync)
    .map((row) => ({
      trial: row.trial,
      value: ratio(row, find(rows, row.trial, names.uwsgiHttp), 'perSecond'),
    }))
    .filter(({ trial, value }) => !Number.isNaN(value) && trial !== 'mixed')
  const behind = ratios.filter(({ value }) => value < 1)
  const least = ratios.toSorted((a, b) => a.value - b.value).slice(0, 1)
  const told = (behind.length > 0 ? behind : least).map(({ trial, value }) => `${trial}: ${times(value)}`)
  return {
    words: `requests/s never behind ${names.uwsgiHttp}`,
    measured: told.join('; ') || '-',
    verdict: verdictOf(ratios.length === 0 ? Number.NaN : behind.length, (count) => count === 0),
  }
}

const megabytes = (value: number): string => (Number.isNaN(value) ? '-' : `${value.toFixed(1)} MB`)
const middle = (values: readonly number[] | undefined): number =>
  values?.length ? median(values) : Number.NaN

/** Without its fronts it may take what Gunicorn takes, and one front beside. */
const memory = (rows: readonly Row[]): Goal => {
  const ours = find(rows, 'memory', names.preload)?.figures
  const pss = middle(ours?.pss)
  const allowed = middle(find(rows, 'memory', names.gunicornPreload)?.figures.pss) + middle(ours?.front)
  return {
    words: `memory: PSS at most ${names.gunicornPreload}'s and one front`,
    measured: `${megabytes(pss)}, allowed ${megabytes(allowed)}`,
    verdict: verdictOf(pss - allowed, (excess) => excess <= 0),
  }
}

/** All goals, those that were not measured in this run too. */
export const judge = (rows: readonly Row[]): readonly Goal[] => [
  ...comparisons.map((goal) => compare(rows, goal)),
  neverBehind(rows),
  memory(rows),
]
