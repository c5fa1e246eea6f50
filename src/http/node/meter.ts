/**
 * Counts the bytes of body that an application writes, by standing in for `write` and `end` of one response.
 * Shared functions and no closures: this runs for every request once an access log is on.
 */
import type { ServerResponse } from 'node:http'
import { noteStatus } from '../upgrade-status.ts'
import type { Exchange } from './exchange.ts'

export const exchangeKey = Symbol('tsgunicorn.exchange')
/** A response that knows its exchange: so that one function serves all, without a closure each. */
export type Tracked = ServerResponse & { [exchangeKey]?: Exchange }

const lengthOf = (chunk: unknown, encoding: unknown): number => {
  if (typeof chunk === 'string')
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}

const count = (response: Tracked, chunk: unknown, encoding: unknown): void => {
  const exchange = response[exchangeKey]
  if (exchange && chunk !== undefined && chunk !== null) exchange.sent += lengthOf(chunk, encoding)
}

type Write = (this: Tracked, chunk?: unknown, encoding?: unknown, callback?: unknown) => unknown

/** The methods beneath ours, looked up when called: frameworks change a response's prototype on its way. */
const beneath = (response: Tracked): { readonly write: Write; readonly end: Write } =>
  Object.getPrototypeOf(response)

const write: Write = function (chunk, encoding, callback) {
  count(this, chunk, encoding)
  return beneath(this).write.call(this, chunk, encoding, callback)
}

const end: Write = function (chunk, encoding, callback) {
  // A second end() is an error of the application's and sends nothing.
  if (!this.writableEnded) count(this, chunk, encoding)
  return beneath(this).end.call(this, chunk, encoding, callback)
}

/** Has seen what is sent in answer: bytes of body, and the status where the application writes it itself. */
export const watchSent = (exchange: Exchange): void => {
  if (exchange.response) meter(exchange.response)
  else
    noteStatus(exchange.connection.socket, (status) => {
      exchange.rawStatus = status
    })
}

/** Counts into the exchange that the response knows. */
const meter = (response: Tracked): void => {
  response.write = write as Tracked['write']
  response.end = end as Tracked['end']
}
