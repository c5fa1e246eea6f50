/**
 * Lines for a syslog daemon, besides those of the log files: `<prival>Nov 21 11:23:44 host tag: [pid] message`
 * (RFC 3164), the tag in Gunicorn's shape. A daemon that is away is warned of once and never stops the server.
 */
import { hostname } from 'node:os'
import { messageOf } from '../errors.ts'
import { oneLine } from './escape.ts'
import { type Level, levels } from './levels.ts'
import type { Remote } from './remote.ts'
import { writeWhole } from './sink.ts'
import { syslogTime } from './stamp.ts'
import { StreamRemote } from './stream.ts'
import { parseFacility, parseSyslogAddress, type SyslogAddress } from './syslog-address.ts'
import { thrownText } from './thrown.ts'
import { UdpRemote } from './udp.ts'

export interface SyslogOptions {
  /** `udp://HOST:PORT`, `tcp://HOST:PORT`, `unix://PATH#stream`. */
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

/** Errors: TSG_SETTING_INVALID (address, facility), TSG_PLATFORM (a datagram socket on a path). */
export function openSyslog(options: SyslogOptions, log: 'error' | 'access'): Syslog {
  const { facility, prefix, address: text, warn = warnOnStandardError } = options
  const address = parseSyslogAddress(text)
  const code = parseFacility(facility)
  const tag = syslogTag(prefix, log)
  const remote = openRemote(address, (error) => warn(trouble(text, error)))
  const host = address.kind === 'unix' ? undefined : hostname()
  return {
    send(level, message, thrown) {
      const lines = thrown === undefined ? [message] : [message, ...thrownText(thrown).split(/\r?\n/)]
      const head = syslogHead({
        facility: code,
        severity: levels[level].severity,
        tag,
        host,
        now: Date.now(),
      })
      for (const line of lines) remote.send(framed(address, `${head}[${process.pid}] ${oneLine(line)}`))
    },
    close: () => remote.close(),
  }
}

/** `tsgunicorn.PREFIX.error`; colons of an application's name would end the tag. */
export const syslogTag = (prefix: string, log: 'error' | 'access'): string =>
  `tsgunicorn.${oneLine(prefix).replace(/[:\s[\]]/g, '.')}.${log}`

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

/** A datagram is a message; in a stream the end of line ends it (RFC 6587, 3.4.2). */
function framed({ kind }: SyslogAddress, message: string): Buffer {
  const bytes = Buffer.from(message).subarray(0, MOST)
  return kind === 'udp' ? bytes : Buffer.concat([bytes, Buffer.from('\n')])
}

const openRemote = (address: SyslogAddress, onTrouble: (error: unknown) => void): Remote =>
  address.kind === 'udp' ? new UdpRemote(address.to, onTrouble) : new StreamRemote(address.to, onTrouble)

const trouble = (address: string, error: unknown): string =>
  `syslog_addr: '${address}' does not take messages (${messageOf(error)}). They are tried again, and some are lost.`

const warnOnStandardError = (text: string): void => {
  // Not the error log: a warning about syslog must not need syslog.
  writeWhole(2, Buffer.from(`${oneLine(text)}\n`))
}
