/** Applications that write down what they were given, and say `ok`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Application } from '../../src/app/application.ts'
import type { FetchContext } from '../../src/http/fetch/context.ts'

/** A request as the application saw it; the fetch standard hides target, version and trailers. */
export interface Seen {
  /** The client's. */
  readonly port: number
  readonly method: string
  readonly path: string
  /** latin1; undefined when the body did not come whole, and the application was told so. */
  readonly body: string | undefined
  readonly headers?: readonly string[]
  readonly trailers?: readonly string[]
}

export interface Watched {
  readonly app: Application
  readonly seen: Seen[]
}

type Tell = (seen: Seen) => void

/** Kept, and told to whoever is in another process. */
const noting =
  (seen: Seen[], tell: Tell) =>
  (one: Seen): void => {
    seen.push(one)
    tell(one)
  }

export const nodeApp = (tell: Tell = () => undefined): Watched => {
  const seen: Seen[] = []
  const note = noting(seen, tell)
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    const pieces: Buffer[] = []
    const port = request.socket.remotePort ?? 0
    const see = (body: string | undefined) =>
      note({
        port,
        method: request.method ?? '',
        path: request.url ?? '',
        body,
        headers: request.rawHeaders,
        trailers: request.rawTrailers,
      })
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('error', () => see(undefined))
    request.on('end', () => {
      see(Buffer.concat(pieces).toString('latin1'))
      // Said by the application: without it node closes 1.0 connections that ask to be kept.
      response.writeHead(200, { 'Content-Length': 2 }).end('ok')
    })
  }
  return { app: { kind: 'node', shape: 'function', handler }, seen }
}

export const fetchApp = (tell: Tell = () => undefined): Watched => {
  const seen: Seen[] = []
  const note = noting(seen, tell)
  const fetch = async (request: Request, context: unknown): Promise<Response> => {
    const { port } = (context as FetchContext).remoteAddr
    const { pathname, search } = new URL(request.url)
    const see = (body: string | undefined) =>
      note({ port, method: request.method, path: pathname + search, body })
    try {
      see(Buffer.from(await request.arrayBuffer()).toString('latin1'))
    } catch (error) {
      see(undefined)
      throw error
    }
    return new Response('ok')
  }
  return { app: { kind: 'fetch', shape: 'fetch', fetch }, seen }
}
