/**
 * A request's body between the core and a worker: collected whole when it is small, so that a slow client holds no
 * worker, else passed on as the worker wants it. Nothing is read from the client beyond a bounded rest of that.
 */
import type { BodySink, CoreBody } from '../http/core/types.ts'
import { Pieces } from '../http/pieces.ts'
import { failedFlag, mostLength, pieceSize, toWorker } from './protocol.ts'

/** Where the frames of a body go. */
export interface BodyOutlet {
  send(type: number, flags: number, index: number, id: number, text?: string, body?: Uint8Array): void
}

/** Told once what a body turned out to be. */
export interface Collecting {
  /** All of it. */
  whole(body: Buffer): void
  /** More than the limit: it goes on by `want`. */
  large(): void
}

/**
 * `unread`; `collecting`; `flowing`: to be sent as it is wanted; `ended` and `failed`: the same, and no more comes;
 * `over`: nobody wants it any more, or it was all sent.
 */
type Phase = 'unread' | 'collecting' | 'flowing' | 'ended' | 'failed' | 'over'

export class BodyStream implements BodySink {
  readonly #body: CoreBody
  readonly #pieces = new Pieces()
  #phase: Phase = 'unread'
  #limit = 0
  #told: Collecting | undefined
  #why = ''
  /** What is left of the piece that was last begun. */
  #rest: Buffer | undefined
  /** Bytes that the worker still wants. */
  #credit = 0
  #outlet: BodyOutlet | undefined
  #id = 0
  /** When something was passed on last; monotonic milliseconds. */
  #passedAt = 0

  constructor(body: CoreBody) {
    this.#body = body
  }

  /** Reads up to `limit` bytes. When the body fails `told` hears nothing: the exchange is gone then. */
  collect(limit: number, told: Collecting): void {
    this.#phase = 'collecting'
    this.#limit = limit
    this.#told = told
    this.#body.read(this)
  }

  /** The worker wants so many bytes more of request `id`. False when that is more than it can mean to take. */
  want(bytes: number, outlet: BodyOutlet, id: number): boolean {
    if (this.#phase === 'over') return true
    // What it wants and does not read lies here.
    if (this.#credit + bytes > mostLength) return false
    this.#credit += bytes
    this.#outlet = outlet
    this.#id = id
    if (this.#phase === 'unread') {
      this.#phase = 'flowing'
      this.#body.read(this)
    }
    this.#pour()
    if (this.#phase === 'flowing' && this.#credit > 0) this.#body.resume()
    return true
  }

  /**
   * How long the worker has had what it wanted of this body: 0 while all that came was passed on, and it wants more.
   * Then it is the client who is waited for.
   */
  servedFor(now: number): number {
    return this.#phase === 'flowing' && this.#credit > 0 ? 0 : now - this.#passedAt
  }

  /** The rest is of no interest. */
  cancel(): void {
    if (this.#phase === 'over') return
    this.#phase = 'over'
    this.#pieces.clear()
    this.#rest = undefined
    this.#body.cancel()
  }

  data(chunk: Buffer): void {
    this.#pieces.add(chunk)
    if (this.#phase === 'flowing') {
      this.#pour()
      if (this.#credit === 0) this.#body.pause()
    } else if (this.#pieces.bytes > this.#limit) {
      this.#phase = 'flowing'
      this.#body.pause()
      this.#told?.large()
    }
  }

  ended(): void {
    if (this.#phase === 'collecting') {
      this.#phase = 'over'
      this.#told?.whole(this.#pieces.takeAll())
    } else this.#ends('ended', '')
  }

  failed(error: Error): void {
    if (this.#phase === 'collecting') this.#phase = 'over'
    else this.#ends('failed', error.message)
  }

  #ends(phase: 'ended' | 'failed', why: string): void {
    if (this.#phase === 'over') return
    this.#phase = phase
    this.#why = why
    this.#pour()
  }

  /** Sends what is there, as far as it is wanted, and the end behind all of it. */
  #pour(): void {
    const outlet = this.#outlet
    if (outlet === undefined) return
    this.#passedAt = performance.now()
    while (this.#credit > 0) {
      const piece = this.#rest ?? this.#pieces.take()
      if (piece === undefined) break
      const part = piece.subarray(0, Math.min(pieceSize, this.#credit))
      this.#rest = part.length < piece.length ? piece.subarray(part.length) : undefined
      this.#credit -= part.length
      outlet.send(toWorker.body, 0, 0, this.#id, '', part)
    }
    const finished = this.#phase === 'ended' || this.#phase === 'failed'
    if (!finished || this.#rest !== undefined || this.#pieces.bytes > 0) return
    outlet.send(
      toWorker.bodyEnd,
      this.#phase === 'failed' ? failedFlag : 0,
      0,
      this.#id,
      latin1OfUtf8(this.#why),
    )
    this.#phase = 'over'
  }
}

/** UTF-8 as the writer takes it: a character for each byte. */
const latin1OfUtf8 = (text: string): string => Buffer.from(text).toString('latin1')
