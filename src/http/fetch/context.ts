/**
 * What a fetch application is given beside the request. Platforms disagree about these arguments, so that one object
 * is all of them, as second and as third argument; everything is looked up when asked for.
 *
 * | written for        | signature                        | found here                                             |
 * | ------------------ | -------------------------------- | ------------------------------------------------------ |
 * | Hono               | `fetch(request, env, execution)` | `c.executionCtx.waitUntil`, `getConnInfo` of any runtime |
 * | Cloudflare Workers | `fetch(request, env, ctx)`       | `waitUntil`, `passThroughOnException` (does nothing)   |
 * | Deno               | `fetch(request, info)`           | `remoteAddr`                                           |
 * | Bun                | `fetch(request, server)`         | `requestIP(request)`                                   |
 * | @hono/node-server  | `fetch(request, { incoming })`   | `incoming.socket`: address and port, no more           |
 * | tsgunicorn         |                                  | `earlyHints(headers)`: 103 (RFC 8297)                  |
 */
import type { CoreExchange } from '../core/types.ts'
import { flatOf, lightOf } from './headers.ts'
import { fieldsFor } from './kept-fields.ts'
import type { Waiting } from './waiting.ts'

export class FetchContext {
  readonly #exchange: CoreExchange
  readonly #waiting: Waiting

  constructor(exchange: CoreExchange, waiting: Waiting) {
    this.#exchange = exchange
    this.#waiting = waiting
  }

  waitUntil(work: PromiseLike<unknown>): void {
    this.#waiting.add(work, this.#exchange)
  }

  /** There is no origin behind this server that a request could be passed to. */
  passThroughOnException(): undefined {
    return undefined
  }

  get remoteAddr(): { transport: 'tcp' | 'unix'; hostname: string; port: number } {
    const { remoteAddress, peerPort } = this.#exchange
    return { transport: peerPort === 0 ? 'unix' : 'tcp', hostname: remoteAddress, port: peerPort }
  }

  /** null for unix sockets. */
  requestIP(_request?: unknown): { address: string; port: number; family: 'IPv4' | 'IPv6' } | null {
    const { remoteAddress, peerPort } = this.#exchange
    return remoteAddress === ''
      ? null
      : { address: remoteAddress, port: peerPort, family: familyOf(remoteAddress) }
  }

  get incoming(): { socket: { remoteAddress: string; remotePort: number; remoteFamily: 'IPv4' | 'IPv6' } } {
    const { remoteAddress, peerPort } = this.#exchange
    return { socket: { remoteAddress, remotePort: peerPort, remoteFamily: familyOf(remoteAddress) } }
  }

  /** Sends 103 (Early Hints) with these headers, as `{ link: '</style.css>; rel=preload; as=style' }`. */
  earlyHints(headers: unknown): void {
    this.#exchange.inform(103, fieldsFor(flatOf(lightOf(headers))))
  }
}

const familyOf = (address: string): 'IPv4' | 'IPv6' => (address.includes(':') ? 'IPv6' : 'IPv4')
