/** Gunicorn's own names of metrics and their types, as statsd is told them. A table only. */

/** Letters of the statsd protocol, with what Gunicorn writes behind them. */
export const statsdKinds = { counter: 'c|@1.0', gauge: 'g', timer: 'ms', histogram: 'h' } as const
export type StatsdKind = keyof typeof statsdKinds

export interface StatsdName {
  /** With a dot at its end it is continued: by a status, or by what was logged. */
  readonly name: string
  readonly kind: StatsdKind
  readonly help: string
}

export const statsdNames = {
  requests: { name: 'gunicorn.requests', kind: 'counter', help: 'Each request that is over.' },
  duration: {
    name: 'gunicorn.request.duration',
    kind: 'timer',
    help: "Milliseconds from a request's complete head to the end of its response.",
  },
  status: {
    name: 'gunicorn.request.status.',
    kind: 'counter',
    help: 'Each response with this status, as `gunicorn.request.status.200`.',
  },
  workers: {
    name: 'gunicorn.workers',
    kind: 'gauge',
    help: 'Worker processes, whenever their number changes.',
  },
  backlog: {
    name: 'gunicorn.backlog',
    kind: 'histogram',
    help: 'Connections that wait to be accepted, once a second (`enable_backlog_metric`).',
  },
  log: {
    name: 'gunicorn.log.',
    kind: 'counter',
    help: 'Each record of the error log of this kind: `critical`, `error`, `exception`, `warning`.',
  },
} as const satisfies Record<string, StatsdName>
