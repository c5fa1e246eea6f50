/**
 * The Request that applications get. Its getters look things up in the exchange when they are asked; the runtime's
 * own Request is made once, of what is left, when something is asked for that only it can do.
 *
 * What it has beyond the standard: `ip`, `waitUntil(promise)`, `runtime` (as srvx has them).
 */
import type { CoreExchange } from '../core/types.ts'
import { streamOf } from './body-stream.ts'
import { collect } from './collector.ts'
import { arrayBufferOf, blobOf, bytesOf, isDisturbed, textOf, usedError } from './consume.ts'
import { flatOf, type LightHeaders, viewOf } from './headers.ts'
import { linkTo, real } from './real.ts'
import { Ties } from './ties.ts'
import { urlOf } from './url.ts'
import type { Waiting } from './waiting.ts'

/** The runtime's own Request in the place of a light one. The light one's body is the real one's from then on. */
export let realOf: (request: LightRequest) => Request
/** The same without the body, which stays where it is. */
export let realWithoutBody: (request: LightRequest) => Request
export let isLightRequest: (value: object) => value is LightRequest
export let tiesOf: (request: LightRequest) => Ties

/** undefined: not touched. */
type Taken = undefined | 'collected' | ReadableStream<Uint8Array> | Request

const isRequest = (taken: Taken): taken is Request => typeof taken === 'object' && 'method' in taken
const runtime = { name: 'tsgunicorn' } as const

export class LightRequest {
  static {
    realOf = (request) => request.#materialise()
    realWithoutBody = (request) => new (real().Request)(request.url, request.#init())
    isLightRequest = (value): value is LightRequest => #exchange in value
    tiesOf = (request) => {
      request.#ties ??= new Ties(request.#exchange)
      return request.#ties
    }
  }

  readonly #exchange: CoreExchange
  readonly #waiting: Waiting
  #url: string | undefined
  #headers: LightHeaders | undefined
  #taken: Taken
  #ties: Ties | undefined
  #controller: AbortController | undefined

  constructor(exchange: CoreExchange, waiting: Waiting) {
    this.#exchange = exchange
    this.#waiting = waiting
  }

  get [Symbol.toStringTag](): string {
    return 'Request'
  }

  get method(): string {
    return this.#exchange.method
  }

  get url(): string {
    this.#url ??= urlOf(this.#exchange)
    return this.#url
  }

  get headers(): LightHeaders {
    this.#headers ??= viewOf(this.#exchange.headers)
    return this.#headers
  }

  /** Aborts when the client goes before the response is complete. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController()
      this.#controller = controller
      tiesOf(this).whenGone(() => controller.abort())
    }
    return this.#controller.signal
  }

  get body(): ReadableStream<Uint8Array> | null {
    const taken = this.#taken
    if (isRequest(taken)) return taken.body as ReadableStream<Uint8Array> | null
    if (taken instanceof ReadableStream) return taken
    const { body } = this.#exchange
    if (body === undefined) return null
    if (taken === 'collected') return this.#spent()
    const stream = streamOf(body)
    this.#taken = stream
    return stream
  }

  get bodyUsed(): boolean {
    const taken = this.#taken
    if (taken === undefined) return false
    if (taken === 'collected') return true
    return isRequest(taken) ? taken.bodyUsed : isDisturbed(taken)
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
    const type = this.headers.get('content-type')
    if (isRequest(this.#taken)) return this.#taken.formData()
    if (this.bodyUsed || body?.locked === true) throw usedError()
    return new (real().Response)(body, type === null ? {} : { headers: { 'content-type': type } }).formData()
  }

  clone(): Request {
    return this.#materialise().clone()
  }

  /** The client's address, through trusted proxies; empty for unix sockets. */
  get ip(): string {
    return this.#exchange.remoteAddress
  }

  get runtime(): { readonly name: string } {
    return runtime
  }

  /** Work that outlives the response: the worker does not exit before it is done. */
  waitUntil(work: PromiseLike<unknown>): void {
    this.#waiting.add(work, this.#exchange)
  }

  [Symbol.for('nodejs.util.inspect.custom')](
    _: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return `Request ${inspect({ method: this.method, url: this.url, headers: this.headers }, options)}`
  }

  #bytes(): Buffer | Promise<Buffer> {
    const taken = this.#taken
    const { body } = this.#exchange
    if (isRequest(taken)) return taken.arrayBuffer().then((bytes) => Buffer.from(bytes))
    if (body === undefined) return nothing
    if (taken instanceof ReadableStream) return readAll(taken)
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

  #materialise(): Request {
    if (isRequest(this.#taken)) return this.#taken
    // The standard has no body for these (and the constructor throws).
    const bodyless = this.method === 'GET' || this.method === 'HEAD'
    const init = { ...this.#init(), body: bodyless ? null : this.body, duplex: 'half' as const }
    const request = new (real().Request)(this.url, init)
    this.#taken = request
    return request
  }

  #init() {
    return { method: this.method, headers: pairsOf(flatOf(this.headers)), signal: this.signal }
  }
}

const nothing = Buffer.alloc(0)

const pairsOf = (flat: readonly string[]): [string, string][] => {
  const pairs: [string, string][] = []
  for (let index = 0; index < flat.length; index += 2) pairs.push([flat[index] ?? '', flat[index + 1] ?? ''])
  return pairs
}

/** Reads a stream that nobody has read of. */
const readAll = async (stream: ReadableStream<Uint8Array>): Promise<Buffer> => {
  if (stream.locked || isDisturbed(stream)) throw usedError()
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Of no use in a server: asked of the real one. */
const rare = [
  'destination',
  'referrer',
  'referrerPolicy',
  'mode',
  'credentials',
  'cache',
  'redirect',
  'integrity',
  'keepalive',
  'isReloadNavigation',
  'isHistoryNavigation',
  'duplex',
  'attribute',
] as const

for (const name of rare)
  Object.defineProperty(LightRequest.prototype, name, {
    configurable: true,
    get(this: LightRequest): unknown {
      return Reflect.get(realOf(this), name)
    },
  })

Object.defineProperty(LightRequest.prototype, 'constructor', {
  configurable: true,
  get: () => globalThis.Request,
})
linkTo('Request', LightRequest.prototype)
