/**
 * The `http.Server` beneath an application, set up by the policy. Own applications get a server of ours, servers
 * of the application's own are taken as they are: none of their listeners is removed or called by us.
 */
import { EventEmitter } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { Application } from '../../app/application.ts'
import { type HttpPolicy, limitsOf } from '../policy.ts'
import { intervalOf } from './watch.ts'

/** What node:http serves: everything but fetch handlers. */
export type NodeApplication = Exclude<Application, { readonly kind: 'fetch' }>

export const serverOf = (app: NodeApplication): Server => {
  if (app.kind === 'server') return app.server
  const server = createServer().on('request', app.handler)
  if (app.upgrade) server.on('upgrade', app.upgrade)
  // Without listeners node answers these by itself, or not at all, unseen by any policy; see gate.ts.
  server.on('checkExpectation', noListener)
  server.on('connect', noListener)
  return server
}

/** Marks events that nobody but the gate answers. */
export const noListener = (): void => undefined

/** Sets times and bounds, and starts node's own watch over slow requests, which listen() would start. */
export const applyPolicy = (server: Server, policy: HttpPolicy): void => {
  server.keepAliveTimeout = policy.keepAliveMs
  server.headersTimeout = policy.headersMs
  // A body is bounded by its rate and not by its length; see watch.ts.
  server.requestTimeout = 0
  // Counted by us: node drops fields above its number without a word.
  server.maxHeadersCount = 0
  Object.assign(server, {
    maxHeaderSize: limitsOf(policy).held,
    // Node would answer by itself, unseen; the judge refuses.
    requireHostHeader: false,
    insecureHTTPParser: false,
    // The same by its newer name.
    ...('httpValidation' in server ? { httpValidation: 'strict' } : {}),
    connectionsCheckingInterval: intervalOf([policy.headersMs]),
  })
  // Without a listener node sends 100 (Continue) before anyone has judged the request.
  if (server.listenerCount('checkContinue') === 0) server.on('checkContinue', noListener)
  server
    .listeners('listening')
    .find(({ name }) => name === 'setupConnectionsTracking')
    ?.call(server)
}

/**
 * Has rejected promises of listeners told to `onRejection` instead of to the process. `EventEmitter` called as a
 * function on an existing emitter is the documented way of old inheritance: it keeps the listeners and sets options.
 */
export const captureRejections = (
  server: Server,
  onRejection: (error: unknown, event: string, args: readonly unknown[]) => void,
): void => {
  Reflect.apply(EventEmitter as unknown as () => void, server, [{ captureRejections: true }])
  Object.assign(server, {
    [Symbol.for('nodejs.rejection')]: (error: unknown, event: string, ...args: unknown[]) =>
      onRejection(error, event, args),
  })
}

/**
 * Lets an application close its server although it never listened itself: the callback comes without error when
 * `whenDone` says that the engine has let go. A server whose `close` was replaced before is left alone.
 */
export const adoptClose = (server: Server, whenDone: Promise<void>): void => {
  if (server.listening || Object.hasOwn(server, 'close')) return
  const close = (callback?: (error?: Error) => void): Server => {
    if (callback) server.once('close', callback)
    void whenDone.then(() => server.emit('close'))
    return server
  }
  Object.assign(server, { close })
}
