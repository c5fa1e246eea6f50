/** The outcome of `bench:failure` as Markdown. Pure. Of several rounds: the sum of errors, medians of latencies. */
import { errorsOf, type Phase } from '../failure-phases.ts'
import { type FailureResults, type FailureRow, judge, lossesOf, slowerIn } from '../failure-results.ts'
import { type Scenario, scenarioNames, scenarios } from '../failure-scenarios.ts'
import { isOurs } from '../peer-names.ts'
import { median } from '../statistics.ts'
import { bullet, number, table } from './markdown.ts'

const milliseconds = (value: number): string => number(value, value < 100 ? 1 : 0)

const middle = (rows: readonly FailureRow[], of: (row: FailureRow) => number): string =>
  milliseconds(median(rows.map(of)))

/** `0`, or `12 (10 reset, 2 closed)`. */
const errorsIn = (phases: readonly Phase[]): string => {
  const sum = phases.reduce((total, phase) => total + errorsOf(phase), 0)
  if (sum === 0) return '0'
  const kinds = new Map<string, number>()
  for (const { errors } of phases)
    for (const [kind, count] of Object.entries(errors)) kinds.set(kind, (kinds.get(kind) ?? 0) + count)
  return `${number(sum)} (${[...kinds].map(([kind, count]) => `${number(count)} ${kind}`).join(', ')})`
}

const settledIn = (rows: readonly FailureRow[]): string => {
  const times = rows.flatMap(({ settled }) => settled ?? [])
  return times.length < rows.length ? 'never' : `${number(median(times) / 1000, 1)} s`
}

const lineOf = (server: string, rows: readonly FailureRow[]): string[] => {
  const phases = (name: 'before' | 'during' | 'after') => rows.map((row) => row.phases[name])
  return [
    server,
    number(median(rows.map(({ rate }) => rate))),
    errorsIn(phases('before')),
    errorsIn(phases('during')),
    errorsIn(phases('after')),
    middle(rows, (row) => row.phases.before.p99),
    middle(rows, (row) => row.phases.during.p99),
    middle(rows, (row) => row.phases.after.p99),
    milliseconds(Math.max(...rows.map((row) => row.phases.during.most))),
    settledIn(rows),
  ]
}

const titles = [
  ...['server', 'requests/s', 'failed before', 'failed during', 'failed after'],
  ...['p99 before, ms', 'p99 during', 'p99 after', 'slowest during', 'settled in'],
]

/** Names in the order in which they were measured. */
export const serversOf = ({ capacity }: FailureResults): string[] => Object.keys(capacity)

const rowsOf = ({ rows }: FailureResults, scenario: Scenario, server: string): FailureRow[] =>
  rows.filter((row) => row.scenario === scenario && row.server === server)

const whyNot = ({ cannot, failed }: FailureResults, scenario: Scenario, server: string): string =>
  [...cannot, ...failed].find((each) => each.scenario === scenario && each.server === server)?.why ??
  'not measured'

/** One scenario: a line a server. */
export const scenarioTable = (results: FailureResults, scenario: Scenario): string =>
  table(
    titles,
    serversOf(results).map((server) => {
      const rows = rowsOf(results, scenario, server)
      if (rows.length > 0) return lineOf(server, rows)
      return [server, whyNot(results, scenario, server), ...new Array<string>(titles.length - 2).fill('')]
    }),
  )

export const measuredScenarios = ({ rows, cannot }: FailureResults): Scenario[] =>
  scenarioNames.filter((name) => [...rows, ...cannot].some(({ scenario }) => scenario === name))

const summaryCell = (results: FailureResults, scenario: Scenario, server: string): string => {
  const rows = rowsOf(results, scenario, server)
  if (rows.length === 0) return whyNot(results, scenario, server).split(':')[0] ?? ''
  const lost = rows.reduce((sum, row) => sum + lossesOf(row), 0)
  const times = slowerIn(rows)
  const end = rows.some(({ settled }) => settled === null) ? ', stays' : ''
  return `${number(lost)} (${times.toFixed(1)}x${end})`
}

/** A line a server, a column a scenario: failed requests, and how many times the p99 was higher. */
export const summaryTable = (results: FailureResults): string => {
  const shown = measuredScenarios(results)
  return table(
    ['server', 'requests/s', ...shown.map((name) => (name === 'kill' ? 'kill -9' : name))],
    serversOf(results).map((server) => [
      server,
      number(median(results.rows.filter((row) => row.server === server).map(({ rate }) => rate))),
      ...shown.map((scenario) => summaryCell(results, scenario, server)),
    ]),
  )
}

/** What was asked of tsgunicorn, and where it was missed. */
export const judgement = (results: FailureResults): string => {
  const servers = serversOf(results).filter(isOurs)
  const ours = measuredScenarios(results)
    .flatMap((scenario) =>
      servers.map((server) => ({ scenario, server, rows: rowsOf(results, scenario, server) })),
    )
    .filter(({ rows }) => rows.length > 0)
  const missed = ours.map(({ rows, ...each }) => ({ ...each, ...judge(rows) })).filter(({ met }) => !met)
  return [
    bullet(`Met in ${ours.length - missed.length} of ${ours.length} scenarios.`),
    ...missed.map(({ scenario, server, why }) => bullet(`Missed: ${scenario}, ${server}: ${why}.`)),
  ].join('\n')
}

export const failureTable = (results: FailureResults): string =>
  [
    ...measuredScenarios(results).map(
      (name) => `${name}: ${scenarios[name].words}\n\n${scenarioTable(results, name)}`,
    ),
    judgement(results),
  ].join('\n\n')
