/**
 * The Response that stands for the runtime's own in a worker: text, bytes and JSON stay what they are until they are
 * sent, and none of undici is touched. It behaves as the standard says, but that headers are never immutable.
 */
import { arrayBufferOf, blobOf, bytesOf, isDisturbed, textOf, usedError } from './consume.ts'
import { readForm } from './form.ts'
import { LightHeaders } from './headers.ts'
import { standFor } from './real.ts'
import { extract, jsonType, type Source, sourceOf, streamOfSource, textType } from './response-body.ts'
import { checkedStatus, checkedText, hasNullBody } from './response-status.ts'

export interface ResponseOptions {
  readonly status?: number
  readonly statusText?: string
  readonly headers?: ConstructorParameters<typeof LightHeaders>[0] | Headers
}

/** What is to be sent of a response; `type` stands for headers that nobody has asked for or given. */
export interface Sendable {
  readonly status: number
  readonly statusText: string
  readonly headers: LightHeaders | undefined
  readonly type: string | undefined
  readonly source: Source
}

export let isLightResponse: (value: object) => value is LightResponse
/** Takes the body for sending. Throws TypeError when it was read, is being read, or is that of `Response.error()`. */
export let takeSendable: (response: LightResponse) => Sendable

type Taken = 'untouched' | 'used' | ReadableStream<Uint8Array>

export class LightResponse {
  static {
    isLightResponse = (value): value is LightResponse => #status in value
    takeSendable = (response) => response.#take()
  }

  static json(data: unknown, init?: ResponseOptions): LightResponse {
    const text: string | undefined = JSON.stringify(data)
    if (text === undefined) throw new TypeError('Response.json: the value has no form in JSON.')
    const response = new LightResponse(text, init)
    response.#retype(jsonType, init)
    return response
  }

  static redirect(url: string | URL, status = 302): LightResponse {
    if (![301, 302, 303, 307, 308].includes(status))
      throw new RangeError(`Response.redirect: ${status} is not the status of a redirection.`)
    // The standard resolves it against a document, which there is none of: a relative one is sent as it is.
    const text = String(url)
    const location = URL.canParse(text) ? new URL(text).href : encodeURI(text).replaceAll('%25', '%')
    return new LightResponse(null, { status, headers: { location } })
  }

  static error(): LightResponse {
    const response = new LightResponse()
    response.#status = 0
    return response
  }

  #status = 200
  #statusText = ''
  #headers: LightHeaders | undefined
  #type: string | undefined
  #source: Source = null
  #taken: Taken = 'untouched'

  constructor(body?: unknown, init?: ResponseOptions | null) {
    if (typeof body === 'string') {
      this.#source = body
      this.#type = textType
    } else if (body !== null && body !== undefined) {
      const { source, type } = extract(body)
      this.#source = source
      this.#type = type
    }
    if (init !== undefined && init !== null) this.#apply(init)
  }

  get [Symbol.toStringTag](): string {
    return 'Response'
  }

  get type(): string {
    return this.#status === 0 ? 'error' : 'default'
  }

  get url(): string {
    return ''
  }

  get redirected(): boolean {
    return false
  }

  get status(): number {
    return this.#status
  }

  get ok(): boolean {
    return this.#status >= 200 && this.#status <= 299
  }

  get statusText(): string {
    return this.#statusText
  }

  get headers(): LightHeaders {
    if (this.#headers === undefined) {
      this.#headers = new LightHeaders()
      if (this.#type !== undefined) this.#headers.append('content-type', this.#type)
    }
    return this.#headers
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (this.#source === null) return null
    if (this.#taken instanceof ReadableStream) return this.#taken
    const stream = streamOfSource(this.#source)
    // Marks a stream that nobody has as read.
    if (this.#taken === 'used') void stream.cancel()
    this.#taken = stream
    return stream
  }

  get bodyUsed(): boolean {
    if (typeof this.#taken !== 'string') return isDisturbed(this.#taken)
    if (this.#taken === 'used') return true
    return this.#source instanceof ReadableStream && isDisturbed(this.#source)
  }

  async text(): Promise<string> {
    const bytes = this.#consume()
    return typeof bytes === 'string' ? bytes : textOf(toBuffer(await bytes))
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    // Copied: the bytes may be the application's own.
    return arrayBufferOf(Uint8Array.from(toBuffer(await this.#consume())))
  }

  async bytes(): Promise<Uint8Array> {
    return bytesOf(toBuffer(await this.#consume()))
  }

  async blob(): Promise<Blob> {
    return blobOf(toBuffer(await this.#consume()), this.headers.get('content-type'))
  }

  async formData(): Promise<FormData> {
    const type = this.headers.get('content-type')
    return readForm(Uint8Array.from(toBuffer(await this.#consume())), type)
  }

  clone(): LightResponse {
    if (this.bodyUsed || this.#isLocked()) throw usedError()
    const clone = new LightResponse()
    clone.#status = this.#status
    clone.#statusText = this.#statusText
    clone.#headers = this.#headers && new LightHeaders(this.#headers)
    clone.#type = this.#type
    clone.#source = this.#source
    if (this.#source instanceof ReadableStream) {
      const [mine, its] = this.#source.tee()
      this.#source = mine
      this.#taken = 'untouched'
      clone.#source = its
    }
    return clone
  }

  [Symbol.for('nodejs.util.inspect.custom')](
    _: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return `Response ${inspect({ status: this.status, headers: this.headers }, options)}`
  }

  #apply(init: ResponseOptions): void {
    if (typeof init !== 'object') throw new TypeError('Response: its options are not an object.')
    const { status, statusText, headers } = init
    if (status !== undefined) this.#status = checkedStatus(status)
    if (statusText !== undefined) this.#statusText = checkedText(statusText)
    if (this.#source !== null && hasNullBody(this.#status))
      throw new TypeError(`Response: one of status ${this.#status} has no body. Give null.`)
    if (headers === undefined || headers === null) return
    this.#headers = new LightHeaders(headers as LightHeaders)
    if (this.#type !== undefined && !this.#headers.has('content-type'))
      this.#headers.append('content-type', this.#type)
  }

  /** Has another Content-Type where the application named none. */
  #retype(type: string, init: ResponseOptions | undefined): void {
    this.#type = type
    if (this.#headers === undefined || this.#headers.get('content-type') !== textType) return
    if (!new LightHeaders(init?.headers as LightHeaders).has('content-type'))
      this.#headers.set('content-type', type)
  }

  #isLocked(): boolean {
    const stream = this.#taken instanceof ReadableStream ? this.#taken : this.#source
    return stream instanceof ReadableStream && stream.locked
  }

  #consume(): string | Uint8Array | Promise<Uint8Array> {
    if (this.bodyUsed || this.#isLocked()) throw usedError()
    const source = this.#source
    if (source === null) return ''
    const known = source instanceof ReadableStream ? sourceOf(source) : source
    if (known !== undefined && (typeof known === 'string' || known instanceof Uint8Array)) {
      this.#spend()
      return known
    }
    if (!(source instanceof ReadableStream)) this.#spend()
    return readWhole(source)
  }

  /** Of streams that are out in the world it must be seen that they were read. */
  #spend(): void {
    const stream = this.#taken instanceof ReadableStream ? this.#taken : this.#source
    if (stream instanceof ReadableStream) void stream.cancel()
    else this.#taken = 'used'
  }

  #take(): Sendable {
    if (this.#status === 0) throw new TypeError('Response.error() stands for no response that could be sent.')
    if (this.#taken !== 'untouched' && (this.bodyUsed || this.#isLocked())) throw usedError()
    let source = this.#source
    if (source instanceof ReadableStream) {
      if (isDisturbed(source) || source.locked) throw usedError()
      source = sourceOf(source) ?? source
    }
    this.#taken = 'used'
    return {
      status: this.#status,
      statusText: this.#statusText,
      headers: this.#headers,
      type: this.#type,
      source,
    }
  }
}

const toBuffer = (bytes: string | Uint8Array): Buffer =>
  typeof bytes === 'string'
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const readWhole = async (source: Source): Promise<Uint8Array> => {
  const stream = source === null ? null : streamOfSource(source)
  const chunks: Uint8Array[] = []
  if (stream !== null) for await (const chunk of stream) chunks.push(checkedChunk(chunk))
  return Buffer.concat(chunks)
}

const checkedChunk = (chunk: unknown): Uint8Array => {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk === 'string') return Buffer.from(chunk)
  throw new TypeError(`Response: its body stream gave a ${typeof chunk}, not bytes.`)
}

standFor('Response', LightResponse, isLightResponse)
