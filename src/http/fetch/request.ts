/**
 * The Request that applications get, and that they make. Of a served one the getters look things up in the exchange
 * when they are asked; of a made one everything is there. The runtime's own is never needed.
 *
 * What it has beyond the standard: `ip`, `waitUntil(promise)`, `runtime` (as srvx has them).
 */
import type { CoreExchange } from '../core/types.ts'
import { streamOf } from './body-stream.ts'
import { collect } from './collector.ts'
import { arrayBufferOf, blobOf, bytesOf, isDisturbed, textOf, usedError } from './consume.ts'
import { readForm } from './form.ts'
import { LightHeaders, viewOf } from './headers.ts'
import { standFor } from './real.ts'
import { makeRequest, type RequestOptions, type Rest } from './request-init.ts'
import { Ties } from './ties.ts'
import { urlOf } from './url.ts'
import type { Waiting } from './waiting.ts'

export let isLightRequest: (value: object) => value is LightRequest
/** What it was made with that matters to `fetch` alone. */
export let restOf: (request: LightRequest) => Rest | undefined
export let tiesOf: (request: LightRequest) => Ties
/** The Request of an exchange. */
export let serveRequest: (exchange: CoreExchange, waiting: Waiting) => LightRequest

/** undefined: not touched. */
type Taken = undefined | 'collected' | ReadableStream<Uint8Array>

/** What stands for the exchange of requests that were made by the application. */
interface Inert {
  readonly method: string
  readonly body: undefined
}

const runtime = { name: 'tsgunicorn' } as const
/** What the constructor knows requests of ours by. */
const served = Symbol('served')

export class LightRequest {
  static {
    isLightRequest = (value): value is LightRequest => #given in value
    restOf = (request) => request.#rest
    tiesOf = (request) => {
      request.#ties ??= new Ties(request.#given as CoreExchange)
      return request.#ties
    }
    serveRequest = (exchange, waiting) => new LightRequest(served, exchange, waiting)
  }

  readonly #given: CoreExchange | Inert
  readonly #waiting: Waiting | undefined
  #url: string | undefined
  #headers: LightHeaders | undefined
  #taken: Taken
  #ties: Ties | undefined
  #rest: Rest | undefined
  #signal: AbortSignal | (() => AbortSignal) | undefined

  constructor(input: unknown, init?: unknown, waiting?: Waiting) {
    if (input === served) {
      this.#given = init as CoreExchange
      this.#waiting = waiting
      return
    }
    const before = typeof input === 'object' && input !== null && #given in input ? input.#rest : undefined
    const made = makeRequest(input, (init ?? {}) as RequestOptions, before)
    this.#given = { method: made.method, body: undefined }
    this.#url = made.url
    this.#headers = made.headers
    this.#taken = made.body ?? undefined
    this.#signal = made.signal
    this.#rest = made.rest
  }

  get [Symbol.toStringTag](): string {
    return 'Request'
  }

  get method(): string {
    return this.#given.method
  }

  get url(): string {
    this.#url ??= urlOf(this.#given as CoreExchange)
    return this.#url
  }

  get headers(): LightHeaders {
    this.#headers ??= viewOf((this.#given as CoreExchange).headers)
    return this.#headers
  }

  /** Aborts when the client goes, or ends its side, before the response is complete. */
  get signal(): AbortSignal {
    if (typeof this.#signal === 'function') this.#signal = this.#signal()
    this.#signal ??= this.#goneSignal()
    return this.#signal
  }

  get body(): ReadableStream<Uint8Array> | null {
    const taken = this.#taken
    if (taken instanceof ReadableStream) return taken
    const { body } = this.#given
    if (body === undefined) return null
    if (taken === 'collected') return this.#spent()
    const stream = streamOf(body)
    this.#taken = stream
    return stream
  }

  get bodyUsed(): boolean {
    const taken = this.#taken
    if (taken === undefined) return false
    return taken === 'collected' || isDisturbed(taken)
  }

  async text(): Promise<string> {
    const bytes = this.#bytes()
    return textOf(bytes instanceof Promise ? await bytes : bytes)
  }

  async json(): Promise<unknown> {
    const bytes = this.#bytes()
    return JSON.parse(textOf(bytes instanceof Promise ? await bytes : bytes))
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return arrayBufferOf(await this.#bytes())
  }

  async bytes(): Promise<Uint8Array> {
    return bytesOf(await this.#bytes())
  }

  async blob(): Promise<Blob> {
    return blobOf(await this.#bytes(), this.headers.get('content-type'))
  }

  async formData(): Promise<FormData> {
    const { body } = this
    if (this.bodyUsed || body?.locked === true) throw usedError()
    return readForm(body, this.headers.get('content-type'))
  }

  clone(): LightRequest {
    const { body } = this
    if (this.bodyUsed || body?.locked === true) throw usedError()
    const { url, method } = this
    const exchange: Inert = { method, body: undefined }
    const clone = new LightRequest(served, exchange, this.#waiting)
    clone.#url = url
    clone.#rest = this.#rest
    clone.#headers = new LightHeaders(this.headers)
    clone.#signal = () => this.signal
    if (body !== null) {
      const [mine, its] = body.tee()
      this.#taken = mine
      clone.#taken = its
    }
    return clone
  }

  /** The client's address, through trusted proxies; empty for unix sockets. */
  get ip(): string {
    return this.#exchange?.remoteAddress ?? ''
  }

  get runtime(): { readonly name: string } {
    return runtime
  }

  /** Work that outlives the response: the worker does not exit before it is done. */
  waitUntil(work: PromiseLike<unknown>): void {
    this.#waiting?.add(work, this.#given)
  }

  [Symbol.for('nodejs.util.inspect.custom')](
    _: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return `Request ${inspect({ method: this.method, url: this.url, headers: this.headers }, options)}`
  }

  /** undefined for requests that were made. */
  get #exchange(): CoreExchange | undefined {
    return 'target' in this.#given ? this.#given : undefined
  }

  #goneSignal(): AbortSignal {
    const controller = new AbortController()
    if (this.#exchange !== undefined) tiesOf(this).whenLeft(() => controller.abort())
    return controller.signal
  }

  #bytes(): Buffer | Promise<Buffer> {
    const taken = this.#taken
    if (taken instanceof ReadableStream) return readAll(taken)
    const { body } = this.#given
    if (body === undefined) return nothing
    if (taken === 'collected') throw usedError()
    this.#taken = 'collected'
    return collect(body)
  }

  /** The body of a request whose body was read by a method: a stream that is at its end. */
  #spent(): ReadableStream<Uint8Array> {
    const stream = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() })
    // Of a stream that is at its end this marks it as read, and nothing else.
    void stream.cancel()
    this.#taken = stream
    return stream
  }
}

const nothing = Buffer.alloc(0)

/** Reads a stream that nobody has read of. */
const readAll = async (stream: ReadableStream<Uint8Array>): Promise<Buffer> => {
  if (stream.locked || isDisturbed(stream)) throw usedError()
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Of no use in a server: as they are of a request that was made with nothing but a URL. */
const rare = {
  destination: '',
  referrer: 'about:client',
  referrerPolicy: '',
  mode: 'cors',
  credentials: 'same-origin',
  cache: 'default',
  redirect: 'follow',
  integrity: '',
  keepalive: false,
  isReloadNavigation: false,
  isHistoryNavigation: false,
  duplex: 'half',
}

for (const [name, value] of Object.entries(rare))
  Object.defineProperty(LightRequest.prototype, name, {
    configurable: true,
    get(this: LightRequest): unknown {
      return restOf(this)?.[name] ?? value
    },
  })
standFor('Request', LightRequest, isLightRequest)
