/**
 * An ordinary HTTP client (node's own) for exchanges that are watched while they happen: bytes are sent when the test
 * says so, and read when it asks for them. For single bytes and for connections there is raw-client.ts.
 */
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { onTestFinished } from 'vitest'
import type { Target } from './raw-client.ts'

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Reply {
  readonly status: number
  readonly reason: string
  readonly headers: IncomingMessage['headers']
  /** Statuses and fields of interim responses, in order. */
  readonly interim: readonly { readonly status: number; readonly headers: IncomingMessage['headers'] }[]
  readonly text: string
}

/** One request on a connection of its own, in parts. */
export class Exchange {
  readonly request: ClientRequest
  readonly #response: Promise<IncomingMessage>
  readonly #interim: { status: number; headers: IncomingMessage['headers'] }[] = []
  #text = ''

  constructor(target: Target, path: string, { method = 'GET', headers = {} }: Asked = {}) {
    const { tls, ...where } = target
    const place = 'path' in where ? { socketPath: where.path } : { host: '127.0.0.1', ...where }
    const options = { ...place, path, method, headers: { Host: 'localhost', ...headers }, agent: false }
    this.request = tls
      ? requestTls({ ...options, servername: 'localhost', ...tls })
      : requestPlain({ ...options, maxHeaderSize: 1_000_000 })
    this.#response = once(this.request, 'response').then(([response]) => response as IncomingMessage)
    // What fails is told to whoever awaits the response, or the text; a client that leaves fails on purpose.
    this.#response.catch(() => undefined)
    this.request.on('error', () => undefined)
    this.request.on('information', ({ statusCode, headers: fields }) =>
      this.#interim.push({ status: statusCode, headers: fields }),
    )
    onTestFinished(() => this.leave())
  }

  get interim(): readonly { readonly status: number; readonly headers: IncomingMessage['headers'] }[] {
    return this.#interim
  }

  /** Sends a piece of the request's body; resolves when the system has taken it. */
  async send(piece: string | Uint8Array): Promise<void> {
    if (!this.request.write(piece)) await once(this.request, 'drain')
  }

  /** The head, once it is there. */
  get response(): Promise<IncomingMessage> {
    return this.#response
  }

  /** Resolves with all of the body that came so far once it contains `words`; throws when it ends without. */
  async has(words: string): Promise<string> {
    const response = await this.#response
    while (!this.#text.includes(words)) {
      const piece: Buffer | null = response.read()
      if (piece !== null) this.#text += piece.toString('latin1')
      else if (response.readableEnded || response.destroyed)
        throw new Error(`the response ended without '${words}': ${this.#text}`)
      else await Promise.race([once(response, 'readable'), once(response, 'close')])
    }
    return this.#text
  }

  /** Sends the end of the request and resolves with the whole answer; rejects when it is cut. */
  async reply(body: string | Uint8Array = ''): Promise<Reply> {
    this.request.end(body)
    const response = await this.#response
    for await (const piece of response) this.#text += piece.toString('latin1')
    const { statusCode: status = 0, statusMessage: reason = '', headers } = response
    return { status, reason, headers, interim: this.#interim, text: this.#text }
  }

  /** Breaks off. */
  leave(): void {
    this.request.destroy()
  }
}

/** The whole answer to one request on a connection of its own. */
export const ask = (
  target: Target,
  path: string,
  { body, ...asked }: Asked & { readonly body?: string | Uint8Array } = {},
): Promise<Reply> => {
  const length = { 'Content-Length': String(body === undefined ? 0 : Buffer.byteLength(body)) }
  const headers = body === undefined ? asked.headers : { ...length, ...asked.headers }
  return new Exchange(target, path, { ...asked, ...(headers ? { headers } : {}) }).reply(body)
}
