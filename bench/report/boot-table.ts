/** The outcome of `bench:boot` as Markdown. Pure. */
import type { BootResults } from '../boot-results.ts'
import { spread } from '../statistics.ts'
import { table } from './markdown.ts'

export const bootTable = ({ rows }: BootResults): string =>
  table(
    ['server', 'command to first answer, ms: median (least to most)', 'memory of all processes, MB (PSS)'],
    rows.map(({ server, started, memory }) => [server, spread(started, 0), spread(memory, 0)]),
  )
