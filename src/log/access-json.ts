/**
 * The access log as JSON: one object a line, of typed fields whose names do not change. Pure. The lines are ASCII,
 * so that no tool finds more ends of line in them than there are.
 */
import type { ExchangeRecord } from '../http/exchange.ts'
import { asciiJson } from './escape.ts'
import { endOf, protocolOf, queryOf, rawPathOf, requestHeader, userOf } from './exchange-text.ts'

interface Field {
  readonly type: string
  readonly summary: string
  readonly read: (record: ExchangeRecord) => string | number | boolean | null
}

/** What a client did not send is null, so that every line has every field. */
const header =
  (name: string) =>
  (record: ExchangeRecord): string | null =>
    requestHeader(record, name) ?? null

export const accessFields: Readonly<Record<string, Field>> = {
  time: {
    type: 'string',
    summary: 'when the response was over: ISO 8601, UTC, milliseconds',
    read: (record) => new Date(endOf(record)).toISOString(),
  },
  pid: { type: 'number', summary: "the worker's process id", read: () => process.pid },
  remote_addr: {
    type: 'string or null',
    summary: "the client's address; null on a unix socket",
    read: (record) => record.remoteAddress || null,
  },
  user: {
    type: 'string or null',
    summary: 'the user name of Basic authentication',
    read: (record) => userOf(record) ?? null,
  },
  method: { type: 'string', summary: 'the method', read: (record) => record.method },
  scheme: { type: 'string', summary: '`http` or `https`', read: (record) => record.scheme },
  host: { type: 'string or null', summary: 'the Host header', read: header('host') },
  path: { type: 'string', summary: 'the path as sent, without the query', read: rawPathOf },
  query: { type: 'string', summary: 'the query, empty when there is none', read: queryOf },
  protocol: { type: 'string', summary: 'as `HTTP/1.1`', read: protocolOf },
  status: {
    type: 'number or null',
    summary: 'the status; null when the client was gone before there was one',
    read: (record) => record.status || null,
  },
  bytes: { type: 'number', summary: 'bytes of body sent', read: (record) => record.bodyBytes },
  duration_ms: {
    type: 'number',
    summary: 'milliseconds from the end of the request head to the end of the response, with microseconds',
    read: (record) => Math.round(record.durationUs) / 1000,
  },
  completed: {
    type: 'boolean',
    summary: 'false when the client left before the response was sent',
    read: (record) => record.completed,
  },
  referer: { type: 'string or null', summary: 'the Referer header', read: header('referer') },
  user_agent: { type: 'string or null', summary: 'the User-Agent header', read: header('user-agent') },
  request_id: { type: 'string or null', summary: 'the X-Request-Id header', read: header('x-request-id') },
}

const fields = Object.entries(accessFields)

/** One object, and the end of line. */
export function accessJsonLine(record: ExchangeRecord): string {
  const line: Record<string, string | number | boolean | null> = {}
  for (const [name, { read }] of fields) line[name] = read(record)
  return `${asciiJson(line)}\n`
}
