/**
 * Metrics for a statsd daemon: Gunicorn's names and formats, one datagram a metric, over UDP or to a path. A daemon that is away
 * costs nothing and is told of once.
 */
import { ServerError } from '../errors.ts'
import type { ExchangeRecord } from '../http/exchange.ts'
import { type StatsdKind, type StatsdName, statsdKinds, statsdNames } from '../metrics/statsd-names.ts'
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

const counted: ReadonlySet<RecordKind> = new Set(['critical', 'error', 'warning', 'exception'])

/** Errors: TSG_SETTING_INVALID (address), TSG_PLATFORM (`unix://` where no datagram socket can be had). */
export function createStatsd({ address, prefix = '', tags = '', onTrouble }: StatsdOptions): Statsd {
  const remote = openRemote(address, onTrouble ?? ignored)
  const metric = metricFormat(prefix, tags)
  const {
    requests,
    duration,
    status: statuses,
    workers: processes,
    backlog: queue,
    log: records,
  } = statsdNames
  /** `more` continues a name that ends with a dot. */
  const send = ({ name, kind }: StatsdName, value: number, more: string | number = ''): void =>
    remote.send(Buffer.from(metric(name + more, kind, value)))
  return {
    request({ durationUs, status }) {
      send(duration, durationUs / 1000)
      send(requests, 1)
      // Without a status the client was gone: it counts as a request, and there is no status to count.
      if (status !== 0) send(statuses, 1, status)
    },
    log(kind) {
      if (counted.has(kind)) send(records, 1, kind)
    },
    workers: (count) => send(processes, count),
    backlog: (count) => send(queue, count),
    close: () => remote.close(),
  }
}

/** Metrics are for those who look at them: without a listener their loss is not worth a line. */
const ignored: OnTrouble = () => undefined

/** Writes one metric: `PREFIX.NAME:VALUE|KIND|#TAGS`. */
export function metricFormat(
  prefix: string,
  tags: string,
): (name: string, kind: StatsdKind, value: number) => string {
  const before = prefix === '' ? '' : `${prefix.replace(/\.+$/, '')}.`
  const behind = tags === '' ? '' : `|#${tags}`
  return (name, kind, value) => `${before}${name}:${value}|${statsdKinds[kind]}${behind}`
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
