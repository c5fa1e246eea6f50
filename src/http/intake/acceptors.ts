/**
 * Listening: takes connections from inherited descriptors, can really stop taking them, and take them again.
 *
 * A descriptor belongs to the acceptor that listens on it and is closed with it; the socket, and the kernel's queue
 * of connections, live on in the master. Node offers no other way to stop accepting, so to go on a new descriptor
 * has to be asked for.
 */
import { createServer, type Server, Socket, type SocketConstructorOpts } from 'node:net'
import type { EngineListener, ListeningHandle } from '../engine.ts'
import { type LastPlaces, setBacklog, takeLastPlaces } from './last-place.ts'

export interface AcceptorsOptions {
  readonly onConnection: (socket: Socket) => void
  /** Takes accepted handles instead, before node makes sockets of them, where the running Node lets us. */
  readonly onHandle?: (handle: object) => void
  readonly onError: (error: unknown, where: string) => void
  readonly ask: ((index: number) => Promise<ListeningHandle>) | undefined
}

type Acceptor =
  | { readonly phase: 'accepting'; readonly server: Server }
  | { readonly phase: 'paused' | 'asking' }

/** How long the kernel's queue is emptied at most: under a storm it never is. */
const emptyingMs = 1000
/** Of it: how long newcomers are still taken in, unless there is a moment without any. */
const openMs = 200
/** Of it: how long the socket stays for those whose handshake is not over; they need 200 ms. */
const handshakesMs = 700
/** Before the places are tried again: others have to be accepted, or to send again. */
const pausesMs = { others: 1, awaited: 50 } as const
const askAgainMs = 1000

export class Acceptors {
  readonly #options: AcceptorsOptions
  #acceptors: Acceptor[] = []
  #backlog = 0
  /** Connections taken and listeners opened so far: while it grows, the queue may hold more. */
  #stirs = 0
  #phase: 'accepting' | 'paused' | 'closed' = 'accepting'

  constructor(options: AcceptorsOptions) {
    this.#options = options
  }

  /** Listens on all of them; `backlog` is set anew by every listen(2) on a shared socket, so all must agree. */
  async open(listeners: readonly EngineListener[], backlog: number): Promise<void> {
    this.#backlog = backlog
    const outcomes = await Promise.allSettled(listeners.map(({ fd }) => this.#listen(fd)))
    this.#acceptors = outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? { phase: 'accepting', server: outcome.value } : { phase: 'paused' },
    )
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (!failed) return
    this.closeNow()
    throw failed.reason
  }

  get canPause(): boolean {
    return this.#options.ask !== undefined
  }

  /** Takes a handle that another process has accepted, as if it came by a listener of ours. */
  take(handle: object): void {
    const { onHandle, onConnection } = this.#options
    // As node makes sockets of what it accepts.
    const options = { handle, allowHalfOpen: true, readable: true, writable: true }
    if (onHandle) onHandle(handle)
    else onConnection(new Socket(options as unknown as SocketConstructorOpts))
  }

  /** Stops accepting: what comes waits in the kernel's queue, for this process or another. */
  pause(): void {
    if (this.#phase !== 'accepting' || !this.canPause) return
    this.#phase = 'paused'
    this.#closeServers()
  }

  resume(): void {
    if (this.#phase !== 'paused') return
    this.#phase = 'accepting'
    this.#acceptors.forEach((acceptor, index) => {
      if (acceptor.phase === 'paused') this.#reopen(index).catch((error) => this.#failed(error, index))
    })
  }

  /**
   * Closes for good. With `emptyQueue` only after what waits in the kernel's queue was accepted; `givenUp`: nobody
   * will listen on the sockets again, and nobody is to be in the queue when it goes (last-place.ts). Each worker does
   * so for itself: whichever is the last closes a queue in which only a guest of ours is.
   */
  async close({ emptyQueue, givenUp = false }: Closing): Promise<void> {
    if (this.#phase === 'closed') return
    const places = emptyQueue ? await this.#emptyQueue(givenUp) : undefined
    this.#phase = 'closed'
    this.#closeServers()
    places?.leave()
  }

  closeNow(): void {
    this.#phase = 'closed'
    this.#closeServers()
  }

  /** A whole turn of the loop polls every descriptor once: a turn without a connection means an empty queue. */
  async #emptyQueue(givenUp: boolean): Promise<LastPlaces | undefined> {
    const began = performance.now()
    this.resume()
    await turn()
    let before = -1
    for (let passed = 0; passed < emptyingMs; passed = performance.now() - began) {
      const busy = this.#busy(before)
      before = this.#stirs
      if (!busy) {
        const places = givenUp ? await this.#lastPlaces(passed) : undefined
        if (!givenUp || places) return places
      } else if (givenUp && passed >= openMs) setBacklog(this.#servers(), 0)
      await turn()
    }
    return undefined
  }

  /** The last places, when nobody is lost with them; undefined: the queue is to be emptied again. */
  async #lastPlaces(passed: number): Promise<LastPlaces | undefined> {
    const servers = this.#servers()
    const places = await takeLastPlaces(servers)
    if (places.held === 'ours') return places
    if (places.held === 'awaited' && passed >= handshakesMs) return places
    if (passed < openMs) setBacklog(servers, this.#backlog)
    places.leave()
    await pause(pausesMs[places.held])
    return undefined
  }

  #servers(): Server[] {
    return this.#acceptors.flatMap((acceptor) => (acceptor.phase === 'accepting' ? [acceptor.server] : []))
  }

  #busy(before: number): boolean {
    return before !== this.#stirs || this.#acceptors.some(({ phase }) => phase === 'asking')
  }

  async #reopen(index: number): Promise<void> {
    const { ask } = this.#options
    if (!ask) return
    this.#acceptors[index] = { phase: 'asking' }
    const server = await this.#listen(await ask(index))
    this.#acceptors[index] = { phase: 'accepting', server }
    this.#stirs += 1
    // The world may have changed while we asked.
    if (this.#phase !== 'accepting') this.#closeServers()
  }

  #failed(error: unknown, index: number): void {
    this.#acceptors[index] = { phase: 'paused' }
    if (this.#phase === 'closed') return
    this.#options.onError(error, `listener ${index}`)
    // A worker that no longer accepts is of no use to anyone: it must go on asking.
    setTimeout(() => {
      const waits = this.#phase === 'accepting' && this.#acceptors[index]?.phase === 'paused'
      if (waits) this.#reopen(index).catch((again) => this.#failed(again, index))
    }, askAgainMs).unref()
  }

  #closeServers(): void {
    this.#acceptors.forEach((acceptor, index) => {
      if (acceptor.phase !== 'accepting') return
      acceptor.server.close()
      this.#acceptors[index] = { phase: 'paused' }
    })
  }

  async #listen(handle: ListeningHandle): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#stirs += 1
      this.#options.onConnection(socket)
    })
    const listening = new Promise<void>((resolve, reject) => {
      server.once('listening', resolve).once('error', reject)
    })
    startListening(server, handle, this.#backlog)
    await listening
    if (this.#options.onHandle) this.#takeHandles(server, this.#options.onHandle)
    server.on('error', (error) => this.#options.onError(error, 'accept'))
    return server
  }

  /**
   * Stands in for what node does with an accepted handle: one object less for each connection. Where node keeps its
   * handle otherwise, sockets are made as ever.
   */
  #takeHandles(server: Server, take: (handle: object) => void): void {
    const listening: unknown = Reflect.get(server, '_handle')
    if (!isListeningHandle(listening)) return
    // What is accepted has it from the listening socket (Linux and Darwin), and need not be told one by one.
    listening.setNoDelay?.(true)
    const beneath = listening.onconnection
    listening.onconnection = (status, handle) => {
      if (status !== 0 || handle === undefined) return void beneath.call(listening, status, handle)
      this.#stirs += 1
      take(handle)
    }
  }
}

interface Closing {
  readonly emptyQueue: boolean
  readonly givenUp?: boolean
}

interface AcceptingHandle {
  onconnection: (this: object, status: number, handle?: object) => void
  /** Of TCP only. */
  setNoDelay?: (on: boolean) => number
}

const isListeningHandle = (value: unknown): value is AcceptingHandle =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'onconnection') === 'function'

/** The backlog has to be positional: `listen({ fd, backlog })` ignores it. */
const startListening = (server: Server, handle: ListeningHandle, backlog: number): void => {
  if (typeof handle === 'number') return void server.listen({ fd: handle }, backlog)
  if (handle.constructor.name !== 'Pipe') return void server.listen(handle, backlog)
  // Given a Pipe, listen() would wrap its descriptor in a second handle, and the first could never be closed.
  Object.assign(server, { _handle: handle })
  Reflect.apply(Reflect.get(server, '_listen2'), server, [null, -1, -1, backlog])
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
