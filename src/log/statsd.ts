/**
 * Metrics for a statsd daemon: Gunicorn's names and formats, one datagram a metric, over UDP or to a path. A daemon that is away
 * costs nothing and is told of once.
 */
import { ServerError } from '../errors.ts'
import type { ExchangeRecord } from '../http/exchange.ts'
import { DatagramRemote } from './datagrams.ts'
import { hostPort } from './host-port.ts'
import type { RecordKind } from './levels.ts'
import type { OnTrouble, Remote } from './remote.ts'
import { type HostPort, UdpRemote } from './udp.ts'

export interface StatsdOptions {
  /** `statsd_host`: HOST, HOST:PORT, [IPv6]:PORT, unix://PATH. */
  readonly address: string
  /** `statsd_prefix`, with or without its last dot. */
  readonly prefix?: string
  /** `dogstatsd_tags`: comma-separated, printed behind each metric. */
  readonly tags?: string
  /** Told once for each outage. */
  readonly onTrouble?: OnTrouble
}

export interface Statsd {
  /** gunicorn.requests, gunicorn.request.duration and gunicorn.request.status.CODE. */
  readonly request: (record: ExchangeRecord) => void
  /** gunicorn.log.KIND, for critical, error, warning and exception. */
  readonly log: (kind: RecordKind) => void
  /** gunicorn.workers */
  readonly workers: (count: number) => void
  /** gunicorn.backlog: connections that wait to be accepted. */
  readonly backlog: (count: number) => void
  readonly close: () => Promise<void>
}

const STATSD_PORT = 8125

/** Letters of the statsd protocol, with what Gunicorn writes behind them. */
const kinds = { counter: 'c|@1.0', gauge: 'g', timer: 'ms', histogram: 'h' } as const

export type MetricKind = keyof typeof kinds

const counted: ReadonlySet<RecordKind> = new Set(['critical', 'error', 'warning', 'exception'])

/** Errors: TSG_SETTING_INVALID (address), TSG_PLATFORM (`unix://` where no datagram socket can be had). */
export function createStatsd({ address, prefix = '', tags = '', onTrouble }: StatsdOptions): Statsd {
  const remote = openRemote(address, onTrouble ?? ignored)
  const metric = metricFormat(prefix, tags)
  const send = (name: string, kind: MetricKind, value: number): void =>
    remote.send(Buffer.from(metric(name, kind, value)))
  return {
    request({ durationUs, status }) {
      send('gunicorn.request.duration', 'timer', durationUs / 1000)
      send('gunicorn.requests', 'counter', 1)
      // Without a status the client was gone: it counts as a request, and there is no status to count.
      if (status !== 0) send(`gunicorn.request.status.${status}`, 'counter', 1)
    },
    log(kind) {
      if (counted.has(kind)) send(`gunicorn.log.${kind}`, 'counter', 1)
    },
    workers: (count) => send('gunicorn.workers', 'gauge', count),
    backlog: (count) => send('gunicorn.backlog', 'histogram', count),
    close: () => remote.close(),
  }
}

/** Metrics are for those who look at them: without a listener their loss is not worth a line. */
const ignored: OnTrouble = () => undefined

/** Writes one metric: `PREFIX.NAME:VALUE|KIND|#TAGS`. */
export function metricFormat(
  prefix: string,
  tags: string,
): (name: string, kind: MetricKind, value: number) => string {
  const before = prefix === '' ? '' : `${prefix.replace(/\.+$/, '')}.`
  const behind = tags === '' ? '' : `|#${tags}`
  return (name, kind, value) => `${before}${name}:${value}|${kinds[kind]}${behind}`
}

function openRemote(text: string, onTrouble: OnTrouble): Remote {
  const address = parseStatsdAddress(text)
  return 'path' in address
    ? new DatagramRemote({ ...address, setting: 'statsd_host', text }, onTrouble)
    : new UdpRemote(address, onTrouble)
}

/** Reads `statsd_host`; the port is 8125 when left out. Errors: TSG_SETTING_INVALID. */
export function parseStatsdAddress(text: string): HostPort | { readonly path: string } {
  const path = /^unix:\/\/(.+)$/.exec(text)?.[1]
  if (path !== undefined) return { path }
  const address = hostPort(text, STATSD_PORT)
  if (address !== undefined) return address
  throw new ServerError(
    'TSG_SETTING_INVALID',
    `statsd_host: '${text}' is not an address. Use HOST:PORT, [IPv6]:PORT or unix://PATH.`,
  )
}
