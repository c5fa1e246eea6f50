/** The outcome of `bench:http` as Markdown. Pure. */
import { median } from './statistics.ts'

export interface Row {
  readonly workload: string
  readonly contestant: string
  /** One value a round. */
  readonly perSecond: number[]
  /** Microseconds of processor time a request, one value a round. */
  readonly cost: number[]
  /** Connections that failed in all rounds, as the client counted. */
  faults: number
}

interface Facts {
  readonly date: string
  readonly node: string
  readonly versions: Readonly<Record<string, string>>
  readonly machine: string
  readonly how: string
}

const range = (values: readonly number[], digits: number): string => {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)]
  const show = (value: number) =>
    digits === 0 ? Math.round(value).toLocaleString('en') : value.toFixed(digits)
  return `${show(middle)} (${show(least)}-${show(most)})`
}

/** How much more a processor second does than the base's: the median of the rounds' own ratios. */
const gain = (row: Row, base: Row | undefined): string => {
  if (base === undefined) return '-'
  const ratios = row.cost
    .map((cost, round) => (base.cost[round] ?? Number.NaN) / cost)
    .filter(Number.isFinite)
  return ratios.length === 0 ? '-' : `${median(ratios).toFixed(2)}x`
}

const lineOf = (row: Row, base: Row | undefined): string =>
  `| ${[
    row.workload,
    row.contestant,
    range(row.perSecond, 0),
    range(row.cost, 2),
    gain(row, base),
    String(row.faults),
  ].join(' | ')} |`

/** A table: a line for each contestant of each workload; then what was left out, and why. */
export const tableOf = (rows: readonly Row[], facts: Facts, skipped: ReadonlyMap<string, string>): string => {
  const baseOf = ({ workload }: Row) =>
    rows.find((row) => row.workload === workload && row.contestant === 'node:http')
  const versions = Object.entries(facts.versions).map(([name, version]) => `${name} ${version}`)
  return [
    `${facts.date}, Node ${facts.node}, ${versions.join(', ')}`,
    `${facts.machine}; ${facts.how}; median (least-most)`,
    '',
    '| workload | server | requests/s | CPU us/request | per CPU-second, node:http = 1 | failed connections |',
    '|---|---|---|---|---|---|',
    ...rows.filter(({ cost }) => cost.length > 0).map((row) => lineOf(row, baseOf(row))),
    '',
    ...[...skipped].map(([name, why]) => `Skipped: ${name}: ${why}`),
  ].join('\n')
}
