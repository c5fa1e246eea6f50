/**
 * One Python worker as its front has it: a control channel, a data channel for each thread, and how they come and go.
 * What is to become of requests it tells its owner; it chooses none.
 */
import type { WorkerAddress } from '../ipc/messages.ts'
import { Channel, type ChannelOwner } from './channel.ts'
import { Control, type ControlOwner } from './control.ts'
import type { Debt } from './debt.ts'
import { firstAverage, patienceOf } from './dispatch.ts'
import type { NamedFile } from './files.ts'
import type { Head } from './heads.ts'
import type { LinkEnd } from './link.ts'
import type { Ticket } from './ticket.ts'

/** Who is told of a worker. */
export interface WorkerOwner {
  readonly token: string
  /** The least that a channel may be silent before what waits in it is taken back; undefined for the usual. */
  readonly patienceMs: number | undefined
  readonly debt: Debt
  readonly log: (level: 'error' | 'warning' | 'info' | 'debug', message: string) => void
  /** Its channels that may be given requests are others now. */
  changed(worker: Worker): void
  settled(channel: Channel): void
  /**
   * Requests of a channel that is no more, of which nothing was heard for `silentMs`; the first `written` of them were told
   * to the worker.
   */
  lost(worker: Worker, tickets: readonly Ticket[], written: number, silentMs: number): void
  /** Requests that were given back, never started. */
  returned(tickets: readonly Ticket[]): void
  /** To be answered with the channel's `fileOk`. */
  file(channel: Channel, ticket: Ticket, head: Head, file: NamedFile): void
  /** Nothing of it is left, and nothing will come. */
  gone(worker: Worker): void
}

/** Waits between two tries to connect, and when not to have come through is an error. */
const firstWaitMs = 20
const longestWaitMs = 1000
const patienceMs = 5000
/** What an ended process has said is read within this time, unless its client is slow. */
const lastWordsMs = 250
/**
 * A thread that hangs, or a worker that goes, is the end of the worker soon, and off the list then. If it is not, what
 * was said was not true; a thread that does hang answers no HELLO, so that asking again does no harm.
 */
export const doubtMs = 5000

/** `serving`: connects, and gets requests; `leaving`: ends as its channels do; `gone`. */
type Phase = 'serving' | 'leaving' | 'gone'

export class Worker implements ChannelOwner, ControlOwner {
  readonly address: WorkerAddress
  readonly token: string
  readonly debt: Debt
  busy = 0
  average = firstAverage
  regret = 0
  readonly #owner: WorkerOwner
  #phase: Phase = 'serving'
  #control: Control | undefined
  readonly #channels = new Set<Channel>()
  /** Threads that hang, whose channels are not opened again. */
  #hung = 0
  #wait = firstWaitMs
  #retry: NodeJS.Timeout | undefined
  /** Since when it cannot be reached, and whether that was said. */
  #unreached: { readonly since: number; readonly said: boolean } | undefined

  constructor(address: WorkerAddress, owner: WorkerOwner) {
    this.address = address
    this.#owner = owner
    this.token = owner.token
    this.debt = owner.debt
    this.#connect()
  }

  get patience(): number {
    return patienceOf(this.average, this.#owner.patienceMs)
  }

  /** All channels, also those that can be given nothing. */
  get channels(): Iterable<Channel> {
    return this.#channels
  }

  /** Whether nothing of it is left. */
  get isGone(): boolean {
    return this.#phase === 'gone'
  }

  /** Whether what waits in a channel can be asked back. */
  get canBePoked(): boolean {
    return this.#control !== undefined
  }

  /** Asks back what waits in this channel, which gets nothing until it is heard of. */
  poke(channel: Channel): void {
    if (this.#control === undefined) return
    channel.hush()
    this.#control.poke(channel.thread)
  }

  /** Gets nothing more; each channel ends when it is idle. */
  leave(): void {
    if (this.#phase !== 'serving') return
    this.#phase = 'leaving'
    clearTimeout(this.#retry)
    for (const channel of this.#channels) {
      if (channel.inHand > 1) this.#control?.poke(channel.thread)
      channel.leave()
    }
    this.#owner.changed(this)
    this.#endWhenAlone()
  }

  /**
   * Its process is no more. Mostly its channels end with it; where a child that the application left behind holds them
   * open, they are cut when what they hold was read: until then they are not idle.
   */
  bury(): void {
    this.leave()
    if (this.#phase === 'gone') return
    // A loop that was held up runs its timers before it reads, what is immediate behind that.
    this.#retry = setTimeout(() => setImmediate(() => this.#closeGrave()), lastWordsMs)
  }

  #closeGrave(): void {
    for (const channel of this.#channels) if (channel.isIdle) channel.cut()
    this.#control?.cut()
    this.bury()
  }

  /** Ends at once. */
  cut(): void {
    this.leave()
    for (const channel of this.#channels) channel.cut()
    this.#control?.cut()
  }

  opened(_channel: Channel): void {
    this.#reached()
    this.#owner.changed(this)
  }

  settled(channel: Channel): void {
    this.#owner.settled(channel)
  }

  ended(channel: Channel, tickets: readonly Ticket[], written: number, silentMs: number, why: LinkEnd): void {
    this.#channels.delete(channel)
    this.#broken(why)
    this.#owner.changed(this)
    this.#owner.lost(this, tickets, written, silentMs)
    this.#again()
  }

  failed(ticket: Ticket, what: string): void {
    this.#owner.log('error', `${ticket.where} (pid:${this.address.pid}): ${what}`)
  }

  noted(ticket: Ticket, what: string): void {
    this.#owner.log('info', `${ticket.where} (pid:${this.address.pid}): ${what}`)
  }

  file(channel: Channel, ticket: Ticket, head: Head, file: NamedFile): void {
    this.#owner.file(channel, ticket, head, file)
  }

  heard(): void {
    this.#reached()
  }

  goAway(): void {
    this.leave()
  }

  returned(thread: number, ids: ReadonlySet<number>): void {
    const back = [...this.#channels].filter((channel) => channel.thread === thread)
    const tickets = back.flatMap((channel) => channel.takeBack(ids))
    if (tickets.length > 0) this.#owner.returned(tickets)
    else for (const channel of back) this.#owner.settled(channel)
  }

  timedOut(thread: number, id: number): void {
    for (const channel of this.#channels)
      if (channel.thread === thread && channel.overdue(id)) {
        this.#hung += 1
        channel.cut()
        setTimeout(() => {
          this.#hung -= 1
          this.#again()
        }, doubtMs).unref()
      }
  }

  controlClosed(why: LinkEnd): void {
    this.#control = undefined
    for (const channel of this.#channels) channel.unanswered()
    this.#broken(why)
    this.#again()
  }

  #connect(): void {
    const { path, threads } = this.address
    this.#control ??= new Control(path, this)
    for (let count = this.#channels.size + this.#hung; count < threads; count += 1)
      this.#channels.add(new Channel(path, this))
  }

  /** What ended is opened again after a while: the worker may be there, or come. */
  #again(): void {
    if (this.#phase !== 'serving') return void this.#endWhenAlone()
    if (this.#retry !== undefined) return
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#connect()
    }, this.#wait)
    this.#wait = Math.min(longestWaitMs, this.#wait * 2)
  }

  #reached(): void {
    this.#wait = firstWaitMs
    this.#unreached = undefined
  }

  #broken({ fault, words }: LinkEnd): void {
    const { pid, path } = this.address
    const what = `Worker (pid:${pid}): the channel at ${path} ended${words === undefined ? '' : `: ${words}`}`
    if (fault) {
      // It would be told so again and again.
      this.#wait = longestWaitMs
      return void this.#owner.log('error', what)
    }
    if (this.#phase !== 'serving') return
    const now = performance.now()
    this.#unreached ??= { since: now, said: false }
    const { since, said } = this.#unreached
    if (said || now - since < patienceMs) return void this.#owner.log('debug', what)
    this.#unreached = { since, said: true }
    this.#owner.log('error', `${what}. It could not be reached for ${patienceMs / 1000} s.`)
  }

  #endWhenAlone(): void {
    if (this.#phase !== 'leaving' || this.#channels.size > 0) return
    if (this.#control !== undefined) return void this.#control.end()
    this.#phase = 'gone'
    this.#owner.gone(this)
  }
}
