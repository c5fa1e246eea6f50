/**
 * What the passages of the gate have in common: what they need of the engine, and what they do to requests.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { errorBody, wantsJson } from '../answers.ts'
import { type Judge, withoutFields } from '../judge.ts'
import type { HttpPolicy } from '../policy.ts'
import { failBody } from './body.ts'
import type { Connection } from './connection.ts'
import type { Connections } from './connections.ts'
import type { Exchange } from './exchange.ts'
import { noListener } from './servers.ts'

/** What the gate needs of the engine. */
export interface GateOptions {
  readonly judge: Judge
  readonly policy: HttpPolicy
  /** The whole answer for an error status, to be written to a socket; `accept` is the request's field. */
  readonly answer: (status: number, accept?: string) => string
  readonly connections: Connections
  /** Whether it ends with the requests under way. */
  readonly closing: (connection: Connection) => boolean
  /** Whether to look for pipelined requests before one is given on, so that they, too, are answered. */
  readonly leaving: (connection: Connection) => boolean
  readonly onBegin: (exchange: Exchange) => void
  readonly onOver: (exchange: Exchange, completed: boolean) => void
  /** Called before the application sees a request; throws, or rejects, to have it answered with 500. */
  readonly onServe: (exchange: Exchange) => Promise<void> | undefined
  readonly onError: (error: unknown, where: string) => void
  /** `seen`: the application has the request already, or it was answered. */
  readonly onRefused: (status: number, reason: string, connection: Connection, seen?: boolean) => void
}

export type Emit = (event: string, ...args: unknown[]) => boolean
/** Stands in for one event of a server; true when someone took care of it, as `emit` would say. */
export type Passage = (event: string, args: readonly unknown[]) => boolean

/** Where an error came from, for whoever reads it. */
export const placeOf = (request: IncomingMessage): string => `${request.method} ${request.url}`

/** Whether nobody but a stand-in of ours listens to an event. */
export const isUnheard = (server: Server, event: string): boolean =>
  server.listeners(event).every((listener) => listener === noListener)

/**
 * Takes fields out of a request. Node has built `headers` by now (it looks for Expect and Host), and would build
 * `headersDistinct` later by a count of fields that it keeps to itself: so it is given one. Node's own, before
 * 20.20, throws for a field of the name `__proto__` (CVE-2026-21710).
 */
export const strip = (request: IncomingMessage, names: ReadonlySet<string>): void => {
  const { headers } = request
  for (const name of names) delete headers[name.toLowerCase()]
  request.rawHeaders = withoutFields(request.rawHeaders, names)
  request.headersDistinct = distinct(request.rawHeaders)
}

/** Every value under its name in small letters. */
const distinct = (rawHeaders: readonly string[]): Record<string, string[]> => {
  const lists: Record<string, string[]> = Object.create(null)
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    const list = lists[name]
    if (list === undefined) lists[name] = [rawHeaders[index + 1] ?? '']
    else list.push(rawHeaders[index + 1] ?? '')
  }
  return lists
}

/** The page, or problem, for an error status, as this response; its connection ends with it. */
export const sayStatus = (response: ServerResponse, status: number, accept: string | undefined): void => {
  const { type, text } = errorBody(status, wantsJson(accept))
  for (const name of response.getHeaderNames()) if (name !== 'server') response.removeHeader(name)
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': text.length, Connection: 'close' })
  response.end(text)
}

/**
 * Ends a connection whose newest request did not arrive as it should: the application must learn that no more
 * comes. With an answer, as long as nothing was said and nothing is owed before it: in the middle of another answer
 * it would be read as part of that.
 */
export const cutShort = (
  connection: Connection,
  status: number,
  reason: string,
  { onRefused }: Pick<GateOptions, 'onRefused'>,
): void => {
  if (connection.phase !== 'open') return
  onRefused(status, reason, connection, true)
  const [first, ...more] = connection.exchanges
  const response = first?.response
  if (!first || !response || response.headersSent || more.length > 0) {
    connection.cut()
    return
  }
  connection.refuseMore()
  sayStatus(response, status, first.request.headers.accept)
  failBody(first.request)
}
