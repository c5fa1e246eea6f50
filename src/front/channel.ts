/**
 * A data channel: one thread of a worker, the requests it was given, and its answers, which come in their order. The
 * requests' ends are told here; which request comes next, and what becomes of those of a dead channel, is not.
 */
import { messageOf } from '../errors.ts'
import { answerFrames, type Outcome, takeFull } from './answers.ts'
import type { Debt } from './debt.ts'
import { averageAfter, type Crew, type Lane, regretAfter, windowOf } from './dispatch.ts'
import { type NamedFile, readNamedFile } from './files.ts'
import type { FrameReader } from './frames.ts'
import { type Head, headIn } from './heads.ts'
import { Link, type LinkEnd, type LinkOwner } from './link.ts'
import { failedFlag, protocolVersion, streamedFlag, toFront, toWorker } from './protocol.ts'
import { Ring } from './ring.ts'
import { type Shape, ShapeNumbers } from './shapes.ts'
import type { Keeper, Ticket } from './ticket.ts'

/** Up to this the core gives a body to the system at once, and is done with it; there are as many as connections. */
const largeBytes = 262_144

/** Who is told of a channel. */
export interface ChannelOwner extends Crew {
  average: number
  regret: number
  readonly token: string
  readonly debt: Debt
  /** It can be given requests. */
  opened(channel: Channel): void
  /** Answers came: it may have room. */
  settled(channel: Channel): void
  /** Its end, with what it had in hand; `written` of these were told to the worker. */
  ended(channel: Channel, tickets: readonly Ticket[], written: number, silentMs: number, why: LinkEnd): void
  /** What the operator has to know, and what explains it. */
  failed(ticket: Ticket, what: string): void
  noted(ticket: Ticket, what: string): void
  /** FILE of this ticket: to be answered with `fileOk`. */
  file(channel: Channel, ticket: Ticket, head: Head, file: NamedFile): void
}

/** `opening`: its HELLO is not answered; `leaving`: gets nothing more, and ends when it is idle. */
type Phase = 'opening' | 'open' | 'leaving' | 'closed'

export class Channel implements Lane, LinkOwner, Keeper {
  readonly crew: ChannelOwner
  readonly #link: Link
  readonly #ring = new Ring()
  readonly #numbers = new ShapeNumbers()
  #phase: Phase = 'opening'
  /** POKEs that are not answered. */
  #asked = 0
  /** Not read, as clients owe too much. */
  #indebted = false
  thread = 0
  /** Tickets that are not written yet, the last of the ring. */
  #unwritten = 0
  /** When the request in hand began, or something was heard last. Monotonic milliseconds. */
  #since = 0
  /** Requests completed by the frames that came together. */
  #done = 0

  constructor(path: string, crew: ChannelOwner) {
    this.crew = crew
    this.#link = new Link(path, this)
  }

  get window(): number {
    return windowOf(this.crew.average)
  }

  get inHand(): number {
    return this.#ring.length
  }

  /** What it has in hand, the oldest first. */
  get tickets(): readonly Ticket[] {
    return this.#ring.all
  }

  get state(): Lane['state'] {
    if (this.#phase !== 'open') return 'closed'
    if (this.#asked > 0) return 'asked'
    return this.#ring.first?.stream === undefined ? 'usable' : 'alone'
  }

  get forsaken(): boolean {
    return this.#ring.first?.phase === 'over'
  }

  /** Whether it would be heard, if it said something: it is read, and an answer is due. */
  get isHeard(): boolean {
    return this.#ring.length > 0 && this.#link.isFlowing
  }

  /** How long nothing was heard, while something should have been: not while the worker waits for a client's body. */
  silentFor(now: number): number {
    if (this.#unwritten === this.#ring.length) return 0
    return Math.min(now - this.#since, this.#ring.first?.stream?.servedFor(now) ?? Infinity)
  }

  /** Gives it a request, for which `choose` found room. */
  give(ticket: Ticket): void {
    const { environ, body, stream } = ticket
    if (environ === undefined) throw new TypeError('a request without its environ is given to a worker')
    const number = this.#numbers.of(environ.shape, this.#tell)
    if (this.#ring.length === 0) this.crew.busy += 1
    else this.crew.regret = regretAfter(this.crew.regret, 0)
    this.#ring.push(ticket)
    this.#unwritten += 1
    ticket.phase = 'given'
    ticket.keeper = this
    this.#link.send(
      toWorker.request,
      stream === undefined ? 0 : streamedFlag,
      number,
      ticket.id,
      environ.text,
      body,
    )
  }

  readonly #tell = (number: number, shape: Shape): void =>
    this.#link.send(toWorker.shape, 0, number, 0, shape.text)

  /**
   * Its waiting requests were asked back. It gets none until the answer is here: what was given back lies in the ring until
   * then, and answers of others that came before it would be told of the wrong request.
   */
  hush(): void {
    this.#asked += 1
  }

  /** These came back, never started. */
  takeBack(ids: ReadonlySet<number>): Ticket[] {
    this.#asked = Math.max(0, this.#asked - 1)
    const wastedMs = this.silentFor(performance.now())
    const taken = this.#ring.take(({ id }) => ids.has(id))
    for (const _ of taken) this.crew.regret = regretAfter(this.crew.regret, wastedMs)
    if (taken.length > 0 && this.#ring.length === 0) this.crew.busy -= 1
    if (taken.length > 0) this.#emptied()
    return taken
  }

  /** The answer to what was asked will not come: nobody knows what it still has. */
  unanswered(): void {
    if (this.#asked > 0) this.cut()
  }

  /** Gets nothing more, and ends when it is idle. */
  leave(): void {
    if (this.#phase === 'opening') return void this.cut()
    if (this.#phase !== 'open') return
    this.#phase = 'leaving'
    this.#endWhenIdle()
  }

  /** Whether its worker has said nothing since this was asked last, though it could have been heard. */
  get isIdle(): boolean {
    return this.#link.isIdle
  }

  /** Ends at once. */
  cut(fault?: string): void {
    this.#link.destroy(fault)
  }

  /** The request in hand took too long: its client is told. False when this is not the one in hand. */
  overdue(id: number): boolean {
    this.#skip(id)
    const ticket = this.#ring.first
    if (ticket?.id !== id) return false
    const { phase, exchange } = ticket
    if (phase === 'over') return true
    ticket.end()
    if (phase === 'begun') exchange.fail(true)
    else exchange.answer(504)
    const fate = phase === 'begun' ? 'its response was cut' : 'the client got 504'
    // The worker has logged it, with the stack.
    this.crew.noted(ticket, `it took longer than timeout: ${fate}`)
    return true
  }

  /** Answers FILE: whether the front sends the file. Then the thread is free. */
  fileOk(ticket: Ticket, sends: boolean): void {
    this.#link.send(toWorker.fileOk, sends ? 0 : failedFlag, 0, ticket.id)
    if (!sends || this.#ring.first !== ticket) return
    this.#complete()
    this.fed()
  }

  /** The client of the request in hand takes bytes again. */
  resume(): void {
    this.#link.flow(true)
  }

  abort(ticket: Ticket): void {
    this.#link.send(toWorker.abort, 0, 0, ticket.id)
    this.#link.flow(true)
  }

  connected(): void {
    this.#link.send(toWorker.hello, 0, protocolVersion, 0, this.crew.token)
    this.#link.flush()
  }

  flushing(): void {
    // What was in hand before has its own beginning.
    if (this.#unwritten === this.#ring.length) this.#since = performance.now()
    this.#unwritten = 0
  }

  frame(reader: FrameReader): void {
    if (reader.type === toFront.full && this.#phase !== 'opening') this.#answer(reader, takeFull)
    else this.#other(reader)
  }

  fed(): void {
    if (this.#phase === 'opening' || this.#phase === 'closed') return
    const now = performance.now()
    const { crew } = this
    if (this.#done > 0) {
      crew.average = averageAfter(crew.average, this.#done, now - this.#since)
      this.#done = 0
      this.#emptied()
    }
    this.#since = now
    crew.settled(this)
  }

  closed(why: LinkEnd): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    const silentMs = this.silentFor(performance.now())
    const tickets = this.#ring.takeAll()
    if (tickets.length > 0) this.crew.busy -= 1
    this.crew.ended(this, tickets, tickets.length - this.#unwritten, silentMs, why)
  }

  #answer(reader: FrameReader, take: (ticket: Ticket, reader: FrameReader) => Outcome): void {
    const ticket = this.#answered(reader.id)
    if (ticket === undefined) return
    let outcome: Outcome
    try {
      outcome = take(ticket, reader)
    } catch (error) {
      this.#unfit(ticket, error)
      outcome = reader.type === toFront.full || reader.type === toFront.end ? 'complete' : 'more'
    }
    if (outcome === 'complete') {
      this.#complete()
      const bytes = reader.bodyEnd - reader.bodyStart
      if (bytes > largeBytes && this.crew.debt.exceeds(ticket.exchange, bytes, this.#solvent)) {
        this.#indebted = true
        this.#link.flow(false)
      }
    } else if (outcome === 'behind') this.#link.flow(false)
    else if (outcome === 'fault') this.#fault(reader)
  }

  readonly #solvent = (): void => {
    this.#indebted = false
    this.#link.flow(true)
  }

  /** The ticket that a frame is about. */
  #answered(id: number): Ticket | undefined {
    const ring = this.#ring
    if (ring.first?.id !== id) this.#skip(id)
    if (ring.first?.id === id) return ring.first
    this.cut(`an answer to request ${id} came, which is not the one in hand`)
    return undefined
  }

  /** Passes over those before this one whose clients went: a worker may leave them unanswered. */
  #skip(id: number): void {
    const ring = this.#ring
    while (ring.first !== undefined && ring.first.id !== id && ring.first.phase === 'over') this.#complete()
  }

  #complete(): void {
    this.#ring.shift()
    // Whoever had it stopped is answered, and says no more.
    if (!this.#indebted) this.#link.flow(true)
    this.#done += 1
    if (this.#ring.length === 0) this.crew.busy -= 1
  }

  #emptied(): void {
    if (this.#phase === 'leaving') this.#endWhenIdle()
  }

  #other(reader: FrameReader): void {
    const { type } = reader
    const take = answerFrames.get(type)
    if (this.#phase === 'opening') this.#hello(reader)
    else if (take !== undefined) this.#answer(reader, take)
    else if (type === toFront.want) this.#want(reader)
    else if (type === toFront.file) this.#file(reader)
    else this.#fault(reader)
  }

  #hello(reader: FrameReader): void {
    if (reader.type !== toFront.hello) return void this.#fault(reader)
    this.thread = reader.index
    this.#phase = 'open'
    this.crew.opened(this)
  }

  #want(reader: FrameReader): void {
    const ticket = this.#answered(reader.id)
    if (ticket === undefined || ticket.phase === 'over') return
    if (ticket.stream === undefined || reader.bodyEnd - reader.bodyStart !== 4)
      return void this.#fault(reader)
    const bytes = reader.bytes.readUInt32LE(reader.bodyStart)
    if (!ticket.stream.want(bytes, this.#link, ticket.id)) this.#fault(reader)
  }

  #file(reader: FrameReader): void {
    const ticket = this.#answered(reader.id)
    if (ticket === undefined) return
    if (ticket.phase === 'begun') return void this.#fault(reader)
    if (ticket.phase === 'over') return void this.fileOk(ticket, true)
    const file = readNamedFile(reader.body.toString())
    if (file === undefined) return void this.#fault(reader)
    try {
      this.crew.file(this, ticket, headIn(reader), file)
    } catch (error) {
      this.#unfit(ticket, error)
      this.fileOk(ticket, true)
    }
  }

  /** What cannot be sent: the worker should have seen it. Of a response that had begun no more is taken. */
  #unfit(ticket: Ticket, error: unknown): void {
    const { exchange } = ticket
    this.crew.failed(ticket, `the response cannot be sent: ${messageOf(error)}`)
    ticket.end()
    if (exchange.phase === 'waiting') exchange.answer(502)
    else if (exchange.phase === 'streaming') exchange.fail(true)
  }

  #fault(reader: FrameReader): void {
    this.cut(`a frame of type ${reader.type} came where none may`)
  }

  #endWhenIdle(): void {
    if (this.#ring.length > 0) return
    this.#link.end()
  }
}
