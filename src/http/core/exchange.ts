/**
 * One request and its response on the core: what a consumer is given (see types.ts). It frames the response and
 * counts it; when and how bytes leave is the connection's affair.
 */
import type { Socket } from 'node:net'
import { errorBody, wantsJson } from '../answers.ts'
import type { RequestHead } from '../h1/events.ts'
import { type Fields, fieldsOf } from '../h1/fields.ts'
import type { HeaderBlock } from '../h1/header-block.ts'
import type { Body } from './body.ts'
import { type Ending, type Heads, interim } from './heads.ts'
import type { Outbox } from './outbox.ts'
import { lacksBody, lengthLine, lengthOf, textOf } from './payload.ts'
import type { CoreBody, CoreExchange, Guest, ResponseListener, ResponsePhase } from './types.ts'
import type { Visitor } from './visitor.ts'

/** What an exchange needs of its connection. */
export interface ExchangeOwner {
  readonly visitor: Visitor
  readonly heads: Heads
  readonly socket: Socket
  readonly outbox: Outbox
  /** Whether the connection stays after this response, as far as it is known now. */
  ending(exchange: Exchange): Ending
  /** The response is complete, or never will be. */
  over(exchange: Exchange): void
  upgraded(exchange: Exchange): { readonly socket: Socket; readonly head: Buffer }
}

/** Bytes that are copied into a string of text rather than sent as a buffer of their own. */
const copied = 4096

/** Bytes of a large body that are given to the system at once. */
const slice = 262_144

/** How the end of the body is known: 'none' has no body, 'close' ends with the connection. */
type Framing = 'none' | 'length' | 'chunked' | 'close'

export class Exchange implements CoreExchange {
  readonly owner: ExchangeOwner
  readonly request: RequestHead
  readonly headers: HeaderBlock
  readonly number: number
  readonly started: number
  readonly incoming: Body | undefined
  listener: ResponseListener | undefined = undefined
  phase: ResponsePhase = 'waiting'
  status = 0
  /** Bytes of body sent, without framing. */
  sent = 0
  ending: Ending = 'keep'
  left = false
  /** The meter was told that it began, and is owed its end. */
  metered = false
  /** The head as sent, for records. */
  headText = ''
  #framing: Framing = 'none'
  /** Bytes of body that Content-Length still owes. */
  #owed = 0
  #sentBefore = -1
  /** What is still to be sent of a large body. */
  #rest: Uint8Array | undefined

  constructor(
    owner: ExchangeOwner,
    request: RequestHead,
    headers: HeaderBlock,
    incoming: Body | undefined,
    number: number,
    started: number,
  ) {
    this.owner = owner
    this.request = request
    this.headers = headers
    this.incoming = incoming
    this.number = number
    this.started = started
  }

  get method(): string {
    return this.request.method
  }

  get target(): string {
    return this.request.target
  }

  get version(): string {
    return this.request.version
  }

  get body(): CoreBody | undefined {
    return this.incoming
  }

  get upgradable(): boolean {
    // What follows such a head is its body, wherever the bytes are split; RFC 9110, 7.8 lets us ignore the offer.
    return this.request.upgrade && this.incoming === undefined
  }

  get scheme(): 'http' | 'https' {
    return this.owner.visitor.scheme(this.request.fields)
  }

  get remoteAddress(): string {
    return this.owner.visitor.client(this.request.fields)
  }

  get peerAddress(): string {
    return this.owner.visitor.address
  }

  get peerPort(): number {
    return this.owner.socket.remotePort ?? 0
  }

  get guest(): Guest {
    return this.owner.visitor
  }

  get localAddress(): string {
    return this.owner.socket.localAddress ?? ''
  }

  get localPort(): number {
    return this.owner.socket.localPort ?? 0
  }

  respond(status: number, statusText: string, fields: Fields, body: string | Uint8Array | undefined): void {
    if (!this.#may('waiting')) return
    const length = lengthOf(body)
    const bodyless = lacksBody(this.request.method, status)
    const said = fields.contentLength
    if (said !== -1 && said !== length && !bodyless)
      throw new RangeError(`the response's Content-Length is ${said}, and its body has ${length} bytes`)
    const head = this.#head(status, statusText, fields) + lengthLine(status, said, length, bodyless, body)
    this.status = status
    this.headText = head
    if (length > slice && !bodyless && body !== undefined) {
      this.#sendLarge(head, typeof body === 'string' ? Buffer.from(body) : body)
      return
    }
    this.phase = 'complete'
    if (bodyless || body === undefined || length === 0) this.owner.outbox.send(`${head}\r\n`)
    else this.#sendWhole(head, body, length)
    this.owner.over(this)
  }

  begin(status: number, statusText: string, fields: Fields): void {
    if (!this.#may('waiting')) return
    const bodyless = lacksBody(this.request.method, status)
    const framing = bodyless ? 'none' : this.#framingOf(fields)
    if (framing === 'close') this.ending = 'close'
    let head = this.#head(status, statusText, fields)
    if (fields.contentLength !== -1 && status !== 204) head += `Content-Length: ${fields.contentLength}\r\n`
    else if (framing === 'chunked') head += 'Transfer-Encoding: chunked\r\n'
    this.phase = 'streaming'
    this.status = status
    this.headText = head
    this.#framing = framing
    this.#owed = fields.contentLength
    this.owner.outbox.gather(`${head}\r\n`)
  }

  write(chunk: string | Uint8Array): boolean {
    if (!this.#may('streaming')) return true
    const length = lengthOf(chunk)
    if (this.#framing === 'none' || length === 0) return true
    if (this.#framing === 'length') this.#take(length)
    this.sent += length
    const before = this.#framing === 'chunked' ? `${length.toString(16)}\r\n` : ''
    const after = this.#framing === 'chunked' ? '\r\n' : ''
    if (typeof chunk === 'string') {
      if (length === chunk.length) return this.owner.outbox.gather(before + chunk + after)
      return this.#bytes(before, Buffer.from(chunk), after)
    }
    return this.#bytes(before, chunk, after)
  }

  end(): void {
    if (!this.#may('streaming')) return
    if (this.#framing === 'length' && this.#owed > 0) {
      this.fail()
      return
    }
    this.phase = 'complete'
    this.owner.outbox.send(this.#framing === 'chunked' ? '0\r\n\r\n' : '')
    this.owner.over(this)
  }

  inform(status: number, fields: Fields): void {
    if (status < 102 || status > 199)
      throw new RangeError(`${status} is not the status of an interim response`)
    if (this.phase === 'waiting' && this.request.modern) this.owner.outbox.send(interim(status, fields))
  }

  fail(cut = false): void {
    if (this.phase === 'complete' || this.phase === 'gone') return
    if (this.phase === 'streaming' || cut) {
      // What was gathered was sent, for whoever said it: a client that got nothing may ask again in good faith.
      this.owner.outbox.flush()
      // Where the connection's end is the body's, one in order would say that this was all.
      if (this.#framing === 'close') this.owner.socket.resetAndDestroy()
      else this.owner.socket.destroy()
      return
    }
    this.answer(500)
  }

  answer(status: number, more: readonly string[] = []): void {
    const { type, text } = errorBody(status, wantsJson(this.headers.get('accept')))
    this.respond(status, '', fieldsOf(['Content-Type', type, 'Connection', 'close', ...more]), text)
  }

  upgrade(): { readonly socket: Socket; readonly head: Buffer } {
    if (!this.#may('waiting')) throw new TypeError('the connection is gone')
    this.phase = 'complete'
    return this.owner.upgraded(this)
  }

  /** The client has ended its side. */
  leave(): void {
    this.left = true
    this.#sentBefore = this.sent
    this.listener?.left?.()
  }

  /** Whether a response has begun of which nothing was sent, and nothing waits to be, since this was last asked. */
  isIdle(): boolean {
    const still = this.sent === this.#sentBefore && !this.owner.outbox.behind
    const idle = this.phase === 'streaming' && still
    this.#sentBefore = this.sent
    return idle
  }

  /** The client takes bytes again. */
  drained(): void {
    if (this.#rest) setImmediate(pourLater, this)
    else this.listener?.drained()
  }

  /** The connection is gone. */
  gone(): void {
    if (this.phase === 'complete' || this.phase === 'gone') return
    this.phase = 'gone'
    this.listener?.gone()
  }

  #may(phase: 'waiting' | 'streaming'): boolean {
    if (this.phase === phase) return true
    if (this.phase === 'gone') return false
    throw new TypeError(`the response is ${this.phase}, and should be ${phase} for this`)
  }

  #head(status: number, statusText: string, fields: Fields): string {
    if (status < 200 || status > 999 || !Number.isInteger(status))
      throw new RangeError(`${status} is not the status of a response`)
    if (this.ending === 'keep') this.ending = fields.close ? 'close' : this.owner.ending(this)
    return this.owner.heads.write(status, statusText, fields, this.ending)
  }

  #sendWhole(head: string, body: string | Uint8Array, length: number): void {
    this.sent = length
    if (typeof body !== 'string') {
      if (length <= copied) this.owner.outbox.send(`${head}\r\n${textOf(body)}`)
      else this.owner.outbox.sendBytes(`${head}\r\n`, body)
    } else if (length === body.length) this.owner.outbox.send(`${head}\r\n${body}`)
    else this.#sendWhole(head, Buffer.from(body), length)
  }

  /** In slices, as the client takes them: one that is slow, or very quick, keeps nobody waiting. */
  #sendLarge(head: string, body: Uint8Array): void {
    this.phase = 'streaming'
    this.#rest = body
    this.owner.outbox.gather(`${head}\r\n`)
    this.pour()
  }

  /** The next slice. */
  pour(): void {
    const rest = this.#rest
    if (rest === undefined || this.phase !== 'streaming') return
    const piece = rest.subarray(0, slice)
    this.sent += piece.length
    this.#rest = rest.subarray(piece.length)
    this.owner.outbox.sendBytes('', piece)
    // More than a socket buffers: 'drain' comes, at once or when the client has taken it.
    if (this.#rest.length > 0) return
    this.#rest = undefined
    this.phase = 'complete'
    this.owner.over(this)
  }

  /** A piece of bytes between its framing. */
  #bytes(before: string, bytes: Uint8Array, after: string): boolean {
    if (bytes.length <= copied) return this.owner.outbox.gather(before + textOf(bytes) + after)
    const ready = this.owner.outbox.sendBytes(before, bytes)
    return after === '' ? ready : this.owner.outbox.gather(after) && ready
  }

  #framingOf({ contentLength }: Fields): Framing {
    if (contentLength !== -1) return 'length'
    return this.request.modern ? 'chunked' : 'close'
  }

  #take(length: number): void {
    if (length > this.#owed) throw new RangeError(`the body has more bytes than its Content-Length says`)
    this.#owed -= length
  }
}

const pourLater = (exchange: Exchange): void => exchange.pour()

/** What the request, and a body that nobody has read, say of the connection. */
export const endingFor = ({ request, incoming }: Exchange): Ending =>
  request.keepAlive && !incoming?.isTooMuchToDrop(request.expectContinue) ? 'keep' : 'close'
