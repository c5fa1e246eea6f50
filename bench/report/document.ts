/** docs/benchmarks/README.md from what was measured. Pure. */
import { mostSlower, scenarios } from '../failure-scenarios.ts'
import { tableOf as httpTable } from '../http-table.ts'
import { peerNotes } from '../peer-names.ts'
import { names } from '../wsgi-servers.ts'
import { columns, goalsOf, tableOf as wsgiTable } from '../wsgi-table.ts'
import { bootTable } from './boot-table.ts'
import { judgement, measuredScenarios, scenarioTable, summaryTable } from './failure-table.ts'
import { bullet, wrap } from './markdown.ts'
import { type Kept, type Results, wasIdle } from './results.ts'

const skippedLines = (skipped: Readonly<Record<string, string>>): string[] =>
  Object.entries(skipped).map(([server, why]) => bullet(`${server}: not measured: ${why}`))

/** What a run found installed and did not measure is not told. */
const versionsWith = (versions: Kept['versions'], rows: readonly string[]): Kept['versions'] =>
  Object.fromEntries(
    Object.entries(versions).filter(
      ([name]) =>
        ['Node', 'Python', 'django', 'flask'].includes(name) ||
        rows.some((row) => row.toLowerCase().includes(name.toLowerCase())),
    ),
  )

const heading = ({ date, machine, how, versions, command, busy }: Kept): string[] => [
  bullet(`${date}, ${machine}.`),
  ...(wasIdle({ busy })
    ? []
    : [bullet(`**The machine was not idle before the run (${busy} processes): these figures say little.**`)]),
  bullet(
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ),
  bullet(`${how}.`),
  bullet(`Again: \`${command}\``),
]

const image = (words: string, name: string): string => `![${words}](${name}.svg)`

const failureSection = ({ failure }: Results): string[] =>
  failure === undefined
    ? ['Not measured yet.']
    : [
        [...heading(failure), ...peerNotes.map(bullet), ...skippedLines(failure.skipped)].join('\n'),
        wrap(
          'Failed requests, during and after, and how many times higher the 99th percentile was during than before. ' +
            '"Stays": the server did not recover within 10 s.',
        ),
        summaryTable(failure),
        wrap(
          `Asked of tsgunicorn: no failed request, but those that a killed worker held; p99 during at most ${mostSlower} times p99 before.`,
        ),
        judgement(failure),
        ...measuredScenarios(failure).flatMap((name) => [
          `### ${name === 'kill' ? 'kill -9' : name}`,
          wrap(scenarios[name].words),
          image(`The slowest answers over time: ${name}`, `failure-${name}`),
          scenarioTable(failure, name),
        ]),
      ]

const httpSection = ({ http }: Results): string[] =>
  http === undefined
    ? ['Not measured yet.']
    : [
        heading({
          ...http,
          versions: versionsWith(
            { Node: http.node.replace('v', ''), ...http.versions },
            http.rows.map(({ contestant }) => contestant),
          ),
        }).join('\n'),
        image('Requests a second over HTTP', 'http'),
        httpTable(http.rows, http, new Map(Object.entries(http.skipped)))
          .split('\n')
          .slice(3)
          .join('\n')
          .trim(),
      ]

const wsgiSection = ({ wsgi }: Results): string[] =>
  wsgi === undefined
    ? ['Not measured yet.']
    : [
        [
          ...heading({
            ...wsgi,
            versions: versionsWith(
              wsgi.versions,
              wsgi.rows.map(({ server }) => server),
            ),
          }),
          ...wsgi.notes.map(bullet),
        ].join('\n'),
        image('Requests a second of WSGI applications', 'wsgi'),
        wsgiTable(wsgi.rows, columns.load, names.gunicornSync),
        goalsOf(wsgi.goals.filter(({ verdict }) => verdict !== 'not measured')),
      ]

const bootSection = ({ boot }: Results): string[] =>
  boot === undefined
    ? ['Not measured yet.']
    : [
        [...heading(boot), ...skippedLines(boot.skipped)].join('\n'),
        image('From the command to the first answer', 'boot'),
        bootTable(boot),
      ]

const limits = [
  'Servers, applications and load generator share one machine, over its loopback interface. With two cores they take ' +
    'time from each other: figures of another machine are others, and a ratio is worth more than a rate.',
  'Each server has its defaults, but for what is said beside it: two workers, under failure two for each core, and for HTTP one process. Nobody has ' +
    'tuned any of them.',
  'Medians, with least and most; no round is left out, and no server that was measured.',
  'The generator of the load under failure retries nothing. Clients and proxies repeat a GET whose kept connection ' +
    'was closed before a byte of the answer: behind them fewer requests are lost than here, of every server.',
  'A blocked worker of a node application has the connections of its clients in its hands: what they ask on them is ' +
    'lost with it, whoever supervises it. With WSGI applications the connections are those of a process that runs no ' +
    "application (tsgunicorn's front, uWSGI's router), or there is one for each request (Gunicorn's sync worker).",
  'With one worker for each core, half of what a server can do is all that one of two workers can do: when the other is ' +
    'gone, latency tells how nearly that is enough. So tsgunicorn is measured with one for each core, too (`-w 2`). All ' +
    "have two for each core, near what Gunicorn's manual recommends (twice the cores and one).",
  'Timers have a resolution of a millisecond: a request may be sent that much after it was due, and its latency has it.',
  'A request under failure costs about a millisecond of computing (PBKDF2, the same in Node and Python), so that half ' +
    "of a server's capacity is a load that means something.",
]

export const documentOf = (results: Results): string =>
  `${[
    '<!-- Generated by `npm run bench -- --render` - do not edit. -->',
    '# Benchmarks',
    wrap(
      'Measured by `npm run bench`, which starts every server that is installed, in turns, and writes this page, its ' +
        'pictures and `results/*.json`. pm2 is fetched from npm and Python servers from pip into a cache folder; ' +
        '`apt-get install wrk uwsgi uwsgi-plugin-python3` gives the rest. `npm run bench -- --render` writes page and ' +
        'pictures again from the JSON.',
    ),
    '## What these figures do not say',
    limits.map(bullet).join('\n'),
    '## Under failure',
    ...failureSection(results),
    '## HTTP',
    ...httpSection(results),
    '## WSGI',
    ...wsgiSection(results),
    '## Start',
    ...bootSection(results),
  ].join('\n\n')}\n`
