/**
 * A front: it takes the core's exchanges, has workers answer them, and keeps those that no worker has room for. Who
 * gets what is judged in dispatch.ts, what becomes of requests whose worker died in deaths.ts; here it is done.
 */
import { messageOf } from '../errors.ts'
import type { Consumer, CoreExchange } from '../http/core/types.ts'
import type { RequestSaid, WorkerAddress } from '../ipc/messages.ts'
import { BodyStream } from './body.ts'
import type { Channel } from './channel.ts'
import { fateOf } from './deaths.ts'
import { Debt } from './debt.ts'
import { Desk } from './desk.ts'
import { isToBePoked } from './dispatch.ts'
import { environOf } from './environ.ts'
import { FileAnswer, type NamedFile, openNamedFile } from './files.ts'
import type { Front, FrontOptions } from './front.ts'
import type { Head } from './heads.ts'
import { requestsOf } from './said.ts'
import { Shapes } from './shapes.ts'
import { Ticket } from './ticket.ts'
import { doubtMs, Worker, type WorkerOwner } from './worker.ts'

/** Bytes of a body that are collected before a worker is given the request. */
const usualCollectLimit = 65_536

/** How often channels with waiting requests are looked at. */
const lookMs = 1

/**
 * How long after `timeout` a worker may be silent, whose own affair an overdue request is. Then what it said was lost:
 * something else in its process has written to the channel, or has closed it.
 */
const lostMs = 3000

/** Ids are whole numbers that V8 keeps without an object of their own. */
const lastId = 0x7fff_ffff

export const createFront = (options: FrontOptions): Front => new BridgeFront(options)

class BridgeFront implements Front, WorkerOwner {
  readonly token: string
  readonly patienceMs: number | undefined
  readonly log: FrontOptions['log']
  readonly debt = new Debt()
  readonly #options: FrontOptions
  readonly #collectLimit: number
  readonly #shapes = new Shapes()
  readonly #desk: Desk<Ticket, Channel>
  /** By age: those on the list. */
  readonly #workers = new Map<number, Worker>()
  /** Those that end. */
  readonly #leaving = new Set<Worker>()
  /** 'abandoned': no worker is left, and none will come. */
  #phase: 'starting' | 'usable' | 'abandoned' | 'closed' = 'starting'
  #lastId = 0
  /** What is to be said of workers that died, a moment later. */
  readonly #obituaries: string[] = []
  #look: NodeJS.Timeout | undefined
  readonly #watch: NodeJS.Timeout | undefined

  constructor(options: FrontOptions) {
    this.#options = options
    const { timeoutMs = 0 } = options
    if (timeoutMs > 0) this.#watch = setInterval(() => this.#cutLost(timeoutMs + lostMs), 1000).unref()
    this.token = options.token
    this.patienceMs = options.patienceMs
    this.log = options.log
    this.#desk = new Desk({
      limit: options.queueLimit,
      give: (lane, ticket) => this.#give(lane, ticket),
      clock: () => performance.now(),
    })
    this.#collectLimit = options.collectLimit ?? usualCollectLimit
  }

  get waiting(): number {
    return this.#desk.waiting
  }

  get oldestMs(): number {
    const { oldest } = this.#desk
    return oldest === undefined ? 0 : performance.now() - oldest.since
  }

  get running(): number {
    let count = 0
    for (const worker of this.#everyWorker()) for (const { inHand } of worker.channels) count += inHand
    return count
  }

  requests(most: number): RequestSaid[] {
    return requestsOf(this.#everyWorker(), this.#desk.queued, most)
  }

  readonly consumer: Consumer = (exchange) => {
    // RFC 9110, 9.3.6: nobody here opens a tunnel, and what follows may be meant for it.
    if (exchange.method === 'CONNECT') return void exchange.answer(501)
    this.#lastId = this.#lastId === lastId ? 1 : this.#lastId + 1
    const ticket = new Ticket(exchange, this.#lastId, this.#desk)
    exchange.listener = ticket
    if (exchange.body === undefined) this.#submit(ticket, -1)
    else this.#takeBody(exchange, ticket, new BodyStream(exchange.body))
  }

  workers(list: readonly WorkerAddress[], abandoned = false): void {
    if (this.#phase === 'closed') return
    if (abandoned) this.#abandon()
    else if (this.#phase === 'abandoned') this.#phase = 'usable'
    const ages = new Set(list.map(({ age }) => age))
    for (const [age, worker] of this.#workers) if (!ages.has(age)) this.#letGo(age, worker)
    for (const address of list)
      if (!this.#workers.has(address.age)) this.#workers.set(address.age, new Worker(address, this))
  }

  ended(age: number): void {
    for (const worker of this.#everyWorker()) if (worker.address.age === age) worker.bury()
  }

  close(): void {
    this.#phase = 'closed'
    clearTimeout(this.#look)
    clearInterval(this.#watch)
    for (const worker of this.#everyWorker()) worker.cut()
    for (const ticket of [...this.#desk.queued]) this.#refuse(ticket, 503)
    this.#tellDeaths()
  }

  #mourn(words: string): void {
    const { mourningMs = 0 } = this.#options
    this.#obituaries.push(words)
    if (mourningMs === 0 || this.#phase === 'closed') this.#tellDeaths()
    else setTimeout(() => this.#tellDeaths(), mourningMs).unref()
  }

  #tellDeaths(): void {
    for (const words of this.#obituaries.splice(0)) this.log('error', words)
  }

  #abandon(): void {
    this.#phase = 'abandoned'
    const { waiting } = this.#desk
    if (waiting > 0) this.log('error', `no worker is left for ${waiting} requests: the clients got 503`)
    for (const ticket of [...this.#desk.queued]) this.#refuse(ticket, 503)
  }

  /** Whether workers are there, or may come. */
  get #hasHope(): boolean {
    return this.#phase === 'starting' || this.#phase === 'usable'
  }

  changed(worker: Worker): void {
    this.#desk.lanes = [...this.#workers.values()]
      .flatMap((one) => [...one.channels])
      .filter(({ state }) => state !== 'closed')
    if (this.#desk.lanes.length === 0) return
    if (this.#phase === 'starting') {
      this.#phase = 'usable'
      this.log('debug', `Worker (pid:${worker.address.pid}) can be given requests`)
      this.#options.usable()
    }
    this.#desk.pump()
  }

  settled(): void {
    this.#desk.pump()
  }

  lost(worker: Worker, tickets: readonly Ticket[], written: number, silentMs: number): void {
    const { timeoutMs = 0 } = this.#options
    // The master counts from the worker's last beat, which may have been as long before the request.
    const overdue = timeoutMs > 0 && silentMs >= timeoutMs - Math.min(timeoutMs / 2, 1000)
    const again = tickets.filter((ticket, at) => this.#survives(worker, ticket, at, at < written, overdue))
    if (again.length > 0) this.returned(again)
  }

  returned(tickets: readonly Ticket[]): void {
    const alive = tickets.filter(({ phase }) => phase === 'given')
    if (!this.#hasHope) {
      for (const ticket of alive) this.#refuse(ticket, 503)
      return
    }
    for (const ticket of alive)
      if (ticket.exchange.left) ticket.drop()
      else ticket.wait()
    this.#desk.waitAgain(alive.filter(({ waiting }) => waiting))
  }

  file(channel: Channel, ticket: Ticket, head: Head, file: NamedFile): void {
    // A worker that dies meanwhile, or a client that goes, is seen when it is open: the ticket is kept by another then.
    this.#answerFile(channel, ticket, head, file).catch((error: unknown) => {
      this.log('error', `${ticket.where}: ${file.path} cannot be sent: ${messageOf(error)}`)
      ticket.end()
      ticket.exchange.fail(true)
    })
  }

  gone(worker: Worker): void {
    this.#leaving.delete(worker)
    const { address } = worker
    if (this.#workers.get(address.age) !== worker || this.#phase === 'closed') return
    // One that went by itself stays known while it is on the list, so that nobody looks for it at once.
    setTimeout(() => {
      if (this.#workers.get(address.age) === worker && this.#phase !== 'closed')
        this.#workers.set(address.age, new Worker(address, this))
    }, doubtMs).unref()
  }

  #letGo(age: number, worker: Worker): void {
    this.#workers.delete(age)
    if (worker.isGone) return
    this.#leaving.add(worker)
    worker.leave()
  }

  *#everyWorker(): Generator<Worker> {
    yield* this.#workers.values()
    yield* this.#leaving
  }

  #takeBody(exchange: CoreExchange, ticket: Ticket, stream: BodyStream): void {
    const { body, headers } = exchange
    if (body === undefined) return
    const asked = headers.facts.expect === 'continue' && !body.complete
    const large = (): void => {
      ticket.stream = stream
      this.#submit(ticket, -1)
    }
    if (asked || body.length > this.#collectLimit) return void large()
    stream.collect(this.#collectLimit, {
      large,
      whole: (bytes) => {
        ticket.body = bytes
        this.#submit(ticket, body.length === -1 ? bytes.length : -1)
      },
    })
  }

  /** `collected`: bytes of a chunked body that is here whole, else -1. */
  #submit(ticket: Ticket, collected: number): void {
    if (ticket.phase === 'over') return
    ticket.environ = environOf(ticket.exchange, this.#shapes, collected)
    if (this.#desk.passes(ticket)) return
    if (ticket.exchange.left) return void ticket.drop()
    if (!this.#desk.hasRoom || !this.#hasHope) return void this.#refuse(ticket, 503)
    ticket.wait()
    this.#desk.wait(ticket)
  }

  #give(lane: Channel, ticket: Ticket): void {
    lane.give(ticket)
    if (lane.inHand > 1 && this.#look === undefined) this.#lookLater()
  }

  /** Whether a request of a dead channel is to be given to another. The others are answered here. */
  #survives(worker: Worker, ticket: Ticket, at: number, written: boolean, overdue: boolean): boolean {
    const { phase, idempotent, stream } = ticket
    if (phase !== 'given' && phase !== 'begun') return false
    const started = at === 0 && written
    const before = ticket.losesTo(worker.address.age)
    const fate = fateOf({ phase, started, written, idempotent, streamed: stream !== undefined, ...before })
    if (fate === 'again' && this.#phase !== 'closed') return true
    const who = `Worker (pid:${worker.address.pid}) died ${started ? 'while it handled' : 'before it handled'} ${ticket.where}`
    if (fate === 'cut') {
      this.#mourn(`${who}: its response was cut`)
      ticket.end()
      ticket.exchange.fail(true)
    } else {
      const late = started && overdue
      const status = late ? 504 : 502
      this.#mourn(`${who}${late ? ', for longer than timeout' : ''}: the client got ${status}`)
      this.#refuse(ticket, status)
    }
    return false
  }

  async #answerFile(channel: Channel, ticket: Ticket, head: Head, file: NamedFile): Promise<void> {
    const opened = await openNamedFile(file)
    if (typeof opened !== 'string') {
      const isHere = ticket.phase === 'given' && ticket.keeper === channel
      const answer = new FileAnswer(ticket.exchange, file, opened)
      channel.fileOk(ticket, true)
      if (!isHere) return await opened.close()
      ticket.phase = 'begun'
      ticket.keeper = answer
      await answer.send(head)
      ticket.end()
    } else if (ticket.phase === 'given' && ticket.keeper === channel) {
      this.log('debug', `${ticket.where}: ${file.path} is left to the worker: ${opened}`)
      ticket.phase = 'begun'
      ticket.exchange.begin(head.status, head.reason, head.fields)
      channel.fileOk(ticket, false)
    } else channel.fileOk(ticket, true)
  }

  #refuse(ticket: Ticket, status: number): void {
    if (ticket.phase === 'over') return
    if (ticket.waiting) this.#desk.left()
    ticket.end()
    ticket.exchange.answer(status, status === 503 ? ['Retry-After', '1'] : [])
  }

  #cutLost(patience: number): void {
    const now = performance.now()
    for (const worker of this.#everyWorker())
      for (const channel of worker.channels)
        if (channel.isHeard && channel.silentFor(now) > patience)
          channel.cut(`no answer came for ${Math.round(channel.silentFor(now) / 1000)} s`)
  }

  #lookLater(): void {
    // Answers that came while this process had no time are to be heard first.
    this.#look = setTimeout(() => setImmediate(() => this.#lookAround()), lookMs)
  }

  /** Takes back what waits behind a request that takes long. */
  #lookAround(): void {
    this.#look = undefined
    const now = performance.now()
    let waiting = false
    for (const worker of this.#workers.values())
      for (const channel of worker.channels) {
        if (channel.inHand < 2) continue
        waiting = true
        if (worker.canBePoked && isToBePoked(channel, now)) worker.poke(channel)
      }
    if (waiting) this.#lookLater()
  }
}
