/** Which pictures docs/benchmarks/ has: name -> SVG. Pure. */
import { stretch } from '../failure-phases.ts'
import { scenarios } from '../failure-scenarios.ts'
import { isOurs } from '../peer-names.ts'
import { type Bar, bars } from './bars.ts'
import { measuredScenarios } from './failure-table.ts'
import type { Results } from './results.ts'
import { strips } from './strips.ts'

const barOf = (label: string, values: readonly number[]): Bar[] =>
  values.length === 0 ? [] : [{ label, values, ours: isOurs(label) }]

/** Rows under their group, both in the order in which they were measured. */
const grouped = <T>(rows: readonly T[], groupOf: (row: T) => string, of: (row: T) => Bar[]) =>
  [...new Set(rows.map(groupOf))].map((name) => ({
    name,
    bars: rows.filter((row) => groupOf(row) === name).flatMap(of),
  }))

export const picturesOf = ({ failure, http, wsgi, boot }: Results): Readonly<Record<string, string>> => {
  const pictures: Record<string, string> = {}
  if (http !== undefined)
    pictures['http'] = bars({
      title: 'HTTP: requests a second, one process each',
      groups: grouped(
        http.rows,
        ({ workload }) => workload,
        ({ contestant, perSecond }) => barOf(contestant, perSecond),
      ),
    })
  if (wsgi !== undefined)
    pictures['wsgi'] = bars({
      title: 'WSGI: requests a second, two workers each',
      groups: grouped(
        wsgi.rows,
        ({ trial }) => trial,
        ({ server, figures }) => barOf(server, figures.perSecond),
      ),
    })
  if (boot !== undefined)
    pictures['boot'] = bars({
      title: 'From the command to the first answer, milliseconds',
      groups: [
        { name: 'two workers', bars: boot.rows.flatMap(({ server, started }) => barOf(server, started)) },
      ],
    })
  if (failure !== undefined)
    for (const name of measuredScenarios(failure))
      pictures[`failure-${name}`] = strips({
        title: `${name === 'kill' ? 'kill -9' : name}: the slowest answer of each 0.1 s, and what failed`,
        words: scenarios[name].words.replaceAll('`', ''),
        stretch,
        strips: failure.rows
          .filter(({ scenario }) => scenario === name)
          .flatMap(({ server, strip }) =>
            strip === undefined ? [] : [{ ...strip, label: server, ours: isOurs(server) }],
          ),
      })
  return pictures
}
