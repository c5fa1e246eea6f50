/**
 * A server that believes it listens. Node asks a server's handle whether it is there, what it is called and to
 * close it; this gives it a handle that says yes. node:cluster does the same in its round-robin workers
 * (lib/internal/cluster/child.js, `rr`).
 */

import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A TCP address or the path of a unix socket. */
export type ListenAddress = AddressInfo | string

const handle = {
  close: (done?: () => void): void => done?.(),
  ref: (): void => undefined,
  unref: (): void => undefined,
  hasRef: (): boolean => false,
  getAsyncId: (): number => 0,
}

/**
 * From now on `server.listening` is true, `server.address()` answers `address()`, and `close` works as ever:
 * it calls back when the connections it counts are gone. Emits 'listening' on the next tick, as a real one does,
 * which also starts node:http's watch over slow requests. Does nothing to a server that listens.
 */
export const pretendListening = (server: HttpServer, address: () => ListenAddress): void => {
  if (server.listening) return
  Object.assign(server, { _handle: { ...handle } })
  Object.defineProperty(server, 'address', {
    configurable: true,
    writable: true,
    value: () => (server.listening ? address() : null),
  })
  process.nextTick(() => {
    if (server.listening) server.emit('listening')
  })
}

const offered = new WeakSet<HttpServer>()

/**
 * The same for a server that was exported before it listened. The program may call `listen` yet, which is then no
 * second listen: `isOffered` says so.
 */
export const offerListening = (server: HttpServer): void => {
  if (server.listening) return
  pretendListening(server, () => ({ address: '::', family: 'IPv6', port: 0 }))
  offered.add(server)
}

export const isOffered = (server: object): boolean => offered.has(server as HttpServer)

/** Takes the pretence back, without the events of a close: the server may now listen. */
export const stopPretending = (server: HttpServer): void => {
  offered.delete(server)
  Object.assign(server, { _handle: null })
  Reflect.deleteProperty(server, 'address')
}
