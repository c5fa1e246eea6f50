/**
 * The atoms of `access_log_format`: Gunicorn's, each with its reader and its words for the manual. What they give is
 * raw; `access-format.ts` escapes it.
 */
import type { ExchangeRecord } from '../http/exchange.ts'
import { endOf, environReader, pathOf, protocolOf, queryOf, requestHeader, userOf } from './exchange-text.ts'
import { commonTime } from './stamp.ts'

/** The text of an atom; undefined is printed as `-`. */
export type AtomReader = (record: ExchangeRecord) => string | undefined

interface Atom {
  readonly summary: string
  readonly read: AtomReader
}

/** Durations are whole microseconds: none of these wraps, however long an exchange took. */
const micros = ({ durationUs }: ExchangeRecord): number => Math.max(0, Math.round(durationUs))
const seconds = (record: ExchangeRecord): number => Math.floor(micros(record) / 1_000_000)
const fraction = (record: ExchangeRecord): string => String(micros(record) % 1_000_000).padStart(6, '0')

export const atoms: Readonly<Record<string, Atom>> = {
  h: {
    summary: "the client's address; empty on a unix socket",
    read: (record) => record.remoteAddress,
  },
  l: { summary: '`-`', read: () => undefined },
  u: { summary: 'the user name of Basic authentication', read: userOf },
  t: {
    summary: 'when the response was over, in local time',
    read: (record) => `[${commonTime(endOf(record))}]`,
  },
  r: {
    summary: 'the request line: method, target and protocol',
    read: (record) => `${record.method} ${record.target} ${protocolOf(record)}`,
  },
  m: { summary: 'the method', read: (record) => record.method },
  U: { summary: 'the path, its percent escapes decoded, without the query', read: pathOf },
  q: { summary: 'the query, without its question mark', read: queryOf },
  H: { summary: 'the protocol', read: protocolOf },
  s: {
    summary: 'the status; `-` when the client was gone before there was one',
    read: (record) => (record.status === 0 ? undefined : String(record.status)),
  },
  st: {
    summary: 'the status, as `s`',
    read: (record) => (record.status === 0 ? undefined : String(record.status)),
  },
  B: { summary: 'bytes of body sent', read: (record) => String(record.bodyBytes) },
  b: {
    summary: 'bytes of body sent, or `-` when no response was sent',
    read: (record) => (record.status === 0 ? undefined : String(record.bodyBytes)),
  },
  f: { summary: 'the referer', read: (record) => requestHeader(record, 'referer') },
  a: { summary: 'the user agent', read: (record) => requestHeader(record, 'user-agent') },
  T: { summary: 'duration in whole seconds', read: (record) => String(seconds(record)) },
  D: { summary: 'duration in microseconds', read: (record) => String(micros(record)) },
  M: {
    summary: 'duration in whole milliseconds',
    read: (record) => String(Math.floor(micros(record) / 1000)),
  },
  L: {
    summary: 'duration in seconds, with six decimals',
    read: (record) => `${seconds(record)}.${fraction(record)}`,
  },
  p: { summary: "the worker's process id, as `<2415>`", read: () => `<${process.pid}>` },
}

interface Family {
  readonly summary: string
  readonly reader: (name: string) => AtomReader
}

/** `{name}` and a letter; names are read in any case. */
export const families: Readonly<Record<string, Family>> = {
  i: {
    summary: 'a request header',
    reader: (name) => {
      const key = name.toLowerCase()
      return (record) => requestHeader(record, key)
    },
  },
  o: {
    summary: 'a response header',
    reader: (name) => {
      const key = name.toLowerCase()
      return (record) => record.responseHeader(key)
    },
  },
  e: { summary: 'a CGI variable of the request', reader: environReader },
}
