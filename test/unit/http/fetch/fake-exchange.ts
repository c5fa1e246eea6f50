/**
 * A stand-in for the core's exchange: it keeps what a consumer sends, and lets a test be the client.
 */
import type { Socket } from 'node:net'
import type {
  BodySink,
  CoreBody,
  CoreExchange,
  Guest,
  ResponseListener,
  ResponsePhase,
} from '../../../../src/http/core/types.ts'
import type { Fields } from '../../../../src/http/h1/fields.ts'
import { HeaderBlock, noFacts } from '../../../../src/http/h1/header-block.ts'

export const blockOf = (flat: readonly string[]): HeaderBlock => {
  let text = ''
  const marks: number[] = []
  for (let index = 0; index < flat.length; index += 2) {
    const [name = '', value = ''] = flat.slice(index, index + 2)
    const start = text.length + name.length + 2
    marks.push(text.length, text.length + name.length, start, start + value.length)
    text += `${name}: ${value}\r\n`
  }
  return new HeaderBlock(`${text}\r\n`, marks, noFacts)
}

/** A body that the test sends, piece by piece. */
export class FakeBody implements CoreBody {
  readonly length: number
  readonly #kept: Buffer[] = []
  #sink: BodySink | undefined
  #end: 'open' | 'ended' | Error = 'open'
  paused = false
  pauses = 0
  reads = 0

  constructor(length = -1) {
    this.length = length
  }

  get complete(): boolean {
    return this.#end === 'ended'
  }

  send(text: string | Buffer): this {
    const chunk = Buffer.from(text)
    if (this.#sink === undefined) this.#kept.push(chunk)
    else this.#sink.data(chunk)
    return this
  }

  finish(): this {
    this.#end = 'ended'
    this.#sink?.ended([])
    return this
  }

  fail(error: Error): this {
    this.#end = error
    this.#sink?.failed(error)
    return this
  }

  read(sink: BodySink): void {
    this.reads += 1
    if (this.reads > 1) throw new TypeError('a body was read twice')
    this.#sink = sink
    for (const chunk of this.#kept) sink.data(chunk)
    if (this.#end === 'ended') sink.ended([])
    else if (this.#end !== 'open') sink.failed(this.#end)
  }

  pause(): void {
    this.paused = true
    this.pauses += 1
  }

  resume(): void {
    this.paused = false
  }

  cancelled = false
  cancel(): void {
    this.cancelled = true
  }
}

export interface FakeOptions {
  readonly method?: string
  readonly target?: string
  readonly headers?: readonly string[]
  readonly scheme?: 'http' | 'https'
  readonly body?: CoreBody
  readonly upgradable?: boolean
  readonly socket?: Socket
  readonly localAddress?: string
  readonly remoteAddress?: string
  /** Bytes that are taken before `write` answers false. */
  readonly window?: number
}

export class FakeExchange implements CoreExchange {
  readonly started = 0
  readonly method: string
  readonly target: string
  readonly version = '1.1'
  readonly headers: HeaderBlock
  readonly scheme: 'http' | 'https'
  readonly remoteAddress: string
  readonly peerAddress = '192.0.2.7'
  readonly peerPort = 50_000
  readonly localAddress: string
  readonly localPort = 8000
  readonly number = 1
  readonly body: CoreBody | undefined
  readonly upgradable: boolean
  phase: ResponsePhase = 'waiting'
  readonly guest: Guest = { trusted: false, proxied: undefined, memory: undefined }
  left = false
  listener: ResponseListener | undefined

  readonly calls: string[] = []
  status = 0
  statusText = ''
  fields = ''
  contentLength = -1
  readonly chunks: Buffer[] = []
  readonly informed: { status: number; lines: string }[] = []
  readonly over: Promise<this>
  #over: (exchange: this) => void = () => undefined
  #window: number
  readonly #socket: Socket | undefined

  constructor(options: FakeOptions = {}) {
    this.method = options.method ?? 'GET'
    this.target = options.target ?? '/'
    this.headers = blockOf(options.headers ?? ['Host', 'example.org'])
    this.scheme = options.scheme ?? 'http'
    this.body = options.body
    this.upgradable = options.upgradable ?? false
    this.localAddress = options.localAddress ?? '127.0.0.1'
    this.remoteAddress = options.remoteAddress ?? '192.0.2.7'
    this.#window = options.window ?? Number.POSITIVE_INFINITY
    this.#socket = options.socket
    this.over = new Promise((resolve) => {
      this.#over = resolve
    })
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }

  respond(status: number, statusText: string, fields: Fields, body: string | Uint8Array | undefined): void {
    if (!this.#may('respond', 'waiting')) return
    this.#head(status, statusText, fields)
    if (body !== undefined) this.chunks.push(Buffer.from(body as string))
    this.#finish('complete')
  }

  begin(status: number, statusText: string, fields: Fields): void {
    if (!this.#may('begin', 'waiting')) return
    this.#head(status, statusText, fields)
    this.phase = 'streaming'
  }

  write(chunk: string | Uint8Array): boolean {
    if (!this.#may('write', 'streaming')) return false
    const bytes = Buffer.from(chunk as string)
    this.chunks.push(bytes)
    this.#window -= bytes.length
    return this.#window > 0
  }

  end(): void {
    if (this.#may('end', 'streaming')) this.#finish('complete')
  }

  inform(status: number, fields: Fields): void {
    this.informed.push({ status, lines: fields.lines })
  }

  fail(cut = false): void {
    this.calls.push(cut ? 'cut' : 'fail')
    const answers = this.phase === 'waiting' && !cut
    if (answers) this.status = 500
    this.#finish(answers ? 'complete' : 'gone')
  }

  answer(status: number): void {
    this.calls.push(`answer ${status}`)
    this.status = status
    this.#finish('complete')
  }

  upgrade(): { readonly socket: Socket; readonly head: Buffer } {
    this.calls.push('upgrade')
    if (this.#socket === undefined) throw new TypeError('the test gave no socket')
    this.phase = 'gone'
    return { socket: this.#socket, head: Buffer.from('first') }
  }

  /** The client takes so many more bytes. */
  drain(bytes: number): void {
    this.#window = bytes
    this.listener?.drained()
  }

  /** The client ends its side. */
  endSide(): void {
    this.left = true
    this.listener?.left?.()
  }

  /** The client goes away. */
  leave(): void {
    this.phase = 'gone'
    this.listener?.gone()
    this.#over(this)
  }

  #may(call: string, phase: ResponsePhase): boolean {
    this.calls.push(call)
    if (this.phase === 'gone') return false
    if (this.phase !== phase) throw new TypeError(`${call} while the response is ${this.phase}`)
    return true
  }

  #head(status: number, statusText: string, fields: Fields): void {
    this.status = status
    this.statusText = statusText
    this.fields = fields.lines
    this.contentLength = fields.contentLength
  }

  #finish(phase: ResponsePhase): void {
    this.phase = phase
    this.#over(this)
  }
}
