/**
 * How a connection ends in order: what is said is sent, then FIN, and the client is read for a moment still. Closing
 * a socket with unread bytes makes the kernel send RST, which may overtake the answer (RFC 9112, 9.6).
 */
import type { Socket } from 'node:net'
import { closeBehind } from './io.ts'
import type { Outbox } from './outbox.ts'
import type { Patience } from './patience.ts'

/** How long a client that was answered may still send before its bytes are met with a reset. */
const lingerMs = 2000
/** The same for one that owes us nothing and is owed nothing: it had its time, and others wait for its end. */
const idleLingerMs = 500
/** Bytes that are read, and dropped, between two ticks of the wheel: who sends without end is slowed down by it. */
const mostDropped = 65_536

/** The connection that ends. */
export interface PartingOwner {
  readonly socket: Socket
  /** Whether to read from the socket. */
  flow(on: boolean): void
}

export class Parting {
  readonly #owner: PartingOwner
  #dropped = 0
  #slowed = false

  constructor(owner: PartingOwner, outbox: Outbox, patience: Patience) {
    this.#owner = owner
    patience.none()
    outbox.flush()
  }

  /** Waits for the client's end, once ours has left. */
  withPatience(patience: Patience, idle: boolean): void {
    this.#owner.socket.end(() => patience.await('end', idle ? idleLingerMs : lingerMs))
    this.#owner.flow(true)
  }

  /** For a client that sends no more, of its own will. */
  atOnce(): void {
    closeBehind(this.#owner.socket)
  }

  dropped(bytes: number): void {
    this.#dropped += bytes
    if (this.#dropped < mostDropped || this.#slowed) return
    this.#slowed = true
    this.#owner.flow(false)
  }

  tick(): void {
    this.#dropped = 0
    if (!this.#slowed) return
    this.#slowed = false
    this.#owner.flow(true)
  }
}
