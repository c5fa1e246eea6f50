/**
 * Counts the bytes of body that an application writes, by standing in for `write` and `end` of one response.
 * Shared functions and no closures: this runs for every request once an access log is on.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchange } from './exchange.ts'

const key = Symbol('tsgunicorn.exchange')
type Metered = ServerResponse & { [key]?: Exchange }

const lengthOf = (chunk: unknown, encoding: unknown): number => {
  if (typeof chunk === 'string')
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}

const count = (response: Metered, chunk: unknown, encoding: unknown): void => {
  const exchange = response[key]
  if (exchange && chunk !== undefined && chunk !== null) exchange.sent += lengthOf(chunk, encoding)
}

/** The method beneath ours, looked up when called: frameworks change a response's prototype on its way. */
const beneath = (response: ServerResponse, name: 'write' | 'end'): ((...args: unknown[]) => unknown) =>
  Object.getPrototypeOf(response)[name]

function write(this: Metered, ...args: unknown[]): unknown {
  count(this, args[0], args[1])
  return beneath(this, 'write').apply(this, args)
}

function end(this: Metered, ...args: unknown[]): unknown {
  // A second end() is an error of the application's and sends nothing.
  if (!this.writableEnded) count(this, args[0], args[1])
  return beneath(this, 'end').apply(this, args)
}

export const meter = (exchange: Exchange): void => {
  const response: Metered | undefined = exchange.response
  if (!response) return
  response[key] = exchange
  Object.assign(response, { write, end })
}

/** Notes the status an application writes to an upgraded connection's socket, then steps aside. */
export const meterUpgrade = (exchange: Exchange, socket: Socket): void => {
  socket.write = (...args: unknown[]): boolean => {
    Reflect.deleteProperty(socket, 'write')
    const status = /^HTTP\/1\.\d (\d{3})/.exec(String(args[0]).slice(0, 16))
    exchange.rawStatus = Number(status?.[1] ?? 0)
    return Reflect.apply(socket.write, socket, args)
  }
}
