/**
 * One client's connection on the core: bytes to requests, one request at a time to the application, answers back in
 * order, and an end in order. It owns the socket and knows of the policy only times and counts.
 *
 * Requests that are pipelined wait as bytes while the one before them is answered; those that are answered
 * within one read leave in one write.
 */
import type { Socket } from 'node:net'
import { event, type RequestHead } from '../h1/events.ts'
import type { HeaderBlock } from '../h1/header-block.ts'
import { RequestParser } from '../h1/parser.ts'
import type { Pooled } from '../pool.ts'
import { isRefused } from './admission.ts'
import { Body, type BodyOwner } from './body.ts'
import { BodyFailure } from './body-failure.ts'
import { Exchange, type ExchangeOwner, endingFor } from './exchange.ts'
import type { Ending, Heads } from './heads.ts'
import { Held, mostHeld } from './held.ts'
import { handOver, type Receiver, receive } from './io.ts'
import { Outbox } from './outbox.ts'
import { Parting } from './parting.ts'
import type { CoreParts, Refused } from './parts.ts'
import { late, leftMs, Patience, type Waiting } from './patience.ts'
import { proceedLater } from './turns.ts'
import { Visitor } from './visitor.ts'
import type { Swept } from './wheel.ts'

export class Connection implements Pooled, Swept, Receiver, BodyOwner, ExchangeOwner {
  readonly socket: Socket
  readonly #core: CoreParts
  readonly #parser: RequestParser
  #phase: 'open' | 'upgraded' | 'ending' | 'gone' = 'open'
  readonly #patience: Patience
  readonly visitor: Visitor
  readonly outbox: Outbox
  readonly heads: Heads
  /** The request in hand; with `#unserved` the application has not seen it yet. */
  exchange: Exchange | undefined
  #unserved = false
  /** The body of the message that is being read. */
  #body: Body | undefined
  readonly #held = new Held()
  /** Since our side is, or is about to be, at its end. */
  #parting: Parting | undefined
  #requests = 0
  /** Requests read in this turn of the loop. */
  streak = 0
  silent = true
  flowing = true
  /** The client has ended its side. */
  #finished = false
  constructor(socket: Socket, core: CoreParts) {
    this.socket = socket
    this.#core = core
    this.#parser = new RequestParser(core.limits, core.leniency)
    this.heads = core.heads
    this.visitor = new Visitor(socket, core.admission)
    this.outbox = new Outbox(socket)
    core.wheel.add(this)
    this.#patience = new Patience(core.wheel)
    this.#patience.await('head', core.policy.headersMs)
    receive(socket, this)
  }

  get idle(): boolean {
    const busy = this.exchange ?? this.#body
    return this.#phase === 'open' && !busy && this.#held.length === 0 && this.#parser.idle
  }

  /** Ends our side in order. `last` is sent before. */
  end(last = ''): void {
    if (this.#phase !== 'open') return
    const { idle } = this
    this.outbox.send(last)
    this.#part().withPatience(this.#patience, idle)
  }

  received(buffer: Buffer, end: number, shared: boolean): void {
    this.silent = false
    this.streak = 0
    this.#parting?.dropped(end)
    if (this.#phase !== 'open') return
    if (this.#held.length > 0 || (this.exchange && !this.#body)) this.#hold(buffer.subarray(0, end), shared)
    else this.#consume(buffer, end, shared)
  }

  /** FIN. A client may end its side and still want its answer. */
  ended(): void {
    this.#finished = true
    this.exchange?.leave()
    if (this.#phase === 'open' && this.#held.length === 0) this.#finish()
  }

  drained(): void {
    this.exchange?.drained()
    if (this.exchange && !this.#body && this.#held.length < mostHeld) this.flow(true)
    this.proceed()
  }

  closed(): void {
    if (this.#phase === 'gone') return
    this.#phase = 'gone'
    this.#core.wheel.remove(this)
    this.#lose(0, 'the client is gone')
    this.#core.gone(this)
  }

  sweep(now: number): void {
    this.#parting?.tick()
    const overdue = this.#patience.expired(now)
    if (overdue) this.#expired(overdue)
    if (!this.outbox.isStalled(now, this.#core.policy.writeMs)) return
    this.#core.refused(0, 'the client took nothing of its response for write_timeout', this.visitor, false)
    this.socket.destroy()
  }

  wanted(): void {
    const exchange = this.exchange
    const asked = exchange?.request.expectContinue && exchange.phase === 'waiting'
    if (asked && this.#body?.received === 0) this.outbox.send('HTTP/1.1 100 Continue\r\n\r\n')
  }

  flow(on: boolean): void {
    if (this.flowing === on || this.#phase === 'gone' || this.#phase === 'upgraded') return
    this.flowing = on
    this.socket[on ? 'resume' : 'pause']()
  }

  ending(exchange: Exchange): Ending {
    // Requests that wait behind this one are to be answered; the last of them says it.
    const last = (this.#finished || !this.#core.keeps(this)) && this.#held.length === 0
    return last || this.#core.policy.keepAliveMs === 0 ? 'close' : endingFor(exchange)
  }

  over(exchange: Exchange): void {
    this.exchange = undefined
    this.#core.over(this, exchange, true)
    if (exchange.ending === 'close') this.#close(exchange)
    else {
      this.#body?.answered()
      if (!this.outbox.isReading) this.proceed()
    }
  }

  upgraded(exchange: Exchange): { readonly socket: Socket; readonly head: Buffer } {
    this.outbox.flush()
    this.#core.wheel.remove(this)
    const head = this.#held.take()
    this.#phase = 'upgraded'
    handOver(this.socket, exchange, () => {
      this.exchange = undefined
      this.#core.over(this, exchange, true)
      this.closed()
    })
    return { socket: this.socket, head }
  }

  /** Reads as far as may be read now, and holds the rest. */
  #consume(buffer: Buffer, end: number, shared: boolean): void {
    const parser = this.#parser
    const { perTurn } = this.#core
    let at = 0
    this.outbox.readingBegins()
    reading: while (this.#phase === 'open') {
      const what = parser.read(buffer, at, end)
      at = parser.offset
      switch (what) {
        case event.head:
          this.#begin()
          break
        case event.body:
          this.#push(buffer.subarray(parser.bodyStart, parser.bodyEnd), shared)
          break
        case event.end:
          if (this.#unserved && this.exchange?.upgradable && at < end) {
            this.#hold(buffer.subarray(at, end), shared)
            at = end
          }
          this.#complete()
          this.streak += 1
          if (at === end || this.exchange || this.streak === perTurn || this.outbox.full) break reading
          break
        case event.refused:
          if (parser.refusedHead) this.#refuseHead(parser.refusedHead, parser.refusal)
          else this.#refuse(parser.refusal)
          break
        default:
          break reading
      }
    }
    if (this.#unserved) this.#serve()
    this.outbox.readingEnds()
    if (this.#phase !== 'open') return
    if (at < end) this.#hold(buffer.subarray(at, end), shared)
    this.#rest()
  }

  /** After a read: what is left waits, and so do we, for something. A body's reader says itself when it is enough. */
  #rest(): void {
    if (this.#held.length > 0 && !this.exchange && !this.outbox.behind) setImmediate(proceedLater, this)
    // A body is read all the same: a client may take nothing before it has sent everything.
    if (this.outbox.behind && !this.#body) this.flow(false)
    this.#settle()
  }

  #begin(): void {
    const { head } = this.#parser
    const visible = this.visitor.admit(head.fields)
    if (isRefused(visible)) return void this.#refuseHead(head, visible)
    const body = head.bodyLength === 0 ? undefined : new Body(head.bodyLength, this)
    this.#patience.none()
    this.#body = body
    this.#unserved = true
    this.#exchangeOf(head, visible, body)
  }

  #exchangeOf(head: RequestHead, visible: HeaderBlock, body?: Body): Exchange {
    this.#requests += 1
    this.exchange = new Exchange(this, head, visible, body, this.#requests, this.#core.clock())
    return this.exchange
  }

  /** A head that was read whole is answered as any request is, but that the application never sees it. */
  #refuseHead(head: RequestHead, { status, reason }: Refused): void {
    this.#core.refused(status, reason, this.visitor, true)
    this.#exchangeOf(head, head.fields).answer(status)
  }

  #push(piece: Buffer, shared: boolean): void {
    const body = this.#body
    if (!body) return
    const { bodyMs, bodyMinRate } = this.#core.policy
    if (this.exchange || !body.waitsForReader) this.#patience.bodyCame(piece.length, bodyMs, bodyMinRate)
    body.push(shared ? Buffer.from(piece) : piece)
    // The answer is given, and this would never end.
    if (!this.exchange && body.hasDroppedTooMuch) this.end()
  }

  /** The message is complete. */
  #complete(): void {
    const body = this.#body
    this.#body = undefined
    body?.end(this.#parser.trailers.raw())
    if (this.#unserved) this.#serve()
  }

  #serve(): void {
    const exchange = this.exchange
    this.#unserved = false
    if (!exchange) return
    // Where it is to be the last, what is pipelined behind it is looked for first, so that it, too, is answered.
    if (this.#core.keeps(this)) this.#core.serve(exchange)
    else setImmediate(this.#core.serve, exchange)
  }

  #hold(bytes: Buffer, shared: boolean): void {
    this.#held.add(bytes, shared)
    this.outbox.moreToCome = true
    if (this.#held.length >= mostHeld) this.flow(false)
  }

  /** Goes on with what was held, when nothing is in its way. */
  proceed(): void {
    if (this.#phase !== 'open' || this.exchange || this.outbox.behind || this.outbox.isReading) return
    // Others have their turn, however quickly these are answered.
    if (this.streak >= this.#core.perTurn) return void setImmediate(proceedLater, this)
    const held = this.#held.take()
    this.outbox.moreToCome = false
    if (held.length > 0) this.#consume(held, held.length, false)
    if (this.#phase !== 'open' || this.#held.length > 0 || this.exchange || this.outbox.behind) return
    if (this.#finished) this.#finish()
    else {
      if (!this.#body?.isFull) this.flow(true)
      this.#settle()
    }
  }

  /** The client sends no more, and all it sent was read. */
  #finish(): void {
    const cut = this.#parser.finish()
    if (cut) this.#refuse(cut)
    else if (this.exchange) this.#settle()
    else this.end()
  }

  #refuse({ status, reason }: Refused): void {
    this.#core.refused(status, reason, this.visitor, !this.#body || this.#unserved)
    const begun = this.exchange?.phase === 'streaming'
    const accept = this.exchange?.headers.get('accept')
    // One answer for each request: what is wrong behind its answer is met with the end alone.
    const answered = this.#body && !this.exchange
    this.#lose(status, reason)
    if (begun) this.socket.destroy()
    else this.end(answered ? '' : this.heads.refusal(status, accept))
  }

  /** What is under way will not be completed. */
  #lose(status: number, reason: string): void {
    const exchange = this.exchange
    const body = this.#body
    const seen = !this.#unserved
    this.exchange = undefined
    this.#body = undefined
    this.#unserved = false
    if (exchange && exchange.status === 0) exchange.status = status
    exchange?.gone()
    body?.fail(new BodyFailure(reason))
    if (exchange && seen) this.#core.over(this, exchange, false)
  }

  /** The answer said that the connection ends. A client that said so first sends no more, and needs no patience. */
  #close({ request }: Exchange): void {
    if (this.#phase !== 'open') return
    if (request.keepAlive || this.#body) this.end()
    else this.#part().atOnce()
  }

  #part(): Parting {
    this.#phase = 'ending'
    this.#held.take()
    this.#parting = new Parting(this, this.outbox, this.#patience)
    return this.#parting
  }

  #settle(): void {
    const { policy } = this.#core
    if (this.#body?.waitsForReader && !this.exchange) this.#patience.awaitReader()
    else if (this.#body) this.#patience.awaitAnew('body', policy.bodyMs)
    else if (this.exchange && this.#finished) this.#patience.awaitAnew('left', leftMs)
    else if (this.exchange || this.#held.length > 0) this.#patience.none()
    else if (!this.#parser.idle) this.#patience.awaitAnew('head', policy.headersMs)
    else if (this.#requests > 0) {
      this.#patience.await('request', policy.keepAliveMs)
      if (this.#parser.rest()) this.visitor.forget()
    }
  }

  #expired(what: Waiting): void {
    if (what === 'end') this.socket.destroy()
    // Who waits for its next request, or never sent a byte, has asked nothing: silence ends in silence.
    else if (what === 'request' || (what === 'head' && this.silent)) this.end()
    else if (what === 'left' && this.exchange?.isIdle()) this.socket.destroy()
    else if (what === 'left') this.#patience.await('left', leftMs)
    else if (what === 'head') this.#refuse(late.head)
    else if (this.#body?.overdue() === 'reader' || what === 'reader') {
      this.#patience.none()
      this.#settle()
    } else this.#refuse(late.body)
  }
}
