/**
 * Where a syslog daemon listens, as Gunicorn writes it. Pure.
 */
import { ServerError } from '../errors.ts'
import { hostPort } from './host-port.ts'
import type { HostPort } from './udp.ts'

export type SyslogAddress =
  | { readonly kind: 'udp'; readonly to: HostPort }
  | { readonly kind: 'tcp'; readonly to: HostPort }
  /** `any`: datagrams, or a stream where the socket is of that type. */
  | {
      readonly kind: 'unix'
      readonly type: 'dgram' | 'stream' | 'any'
      readonly to: { readonly path: string }
    }

/** RFC 3164, 4.1.1; the names are syslog.conf(5)'s. */
export const facilities = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  security: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const satisfies Record<string, number>

const SYSLOG_PORT = 514
const forms = 'udp://HOST:PORT, tcp://HOST:PORT, unix://PATH, unix://PATH#dgram or unix://PATH#stream'

/**
 * Reads `udp://HOST:PORT`, `tcp://HOST:PORT`, `unix://PATH`, `unix://PATH#dgram` and `unix://PATH#stream`; the port may
 * be left out. Errors: TSG_SETTING_INVALID.
 */
export function parseSyslogAddress(text: string): SyslogAddress {
  const [, scheme, rest] = /^(udp|tcp|unix):\/\/(.*)$/.exec(text) ?? []
  if (scheme === 'unix' && rest) return unixAddress(text, rest)
  const to = rest === undefined ? undefined : hostPort(rest || 'localhost', SYSLOG_PORT)
  if (scheme === 'udp' && to !== undefined) return { kind: 'udp', to }
  if (scheme === 'tcp' && to !== undefined) return { kind: 'tcp', to }
  throw new ServerError('TSG_SETTING_INVALID', `syslog_addr: '${text}' is not an address. Use ${forms}.`)
}

function unixAddress(text: string, rest: string): SyslogAddress {
  const [path = '', type = 'any'] = rest.split('#', 2)
  if (path !== '' && isSocketType(type)) return { kind: 'unix', type, to: { path } }
  throw new ServerError(
    'TSG_SETTING_INVALID',
    `syslog_addr: '${text}' is not an address: behind # stands stream or dgram. Use ${forms}.`,
  )
}

const isSocketType = (text: string): text is 'dgram' | 'stream' | 'any' => /^(dgram|stream|any)$/.test(text)

/** A facility's number by its name. Errors: TSG_SETTING_INVALID, which lists the names. */
export function parseFacility(text: string): number {
  const found = Object.entries(facilities).find(([name]) => name === text.trim().toLowerCase())
  if (found !== undefined) return found[1]
  throw new ServerError(
    'TSG_SETTING_INVALID',
    `syslog_facility: '${text}' is not a facility. Use one of ${Object.keys(facilities).join(', ')}.`,
  )
}
