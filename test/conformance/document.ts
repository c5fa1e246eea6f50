/** The tables of `docs/http.md` that are facts of the code: made from the policy and from the corpus' own tables. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defaultPolicy, type HttpPolicy } from '../../src/http/policy.ts'
import { llhttpDifferences } from './llhttp-differences.ts'
import { releases } from './llhttp-version.ts'
import { nodeDifferences, nodeResponseDifferences } from './node-differences.ts'

export const documentPath = fileURLToPath(new URL('../../docs/http.md', import.meta.url))

interface Bound {
  readonly policy: keyof HttpPolicy
  readonly setting: string
  readonly what: string
  readonly answer: string
}

const bounds: readonly Bound[] = [
  {
    policy: 'limitRequestLine',
    setting: 'limit_request_line',
    what: 'bytes of the request line with its CRLF',
    answer: '414',
  },
  {
    policy: 'limitRequestFields',
    setting: 'limit_request_fields',
    what: 'header fields, and trailer fields',
    answer: '431',
  },
  {
    policy: 'limitRequestFieldSize',
    setting: 'limit_request_field_size',
    what: 'bytes of one field line with its CRLF',
    answer: '431',
  },
  {
    policy: 'limitRequestHead',
    setting: 'limit_request_head',
    what: 'bytes of the whole head',
    answer: '431',
  },
  {
    policy: 'limitRequestBody',
    setting: 'limit_request_body',
    what: 'bytes of a body, without its framing',
    answer: '413',
  },
  {
    policy: 'limitChunkLine',
    setting: 'limit_chunk_line',
    what: 'bytes of one chunk-size line with its CRLF',
    answer: '400',
  },
  {
    policy: 'limitChunkExtensions',
    setting: 'limit_chunk_extensions',
    what: 'bytes of all chunk extensions of a body, from each `;` on',
    answer: '413',
  },
  {
    policy: 'limitRequestTrailers',
    setting: 'limit_request_trailers',
    what: 'bytes of the trailer fields of a body',
    answer: '431',
  },
  {
    policy: 'limitPipelinedRequests',
    setting: 'limit_pipelined_requests',
    what: 'requests of one connection in hand at once',
    answer: '503 on node:http; the core lets them wait',
  },
  {
    policy: 'workerConnections',
    setting: 'worker_connections',
    what: 'connections of one worker',
    answer: 'accepting stops',
  },
]

const times: readonly Bound[] = [
  {
    policy: 'headersMs',
    setting: 'header_timeout',
    what: 'for a head to arrive, from its first byte',
    answer: '408',
  },
  {
    policy: 'bodyMs',
    setting: 'body_timeout',
    what: 'for a piece of body to arrive, while somebody reads it',
    answer: '408, or cut when the answer has begun',
  },
  {
    policy: 'keepAliveMs',
    setting: 'keepalive',
    what: 'for the next request on an idle connection',
    answer: 'closed',
  },
  {
    policy: 'writeMs',
    setting: 'write_timeout',
    what: 'in which a client takes nothing of its answer',
    answer: 'cut',
  },
]

const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
const table = (titles: readonly string[], rows: readonly string[]): string =>
  [row(...titles), row(...titles.map(() => '---')), ...rows].join('\n')

const amount = (policy: keyof HttpPolicy): string => {
  const value = defaultPolicy[policy]
  return value === 0 ? 'no bound' : Number(value).toLocaleString('en-US')
}
const seconds = (policy: keyof HttpPolicy): string => `${Number(defaultPolicy[policy]) / 1000} s`

const tables: Readonly<Record<string, () => string>> = {
  bounds: () =>
    table(
      ['setting', 'bounds', 'default', 'beyond it'],
      bounds.map(({ setting, what, policy, answer }) => row(`\`${setting}\``, what, amount(policy), answer)),
    ),
  times: () =>
    table(
      ['setting', 'time', 'default', 'beyond it'],
      times.map(({ setting, what, policy, answer }) => row(`\`${setting}\``, what, seconds(policy), answer)),
    ),
  'node differences': () =>
    table(
      ['the client sends', 'node-style applications (node:http)', 'RFC'],
      [
        ...nodeDifferences.map(({ request, effect, rfc, agreesFrom }) =>
          row(request, effect + releases(agreesFrom), rfc),
        ),
        ...nodeResponseDifferences.map(({ request, effect, rfc }) => row(request, effect, rfc)),
      ],
    ),
  'llhttp differences': () =>
    table(
      ['where they part', 'stricter', 'why', 'RFC'],
      llhttpDifferences.map(({ name, stricter, why, rfc, agreesFrom }) =>
        row(name, stricter, why + releases(agreesFrom), rfc),
      ),
    ),
}

const marked = /(<!-- generated: ([^>]+) -->\n)[\s\S]*?(<!-- end -->)/g

/** The document with its tables made anew; throws for a mark that names no table. */
export const withTables = (text: string): string =>
  text.replace(marked, (_, start: string, name: string, end: string) => {
    const make = tables[name]
    if (!make) throw new Error(`docs/http.md: there is no table '${name}'`)
    return `${start}\n${make()}\n\n${end}`
  })

export const readDocument = (): string => readFileSync(documentPath, 'utf8')
export const tableNames = Object.keys(tables)
