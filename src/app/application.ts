import type { IncomingMessage, Server as NodeServer, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A node-style handler. A rejected promise or a throw is the engine's to answer with 500. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void
/** Beside the request it is given what platforms give there, twice the same object: see http/fetch/context.ts. */
export type FetchHandler = (request: Request, ...context: unknown[]) => Response | Promise<Response>
/**
 * For requests that ask for another protocol, or a tunnel: the connection is the application's from then on, with what
 * was read of it already; nothing has been answered. What it throws, or rejects with, ends the connection.
 */
export type FetchUpgradeHandler = (request: Request, socket: Socket, head: Buffer) => unknown

export interface FetchApplication {
  readonly kind: 'fetch'
  readonly shape: string
  readonly fetch: FetchHandler
  readonly upgrade?: FetchUpgradeHandler
}

/** What an application is, however it was written. `shape` is the word for what was recognised, as 'express'. */
export type Application =
  | {
      readonly kind: 'node'
      readonly shape: string
      readonly handler: NodeHandler
      readonly upgrade?: UpgradeHandler
    }
  | FetchApplication
  /** A server of the app's own (exported, or taken from a script's `listen()`): it is fed our connections. */
  | { readonly kind: 'server'; readonly shape: string; readonly server: NodeServer }
