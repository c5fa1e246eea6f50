/** The figures in the project's README.md, between two marks. Pure. */
import { median } from '../statistics.ts'
import { names } from '../wsgi-servers.ts'
import { find, ratio } from '../wsgi-table.ts'
import { summaryTable } from './failure-table.ts'
import { bullet, number, wrap } from './markdown.ts'
import { type HttpResults, type Results, type WsgiResults, wasIdle } from './results.ts'

const [opening, closing] = ['<!-- benchmarks -->', '<!-- /benchmarks -->'] as const

const wsgiLine = ({ rows, date }: WsgiResults): string => {
  const told = ['hello', 'flask', 'django json'].flatMap((name) => {
    const trial = `${name}, keep-alive`
    const ours = find(rows, trial, names.sync)
    const times = ratio(ours, find(rows, trial, names.gunicornSync), 'perSecond')
    if (ours === undefined || Number.isNaN(times)) return []
    return [`${name} ${number(median(ours.figures.perSecond))} (${times.toFixed(1)} times)`]
  })
  return bullet(
    `WSGI, kept connections, requests a second and against Gunicorn's sync worker: ${told.join(', ')} (${date}).`,
  )
}

const httpLine = ({ rows, date }: HttpResults): string => {
  const told = rows
    .filter(({ workload, perSecond }) => workload === 'hello' && perSecond.length > 0)
    .map(({ contestant, perSecond }) => `${contestant} ${number(median(perSecond))}`)
  return bullet(`HTTP, one process, a bare hello, requests a second: ${told.join('; ')} (${date}).`)
}

/** The text between the marks. */
const inner = ({ failure, http, wsgi }: Results): string =>
  [
    ...([failure, http, wsgi].every((part) => part === undefined || wasIdle(part))
      ? []
      : ['**The machine was not idle when these were measured: they say little.**']),
    ...(failure === undefined
      ? []
      : [
          wrap(
            `Under failure (${failure.date}; ${failure.how.split('; ')[0]}): requests that failed at half of each server's ` +
              'capacity, and in brackets how many times higher the 99th percentile of latency was than before.',
          ),
          summaryTable(failure),
        ]),
    [...(wsgi === undefined ? [] : [wsgiLine(wsgi)]), ...(http === undefined ? [] : [httpLine(http)])].join(
      '\n',
    ),
    wrap(
      'Machine, versions, method, limits and the command that repeats it: [docs/benchmarks](docs/benchmarks/README.md).',
    ),
  ]
    .filter(Boolean)
    .join('\n\n')

/** The README with its block written anew. Throws when it has no marks. */
export const withBlock = (readme: string, results: Results): string => {
  const [from, to] = [readme.indexOf(opening), readme.indexOf(closing)]
  if (from < 0 || to < from)
    throw new Error(`README.md: no ${opening} before ${closing}. Write both where the figures belong.`)
  return `${readme.slice(0, from + opening.length)}\n${inner(results)}\n${readme.slice(to)}`
}
