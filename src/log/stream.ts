/**
 * Messages over a connection (TCP, or a unix stream socket), made again when it is lost. It knows nothing of what it
 * sends.
 */
import type { Socket } from 'node:net'
import { boundedGoodbye, type OnTrouble, Outage, QUEUE, RETRY, type Remote } from './remote.ts'
import type { HostPort } from './udp.ts'

type Phase =
  | { readonly phase: 'idle' }
  | { readonly phase: 'connecting' }
  | { readonly phase: 'open'; readonly socket: Socket }
  | { readonly phase: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly phase: 'closed' }

/** A peer that reads too slowly: bytes in the socket beyond which messages are kept in the bounded queue. */
const SOCKET_BYTES = 256 * 1024

export class StreamRemote implements Remote {
  readonly #to: HostPort | { readonly path: string }
  readonly #outage: Outage
  #state: Phase = { phase: 'idle' }
  #kept: Buffer[] = []
  #retry = RETRY.first
  #onQuiet: (() => void) | undefined

  constructor(to: HostPort | { readonly path: string }, onTrouble: OnTrouble) {
    this.#to = to
    this.#outage = new Outage(onTrouble)
  }

  send(bytes: Buffer): void {
    const now = this.#state
    if (now.phase === 'closed') return
    if (now.phase === 'open' && now.socket.writableLength < SOCKET_BYTES) {
      now.socket.write(bytes)
      return
    }
    if (this.#kept.length < QUEUE) this.#kept.push(bytes)
    if (now.phase === 'idle') this.#open()
  }

  async close(): Promise<void> {
    await boundedGoodbye((done) => {
      this.#onQuiet = done
      this.#quiet()
    })
    if (this.#state.phase === 'open') this.#state.socket.destroy()
    if (this.#state.phase === 'waiting') clearTimeout(this.#state.timer)
    this.#state = { phase: 'closed' }
  }

  #open(): void {
    this.#state = { phase: 'connecting' }
    import('node:net').then(
      ({ connect }) => this.#listen(connect({ ...this.#to })),
      (error: unknown) => this.#lost(error),
    )
  }

  #listen(socket: Socket): void {
    let reason: unknown = new Error('the connection was closed by the other side')
    socket.unref()
    socket.on('error', (error) => {
      reason = error
    })
    socket.on('connect', () => this.#opened(socket))
    socket.on('drain', () => this.#empty(socket))
    socket.on('close', () => this.#lost(reason))
    // What a daemon answers is of no interest, but unread bytes would keep the end of the connection unseen.
    socket.resume()
  }

  #opened(socket: Socket): void {
    if (this.#state.phase === 'closed') {
      socket.destroy()
      return
    }
    this.#state = { phase: 'open', socket }
    this.#retry = RETRY.first
    this.#outage.end()
    this.#empty(socket)
  }

  #empty(socket: Socket): void {
    for (const bytes of this.#kept) socket.write(bytes)
    this.#kept = []
    this.#quiet()
  }

  #lost(reason: unknown): void {
    if (this.#state.phase === 'closed') return
    this.#outage.begin(reason)
    const timer = setTimeout(() => this.#open(), this.#retry).unref()
    this.#retry = Math.min(this.#retry * 2, RETRY.most)
    this.#state = { phase: 'waiting', timer }
    this.#quiet()
  }

  /** Nothing more can be done: all is written, or there is nobody to write to. */
  #quiet(): void {
    const done = this.#onQuiet
    const now = this.#state
    if (done === undefined || now.phase === 'connecting') return
    if (now.phase === 'open') now.socket.end(done)
    else done()
  }
}
