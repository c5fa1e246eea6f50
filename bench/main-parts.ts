/** How `npm run bench` runs its parts: which program, with which arguments. Pure. */
import { peerNames } from './peer-names.ts'
import type { Part } from './report/results.ts'

export interface PartOptions {
  readonly rounds: number | undefined
  readonly seconds: number | undefined
  /** Parts of names, separated by commas; empty: all. */
  readonly peers: string
  readonly scenarios: string
}

export type PartPlan =
  | {
      readonly script: string
      readonly args: readonly string[]
      /** The options of `npm run bench` that make it measure the same again. */
      readonly said: readonly string[]
    }
  | { readonly skipped: string }

/** Rounds and seconds of the published figures: all parts together take less than a quarter of an hour on two cores. */
const published = {
  failure: { rounds: 1, seconds: 2 },
  http: { rounds: 3, seconds: 1 },
  wsgi: { rounds: 3, seconds: 1 },
  boot: { rounds: 3, seconds: 1 },
} as const satisfies Readonly<Record<Part, { rounds: number; seconds: number }>>

/** Peers -> the words by which `bench:http` and `bench:wsgi` know them. What tsgunicorn is compared with comes first. */
const http = { tsgunicorn: 'tsgunicorn', cluster: 'node:cluster', pm2: 'pm2' } as const
const wsgi = {
  tsgunicorn: 'tsgunicorn sync,tsgunicorn threads',
  gunicorn: 'gunicorn sync,gunicorn gthread',
  uwsgi: 'uWSGI --http keep-alive',
} as const

/** Names of peers without spaces, as `--peers` has them. */
const isAsked = (words: string, name: string): boolean =>
  words === '' ||
  words.split(',').some((word) => word.trim() !== '' && name.includes(word.trim().toLowerCase()))

const named = (table: Readonly<Record<string, string>>, words: string): string[] =>
  Object.entries(table).flatMap(([name, known]) => (isAsked(words, name) ? [known] : []))

export const partsOf = (asked: PartOptions): Readonly<Record<Part, PartPlan>> => {
  const plan = (part: Part, script: string, args: readonly string[], isTimed = true): PartPlan => {
    const rounds = asked.rounds ?? published[part].rounds
    const seconds = asked.seconds ?? published[part].seconds
    const counts = [`--rounds ${rounds}`, ...(isTimed ? [`--seconds ${seconds}`] : [])]
    const words = (['peers', 'scenarios'] as const)
      .filter((name) => asked[name] !== '' && (name === 'peers' || part === 'failure'))
      .map((name) => `--${name} '${asked[name]}'`)
    return {
      script,
      args: [...counts.flatMap((count) => count.split(' ')), ...args],
      said: [...counts, ...words],
    }
  }
  const [https, wsgis] = [named(http, asked.peers), named(wsgi, asked.peers)]
  const peerArgs = asked.peers === '' ? [] : ['--peers', asked.peers]
  const someone = Object.values(peerNames).some((name) => isAsked(asked.peers, name.toLowerCase()))
  const nobody = { skipped: 'none of its servers is asked for' } as const
  return {
    failure: someone
      ? plan('failure', './failure.ts', [
          ...peerArgs,
          ...(asked.scenarios === '' ? [] : ['--scenarios', asked.scenarios]),
        ])
      : nobody,
    http:
      https.length === 0
        ? nobody
        : plan('http', './http.ts', [
            ...['--only', ['node:http', ...https].join(',')],
            ...['--workloads', 'hello,Connection: close'],
          ]),
    wsgi:
      wsgis.length === 0
        ? nobody
        : plan('wsgi', './wsgi.ts', [
            ...['--servers', wsgis.join(',')],
            ...['--only', 'hello,flask,django json'],
          ]),
    boot: someone ? plan('boot', './boot.ts', peerArgs, false) : nobody,
  }
}
