/**
 * Datagrams to one host and port. The name is looked up at the first message and again after a failure, never for
 * each message. It knows nothing of what it sends.
 */
import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { boundedGoodbye, type OnTrouble, Outage, QUEUE, RETRY, type Remote } from './remote.ts'

export interface HostPort {
  readonly host: string
  readonly port: number
}

type Phase =
  | { readonly phase: 'idle' }
  | { readonly phase: 'opening'; readonly kept: Buffer[] }
  | { readonly phase: 'open'; readonly socket: Socket }
  /** Messages are dropped until the monotonic `until`. */
  | { readonly phase: 'failed'; readonly until: number }
  | { readonly phase: 'closed' }

export class UdpRemote implements Remote {
  readonly #to: HostPort
  readonly #outage: Outage
  #state: Phase = { phase: 'idle' }
  #underWay = 0
  #onQuiet: (() => void) | undefined

  constructor(to: HostPort, onTrouble: OnTrouble) {
    this.#to = to
    this.#outage = new Outage(onTrouble)
  }

  send(bytes: Buffer): void {
    const now = this.#state
    if (now.phase === 'open') this.#hand(now.socket, bytes)
    else if (now.phase === 'opening') this.#keep(now.kept, bytes)
    else if (now.phase === 'idle' || (now.phase === 'failed' && performance.now() >= now.until))
      this.#open(bytes)
  }

  async close(): Promise<void> {
    await boundedGoodbye((done) => {
      this.#onQuiet = done
      this.#quiet()
    })
    if (this.#state.phase === 'open') this.#state.socket.close()
    this.#state = { phase: 'closed' }
  }

  #keep(kept: Buffer[], bytes: Buffer): void {
    if (kept.length < QUEUE) kept.push(bytes)
  }

  #open(first: Buffer): void {
    const kept = [first]
    this.#state = { phase: 'opening', kept }
    this.#connect().then(
      (socket) => this.#opened(socket, kept),
      (error: unknown) => this.#fail(error),
    )
  }

  /** Modules are imported here: a server that sends no datagrams does not pay for them. */
  async #connect(): Promise<Socket> {
    const [{ createSocket }, { lookup }] = await Promise.all([
      import('node:dgram'),
      import('node:dns/promises'),
    ])
    const { address } = await lookup(this.#to.host)
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' }).unref()
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(this.#to.port, address, () => {
        socket.removeListener('error', reject)
        resolve(socket)
      })
    })
  }

  #opened(socket: Socket, kept: readonly Buffer[]): void {
    if (this.#state.phase === 'closed') {
      socket.close()
      return
    }
    socket.on('error', (error) => this.#fail(error, socket))
    this.#state = { phase: 'open', socket }
    for (const bytes of kept) this.#hand(socket, bytes)
  }

  #hand(socket: Socket, bytes: Buffer): void {
    this.#underWay += 1
    socket.send(bytes, (error) => {
      this.#underWay -= 1
      if (error === null) this.#outage.end()
      else this.#fail(error, socket)
      this.#quiet()
    })
  }

  /** `socket` is the one that failed; a late word of a socket that was given up already is not heard. */
  #fail(error: unknown, socket?: Socket): void {
    const now = this.#state
    if (now.phase === 'closed' || (socket !== undefined && !(now.phase === 'open' && now.socket === socket)))
      return
    this.#outage.begin(error)
    // A refused datagram (ECONNREFUSED) tells of an earlier one: the host may have moved, so look it up again.
    socket?.close()
    this.#state = { phase: 'failed', until: performance.now() + RETRY.first }
    this.#quiet()
  }

  #quiet(): void {
    if (this.#underWay === 0 && this.#state.phase !== 'opening') this.#onQuiet?.()
  }
}
