/**
 * Every metric once: its name, kind, help and labels, and how it is read from what the master knows. Prometheus's text
 * (exposition.ts), docs/metrics.md and the statsd names that stand beside them come from it. Pure; it asks nobody.
 */
import { reloadOutcomes, restartReasons } from './own-counters.ts'
import { statusClasses, type Totals } from './reading.ts'
import { durationBounds } from './slot.ts'
import { type StatsdName, statsdNames } from './statsd-names.ts'

/** What a worker, or front, is at the moment of a look; null is not known, and makes no sample. */
export interface WorkerNumbers {
  readonly age: number
  readonly pid: number | null
  readonly kind: 'worker' | 'front'
  /** One of `workerStates`. */
  readonly state: string
  /** Seconds since its last beat. */
  readonly beatAge: number | null
  readonly requests: number
  readonly connections: number | null
  /** Seconds. */
  readonly lag: number | null
  readonly cpuSeconds: number | null
  /** Bytes. */
  readonly rss: number | null
  readonly pss: number | null
  readonly heap: number | null
  /** Of a front: requests that wait, and the seconds of the oldest. */
  readonly waiting: number
  readonly waitingSeconds: number
}

export interface MetricsInput {
  readonly totals: Totals
  readonly version: string
  readonly node: string
  /** Seconds since 1970. */
  readonly startedAt: number
  /** That serves; null before the first does. */
  readonly generation: number | null
  readonly ready: boolean
  readonly target: number
  readonly workers: readonly WorkerNumbers[]
  readonly listeners: readonly { readonly name: string; readonly queued: number | null }[]
}

export interface Sample {
  /** Behind the metric's name: `_bucket`, `_sum` and `_count` of histograms. */
  readonly suffix?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

export interface Metric {
  /** Without the prefix `tsgunicorn_`. */
  readonly name: string
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  readonly statsd?: StatsdName
  readonly read: (input: MetricsInput) => readonly Sample[]
}

export const prefix = 'tsgunicorn_'

/** The phases of arbiter/state.ts. */
export const workerStates = [
  'spawning',
  'booting',
  'ready',
  'leaving',
  'retiring',
  'dismissed',
  'capturing',
  'aborting',
  'quitting',
  'killed',
] as const
const workerKinds = ['worker', 'front'] as const

type Of = (input: MetricsInput) => number

const one =
  (value: Of): Metric['read'] =>
  (input) => [{ value: value(input) }]

/** A sample for each word of a table, so that none is missing before it is first counted. */
const each =
  <Word extends string>(
    label: string,
    words: readonly Word[],
    value: (input: MetricsInput, word: Word) => number,
  ): Metric['read'] =>
  (input) =>
    words.map((word) => ({ labels: { [label]: word }, value: value(input, word) }))

const identity = ({ age, pid, kind }: WorkerNumbers): Record<string, string> => ({
  worker: String(age),
  pid: String(pid ?? ''),
  kind,
})
const identityLabels = Object.keys(identity({ age: 0, pid: 0, kind: 'worker' } as WorkerNumbers))

const perWorker =
  (value: (worker: WorkerNumbers) => number | null): Metric['read'] =>
  ({ workers }) =>
    workers.flatMap((worker) => {
      const number = value(worker)
      return number === null ? [] : [{ labels: identity(worker), value: number }]
    })

const sumOf = (input: MetricsInput, value: (worker: WorkerNumbers) => number): number =>
  input.workers.reduce((sum, worker) => sum + value(worker), 0)

/** Cumulative, as Prometheus has it; what was lost with a worker took nobody knows how long, and is not in it. */
const durations: Metric['read'] = ({ totals: { buckets, seconds } }) => {
  let count = 0
  const samples = buckets.map((more, at) => {
    count += more
    const bound = durationBounds[at]
    return { suffix: '_bucket', labels: { le: bound === undefined ? '+Inf' : String(bound) }, value: count }
  })
  return [...samples, { suffix: '_sum', value: seconds }, { suffix: '_count', value: count }]
}

const states: Metric['read'] = ({ workers }) =>
  workerKinds.flatMap((kind) =>
    workerStates.map((state) => ({
      labels: { state, kind },
      value: workers.filter((worker) => worker.kind === kind && worker.state === state).length,
    })),
  )

export const catalogue: readonly Metric[] = [
  {
    name: 'requests_total',
    kind: 'counter',
    help: 'Requests that were given to the application and are over.',
    labels: [],
    statsd: statsdNames.requests,
    read: one(({ totals }) => totals.finished),
  },
  {
    name: 'request_duration_seconds',
    kind: 'histogram',
    help: 'Seconds from the complete head of a request to the end of its response.',
    labels: ['le'],
    statsd: statsdNames.duration,
    read: durations,
  },
  {
    name: 'responses_total',
    kind: 'counter',
    help: 'Responses by the class of their status.',
    labels: ['class'],
    statsd: statsdNames.status,
    read: each('class', statusClasses, ({ totals }, word) => totals.statuses[word]),
  },
  {
    name: 'response_body_bytes_total',
    kind: 'counter',
    help: 'Bytes of response bodies, without heads and framing.',
    labels: [],
    read: one(({ totals }) => totals.bytesSent),
  },
  {
    name: 'requests_refused_total',
    kind: 'counter',
    help: 'Requests that the server answered itself (400, 408, 413, 431, 503 ...): no application saw them.',
    labels: [],
    read: one(({ totals }) => totals.refused),
  },
  {
    name: 'requests_lost_total',
    kind: 'counter',
    help: 'Requests without a status: the client had gone, or the worker died with them.',
    labels: [],
    read: one(({ totals }) => totals.lost),
  },
  {
    name: 'requests_in_flight',
    kind: 'gauge',
    help: 'Requests that applications have in hand, those that wait for a Python worker with them.',
    labels: [],
    read: one(({ totals }) => totals.inFlight),
  },
  {
    name: 'queue_waiting',
    kind: 'gauge',
    help: 'Requests that wait in fronts for a Python worker.',
    labels: [],
    read: one((input) => sumOf(input, ({ waiting }) => waiting)),
  },
  {
    name: 'queue_oldest_seconds',
    kind: 'gauge',
    help: 'How long the oldest of them has waited.',
    labels: [],
    read: one(({ workers }) => Math.max(0, ...workers.map(({ waitingSeconds }) => waitingSeconds))),
  },
  {
    name: 'connections',
    kind: 'gauge',
    help: 'Open connections of clients.',
    labels: [],
    read: one((input) => sumOf(input, ({ connections }) => connections ?? 0)),
  },
  {
    name: 'connections_accepted_total',
    kind: 'counter',
    help: 'Connections that were accepted.',
    labels: [],
    read: one(({ totals }) => totals.accepted),
  },
  {
    name: 'workers',
    kind: 'gauge',
    help: 'Processes by state; a front serves HTTP for Python workers.',
    labels: ['state', 'kind'],
    statsd: statsdNames.workers,
    read: states,
  },
  {
    name: 'workers_target',
    kind: 'gauge',
    help: 'Workers that there are to be.',
    labels: [],
    read: one(({ target }) => target),
  },
  {
    name: 'worker_restarts_total',
    kind: 'counter',
    help: 'Workers that ended, by reason.',
    labels: ['reason'],
    read: each('reason', restartReasons, ({ totals }, reason) => totals.restarts[reason]),
  },
  {
    name: 'reloads_total',
    kind: 'counter',
    help: 'Reloads by outcome.',
    labels: ['outcome'],
    read: each('outcome', reloadOutcomes, ({ totals }, outcome) => totals.reloads[outcome]),
  },
  {
    name: 'worker_requests_total',
    kind: 'counter',
    help: 'Requests since the start of this worker.',
    labels: identityLabels,
    read: perWorker(({ requests }) => requests),
  },
  {
    name: 'worker_heartbeat_age_seconds',
    kind: 'gauge',
    help: 'Seconds since the last sign of life.',
    labels: identityLabels,
    read: perWorker(({ beatAge }) => beatAge),
  },
  {
    name: 'worker_event_loop_lag_seconds',
    kind: 'gauge',
    help: 'How much later than due the last beat came; JavaScript only.',
    labels: identityLabels,
    read: perWorker(({ lag }) => lag),
  },
  {
    name: 'worker_cpu_seconds_total',
    kind: 'counter',
    help: 'Processor time, user and system.',
    labels: identityLabels,
    read: perWorker(({ cpuSeconds }) => cpuSeconds),
  },
  {
    name: 'worker_resident_bytes',
    kind: 'gauge',
    help: 'Resident memory (RSS).',
    labels: identityLabels,
    read: perWorker(({ rss }) => rss),
  },
  {
    name: 'worker_proportional_bytes',
    kind: 'gauge',
    help: 'Memory with shared pages counted in parts (PSS); Linux, when it was asked for.',
    labels: identityLabels,
    read: perWorker(({ pss }) => pss),
  },
  {
    name: 'worker_heap_bytes',
    kind: 'gauge',
    help: "V8's heap in use; JavaScript only.",
    labels: identityLabels,
    read: perWorker(({ heap }) => heap),
  },
  {
    name: 'listen_backlog',
    kind: 'gauge',
    help: 'Connections that wait to be accepted; Linux and TCP.',
    labels: ['listener'],
    statsd: statsdNames.backlog,
    read: ({ listeners }) =>
      listeners.flatMap(({ name, queued }) =>
        queued === null ? [] : [{ labels: { listener: name }, value: queued }],
      ),
  },
  {
    name: 'ready',
    kind: 'gauge',
    help: '1 when a generation serves and no end was asked for, as /readyz.',
    labels: [],
    read: one(({ ready }) => (ready ? 1 : 0)),
  },
  {
    name: 'generation',
    kind: 'gauge',
    help: 'Number of the generation that serves; 0 before the first.',
    labels: [],
    read: one(({ generation }) => generation ?? 0),
  },
  {
    name: 'start_time_seconds',
    kind: 'gauge',
    help: "When this master started, in seconds since 1970. Counters are older when it is an upgrade's.",
    labels: [],
    read: one(({ startedAt }) => startedAt),
  },
  {
    name: 'build_info',
    kind: 'gauge',
    help: 'Always 1.',
    labels: ['version', 'node'],
    read: ({ version, node }) => [{ labels: { version, node }, value: 1 }],
  },
]
