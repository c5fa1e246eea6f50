/**
 * One client's connection: what is under way on it, whether it waits, and how it ends. It knows sockets and
 * node's requests, and nothing of the server they belong to.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { plainAddress, type Trust } from '../forwarded.ts'
import { Exchange } from './exchange.ts'

/** How long a client that was answered may still send before its bytes are met with a reset. */
const lingerMs = 2000
/** The same for one that owes us nothing and is owed nothing: it had its time, and others wait for its end. */
const idleLingerMs = 500

export class Connection {
  readonly socket: Socket
  /** The peer's address; empty for unix sockets. */
  readonly peer: string
  readonly exchanges: Exchange[] = []
  requests = 0
  /**
   * 'last': a request was refused; what comes behind it is not served. 'ending': our side is, or is about to be, at
   * its end: nothing more can be answered.
   */
  phase: 'open' | 'last' | 'upgraded' | 'ending' = 'open'
  /** Who ends it behind the last response: node, which reads on from it, or nobody but us. */
  #endsBy: 'node' | 'us' = 'node'
  #trusted: boolean | undefined
  readonly #trust: Trust
  /** The last request that began; its body may be on its way when it is answered. */
  #newest: IncomingMessage | undefined
  /** Bytes that an intake took off before this was a connection of HTTP. */
  readonly #before: number
  /** Bytes read when it was last seen idle: more of them mean that a request is on its way. */
  #settled: number

  constructor(socket: Socket, trust: Trust) {
    this.socket = socket
    this.peer = plainAddress(socket.remoteAddress ?? '')
    this.#trust = trust
    this.#before = socket.bytesRead - socket.readableLength
    this.#settled = this.#before
    socket.destroySoon = () => this.#destroySoon()
  }

  /** Whether the peer's word about the client is taken; judged once. */
  readonly trusted = (): boolean => {
    this.#trusted ??= this.#trust.trusts(this.peer)
    return this.#trusted
  }

  get encrypted(): boolean {
    return 'encrypted' in this.socket && this.socket.encrypted === true
  }

  /** Whether it waits for a request of which no byte was read yet. */
  get idle(): boolean {
    return this.phase === 'open' && this.exchanges.length === 0 && this.socket.bytesRead === this.#settled
  }

  begin(request: IncomingMessage, response?: ServerResponse): Exchange {
    const exchange = new Exchange(this, request, response)
    this.exchanges.push(exchange)
    this.#newest = request
    return exchange
  }

  /** The request whose body did not arrive in full yet. */
  get unread(): IncomingMessage | undefined {
    if (this.#newest?.complete) this.#newest = undefined
    return this.#newest
  }

  /** Whether no request is under way, as far as node has told of one: it may have read a part of the next. */
  get rests(): boolean {
    const isAnswering = Boolean(Reflect.get(this.socket, '_httpMessage'))
    return this.phase === 'open' && this.exchanges.length === 0 && !this.unread && !isAnswering
  }

  /** No further request is served. */
  refuseMore(): void {
    if (this.phase === 'open') this.phase = 'last'
  }

  /** Forgets an exchange that is over; false when that was done before. */
  finish(exchange: Exchange): boolean {
    const index = this.exchanges.indexOf(exchange)
    if (index === -1) return false
    // Nearly always the first of few: shift() makes no array of what it takes out, as splice() does.
    if (index === 0) this.exchanges.shift()
    else this.exchanges.splice(index, 1)
    if (this.#endsBy === 'us' && this.phase === 'last' && this.exchanges.length === 0) this.end()
    return true
  }

  /** Whether the client never sent a byte. */
  get silent(): boolean {
    return this.socket.bytesRead === this.#before
  }

  /**
   * Takes what was read so far as requests that are over. Asked for while draining only: the count is dear. A
   * connection without a request so far has nothing over: what was read of it is one on its way.
   */
  settle(): void {
    if (this.requests > 0 && this.exchanges.length === 0) this.#settled = this.socket.bytesRead
  }

  /**
   * Lets the last response under way say `Connection: close`, and no other: after it node ends the connection, and
   * pipelined requests behind it would go unanswered.
   */
  closeAfterLast(): void {
    const last = this.exchanges.length - 1
    this.exchanges.forEach(({ response, keepable }, index) => {
      if (response && !response.headersSent) response.shouldKeepAlive = keepable && index !== last
    })
  }

  /**
   * The same for a socket that node has given up: a response that has said `keep-alive` already is followed by nobody
   * who would hear the client's FIN, or its silence.
   */
  endAfterLast(): void {
    this.#endsBy = 'us'
    this.refuseMore()
    this.closeAfterLast()
  }

  /**
   * Ends our side with FIN and goes on reading for a moment: closing a socket with unread bytes makes the kernel
   * send RST, which may overtake the answer (RFC 9112, 9.6). `last` is sent before.
   */
  end(last?: string): void {
    const patience = this.idle ? idleLingerMs : lingerMs
    this.phase = 'ending'
    const { socket } = this
    if (last === undefined) socket.end()
    else socket.end(last, 'latin1')
    const timer = setTimeout(() => socket.destroy(), patience).unref()
    socket.once('close', () => clearTimeout(timer))
    // Whoever paused it is done with it; unread, the client's FIN would not be noticed.
    socket.resume()
  }

  /** Nothing is to be waited for beyond what is under way. */
  drain(): void {
    this.closeAfterLast()
    this.settle()
  }

  /** Destroys the connection, after `last` is flushed. */
  cut(last?: string): void {
    this.phase = 'ending'
    if (last === undefined) return void this.socket.destroy()
    this.socket.write(last, 'latin1')
    Socket.prototype.destroySoon.call(this.socket)
  }

  /** Node's way to end a connection after its last response: at once, whatever the client still sends. */
  #destroySoon(): void {
    const unread = this.exchanges.some(({ request }) => !request.complete)
    const live = this.phase === 'open' || this.phase === 'last'
    if (live && unread) this.end()
    else Socket.prototype.destroySoon.call(this.socket)
    if (live) this.phase = 'ending'
  }
}
