/**
 * What leaves by a connection: text is gathered so that what is said together is written together, and a client
 * that does not take what it is sent is noticed. Owns no socket's life; knows no request.
 */
import type { Socket } from 'node:net'
import { unsent } from './io.ts'

/** Characters of text gathered for the socket at which they are given to it. */
const mostGathered = 65_536

export class Outbox {
  readonly #socket: Socket
  #text = ''
  /** 'reading': until all that was read is parsed; 'turn': until this turn of the loop is over. */
  #gathering: 'no' | 'reading' | 'turn' = 'no'
  /** Bytes the client has not taken, and since when they have not become fewer. */
  #stall: { readonly bytes: number; readonly since: number } | undefined

  /** Whether more requests wait to be answered: their answers are gathered. */
  moreToCome = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Whether the socket holds more than the client takes; it says so when that is over ('drain'). */
  get behind(): boolean {
    return this.#socket.writableNeedDrain && this.#socket.writableLength > 0
  }

  /** The same after what was gathered is given to the socket, if it is much. */
  get full(): boolean {
    if (this.#text.length > mostGathered) this.flush()
    return this.behind
  }

  /** Whether nothing is gathered; what the socket holds is the socket's. */
  get isEmpty(): boolean {
    return this.#text === ''
  }

  get isReading(): boolean {
    return this.#gathering === 'reading'
  }

  /** Answers to what is read from here on leave together, at `readingEnds`. */
  readingBegins(): void {
    this.#gathering = 'reading'
  }

  readingEnds(): void {
    this.#gathering = 'no'
    if (this.moreToCome && this.#text.length < mostGathered) this.#gatherTurn()
    else this.flush()
  }

  /** Latin1 text, now, or with what else is answered in its turn. */
  send(text: string): void {
    this.#text += text
    if (this.#gathering === 'reading') return
    if (this.moreToCome) this.#gatherTurn()
    else this.flush()
  }

  /** Latin1 text that more of the same response may follow in this turn of the loop. False: the client is behind. */
  gather(text: string): boolean {
    this.#text += text
    this.#gatherTurn()
    return !this.full
  }

  #gatherTurn(): void {
    if (this.#gathering !== 'no') return
    this.#gathering = 'turn'
    process.nextTick(turnEnds, this)
  }

  /** Text and bytes in one write. False: the client is behind. */
  sendBytes(before: string, bytes: Uint8Array): boolean {
    const socket = this.#socket
    const text = this.#text + before
    this.#text = ''
    socket.cork()
    if (text !== '') socket.write(text, 'latin1')
    socket.write(bytes)
    socket.uncork()
    return !this.behind
  }

  flush(): void {
    const text = this.#text
    if (text === '') return
    this.#text = ''
    this.#socket.write(text, 'latin1')
  }

  turnEnds(): void {
    if (this.#gathering === 'turn') this.#gathering = 'no'
    if (this.#gathering === 'no') this.flush()
  }

  /** Whether the client has taken nothing of what waits for it for `ms` (0: no matter how long). */
  isStalled(now: number, ms: number): boolean {
    if (this.#socket.writableLength === 0) {
      this.#stall = undefined
      return false
    }
    const bytes = unsent(this.#socket)
    if (this.#stall?.bytes !== bytes) this.#stall = { bytes, since: now }
    return ms > 0 && now - this.#stall.since >= ms
  }
}

const turnEnds = (outbox: Outbox): void => outbox.turnEnds()
