import type { IncomingMessage, Server as NodeServer, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** A node-style handler. A rejected promise or a throw is the engine's to answer with 500. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void
export type FetchHandler = (request: Request) => Response | Promise<Response>

/** What an application is, however it was written. `shape` is the word for what was recognised, as 'express'. */
export type Application =
  | {
      readonly kind: 'node'
      readonly shape: string
      readonly handler: NodeHandler
      readonly upgrade?: UpgradeHandler
    }
  | { readonly kind: 'fetch'; readonly shape: string; readonly fetch: FetchHandler }
  /** A server of the app's own (exported, or taken from a script's `listen()`): it is fed our connections. */
  | { readonly kind: 'server'; readonly shape: string; readonly server: NodeServer }
