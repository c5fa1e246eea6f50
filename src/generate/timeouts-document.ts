/** The tables of `docs/timeouts.md`: every setting that is a time, its default, and what happens when it is over. */
import type { Setting } from '../config/setting.ts'
import { type SettingName, settings } from '../config/settings/index.ts'
import { table } from './markdown.ts'

type Seconds = {
  readonly [Name in SettingName]: (typeof settings)[Name]['kind'] extends string ? Name : never
}[SettingName]

/** What is bounded, and what happens when the time is over. */
type Row = readonly [name: Seconds, bounds: string, beyond: string]

const ofRequests: readonly Row[] = [
  ['header_timeout', 'PROXY header, TLS handshake and head, from their first byte', '408, closed'],
  [
    'body_timeout',
    'the body, until it must keep `body_min_rate`; and each pause in it',
    '408, or cut once the answer has begun',
  ],
  [
    'timeout',
    'JavaScript: silence of the event loop; Python: each request, without waiting for its client',
    'JavaScript: the worker is ended and its requests are lost; Python: 504, or cut once the answer has begun',
  ],
  ['write_timeout', 'a client that takes nothing of its answer', 'cut'],
  ['keepalive', 'an idle connection that waits for its next request', 'closed'],
]

const ofWorkers: readonly Row[] = [
  [
    'boot_timeout',
    'a worker until it is ready',
    'it is killed; a first start ends with 3, a reload is given up',
  ],
  ['timeout', 'a worker that is silent', 'stack and requests are logged, `worker_abort`, ABRT'],
  ['abort_timeout', 'between ABRT and KILL', 'KILL'],
  ['graceful_timeout', 'a worker that drains', 'QUIT, and KILL two seconds later'],
  ['lame_duck', 'accepting after TERM to the master', 'the drain begins'],
  ['max_worker_lifetime', 'the age of a worker', 'it is replaced; its successor is ready before it drains'],
  ['max_worker_lifetime_jitter', 'what is added to it at random', ''],
  ['hook_timeout', 'a hook of the master', 'it is given up and logged'],
]

/** Every time that is named in a table. */
export const timesNamed: ReadonlySet<string> = new Set([...ofRequests, ...ofWorkers].map(([name]) => name))

const rendered = (rows: readonly Row[]) => (): string =>
  table(
    ['setting', 'bounds', 'default', 'beyond it'],
    rows.map(([name, bounds, beyond]) => [
      `[\`${name}\`](settings.md#${name})`,
      bounds,
      secondsOf(settings[name]),
      beyond,
    ]),
  )

const secondsOf = ({ default: value }: Setting): string => (value === 0 ? '0 (off)' : `${String(value)} s`)

export const requestTimes = rendered(ofRequests)
export const workerTimes = rendered(ofWorkers)
