/**
 * Lines for a syslog daemon, besides those of the log files: `<prival>Nov 21 11:23:44 host tag: [pid] message`
 * (RFC 3164), the tag in Gunicorn's shape. A daemon that is away is warned of once and never stops the server.
 */
import { hostname } from 'node:os'
import { messageOf } from '../errors.ts'
import { whyNoDatagrams } from '../system/libc.ts'
import { type DatagramPlace, DatagramRemote } from './datagrams.ts'
import { oneLine } from './escape.ts'
import { type Level, levels } from './levels.ts'
import type { OnTrouble, Remote } from './remote.ts'
import { writeWhole } from './sink.ts'
import { syslogTime } from './stamp.ts'
import { StreamRemote } from './stream.ts'
import { parseFacility, parseSyslogAddress, type SyslogAddress } from './syslog-address.ts'
import { thrownText } from './thrown.ts'
import { UdpRemote } from './udp.ts'

export interface SyslogOptions {
  /** As `parseSyslogAddress` reads them. */
  readonly address: string
  readonly facility: string
  /** `syslog_prefix`, or else `proc_name`: the middle of the tag. */
  readonly prefix: string
  /** Told once for each outage; by default a line on the standard error. */
  readonly warn?: (text: string) => void
}

export interface Syslog {
  /** One message; of `thrown`, each line of its stack is a message of its own. Never throws. */
  send(level: Level, message: string, thrown?: unknown): void
  /** Resolves when all was sent, or after half a second. */
  close(): Promise<void>
}

/** Bytes of a message: what rsyslog takes by default; longer ones end there. */
const MOST = 8192

/** Errors: TSG_SETTING_INVALID (address, facility), TSG_PLATFORM (a datagram socket on a path, where none can be had). */
export function openSyslog(options: SyslogOptions, log: 'error' | 'access'): Syslog {
  const { facility, prefix, address: text, warn = warnOnStandardError } = options
  const address = parseSyslogAddress(text)
  const code = parseFacility(facility)
  const tag = syslogTag(prefix, log)
  const remote = openRemote(address, text, (error) => warn(trouble(text, error)))
  const host = address.kind === 'unix' ? undefined : hostname()
  return {
    send(level, message, thrown) {
      const texts = thrown === undefined ? [message] : [message, ...thrownText(thrown).split(/\r?\n/)]
      const head = syslogHead({
        facility: code,
        severity: levels[level].severity,
        tag,
        host,
        now: Date.now(),
      })
      for (const line of texts) remote.send(datagram(`${head}[${process.pid}] ${oneLine(line)}`))
    },
    close: () => remote.close(),
  }
}

/** `gunicorn.PREFIX.error`, as Gunicorn has it; colons of an application's name would end the tag. */
export const syslogTag = (prefix: string, log: 'error' | 'access'): string =>
  `gunicorn.${oneLine(prefix).replace(/[:\s[\]]/g, '.')}.${log}`

interface Head {
  readonly facility: number
  readonly severity: number
  readonly tag: string
  /** Daemons on the same machine's socket expect none. */
  readonly host: string | undefined
  readonly now: number
}

/** What stands before a message. */
export const syslogHead = ({ facility, severity, tag, host, now }: Head): string =>
  `<${facility * 8 + severity}>${syslogTime(now)} ${host === undefined ? '' : `${host} `}${tag}: `

/** A datagram is a message. */
const datagram = (text: string): Buffer => Buffer.from(text).subarray(0, MOST)

/** In a stream the end of line ends a message (RFC 6587, 3.4.2). */
const lines = (remote: Remote): Remote => ({
  send: (bytes) => remote.send(Buffer.concat([bytes, Buffer.from('\n')])),
  close: () => remote.close(),
})

function openRemote(address: SyslogAddress, text: string, onTrouble: OnTrouble): Remote {
  if (address.kind === 'udp') return new UdpRemote(address.to, onTrouble)
  if (address.kind === 'tcp') return lines(new StreamRemote(address.to, onTrouble))
  if (address.type === 'stream') return lines(new StreamRemote(address.to, onTrouble))
  const place = { path: address.to.path, setting: 'syslog_addr', text }
  return address.type === 'any' ? openAny(place, onTrouble) : new DatagramRemote(place, onTrouble)
}

/** Datagrams, until the socket turns out to be a stream's; a stream where there are no datagrams. */
function openAny(place: DatagramPlace, onTrouble: OnTrouble): Remote {
  const stream = (): Remote => lines(new StreamRemote({ path: place.path }, onTrouble))
  if (whyNoDatagrams() !== undefined) return stream()
  let remote: Remote = new DatagramRemote(place, onTrouble, (bytes) => {
    const former = remote
    remote = stream()
    remote.send(bytes)
    // Nothing is left in it: this message was its last.
    void former.close()
  })
  return { send: (bytes) => remote.send(bytes), close: () => remote.close() }
}

const trouble = (address: string, error: unknown): string =>
  `syslog_addr: '${address}' does not take messages (${messageOf(error)}). They are tried again, and some are lost.`

const warnOnStandardError = (text: string): void => {
  // Not the error log: a warning about syslog must not need syslog.
  writeWhole(2, Buffer.from(`${oneLine(text)}\n`))
}
