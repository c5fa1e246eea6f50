/**
 * Connections of a blocked worker that rest: their descriptors are copied while it is paused in the debugger, it lets go
 * of them before it goes on, and workers that are ready serve them on, as if they had accepted them. So what clients send
 * meanwhile waits in the kernel, and is not lost with the worker. The master never reads from them.
 *
 * Each worker that may have them is sent one at a time, and says when it has it: who is quick takes most, and with one
 * that ends at most one is lost, as nobody knows whether it had read from it.
 */
import { closeSync } from 'node:fs'
import { messageOf } from '../errors.ts'
import type { ToMaster } from '../ipc/messages.ts'
import { openConnection, type RawHandle } from '../sockets/handle.ts'
import { copyDescriptors } from '../system/pidfd.ts'
import type { Ask, Evaluated } from '../system/stack.ts'
import { adoptersOf, type Host, isPlain } from './adopters.ts'
import type { Member } from './crew.ts'
import type { Office } from './office.ts'
import { isStopping } from './turn.ts'

/** Evaluated in the worker; must be the symbols of worker/hang.ts. */
const RESTING = "globalThis[Symbol.for('tsgunicorn.resting')]?.()"
const letGo = (fds: Iterable<number>): string =>
  `globalThis[Symbol.for('tsgunicorn.letGo')](${JSON.stringify([...fds])})`

/** Connections held at a time; of more, the rest ends with its worker. */
const most = 10_000
/** How long they wait for a worker that is ready: as long as clients do. */
const patienceMs = 30_000
/** When one that had no room is asked again. */
const againMs = 100

/** What one worker had. */
interface Batch {
  readonly from: Host
  readonly pid: number | undefined
  readonly waiting: RawHandle[]
  /** Waiting, or sent and not confirmed. */
  left: number
  handed: number
  lost: number
  readonly timer: NodeJS.Timeout
}

interface Sent {
  readonly id: number
  readonly handle: RawHandle
  readonly batch: Batch
}

export class Salvage {
  readonly #office: () => Office
  readonly #batches = new Set<Batch>()
  /** What an adopter was sent and has not answered, by its age. */
  readonly #sent = new Map<number, Sent>()
  /** Those that had no room a moment ago. */
  readonly #full = new Set<number>()
  #lastId = 0

  constructor(office: () => Office) {
    this.#office = office
  }

  /** While the worker is paused. Never rejects. */
  async take(member: Member, ask: Ask): Promise<void> {
    const { pid } = member.child
    if (pid === undefined || !isPlain(member)) return
    const fds = numbersIn(await ask(RESTING)).slice(0, most - this.#held)
    if (fds.length === 0) return
    const { copies, why } = copyDescriptors(pid, fds)
    if (why !== undefined) this.#untaken(pid, fds.length - copies.size, why)
    const held = new Map([...copies].flatMap(([fd, copy]) => this.#hold(fd, copy)))
    if (held.size === 0) return
    // Without an answer nobody knows whose they are: what was half read here must not be read on by another.
    const free = new Set(numbersIn(await ask(letGo(held.keys()))))
    const waiting = [...held].flatMap(([fd, handle]) => (free.has(fd) ? [handle] : []))
    for (const [fd, handle] of held) if (!free.has(fd)) handle.close()
    if (waiting.length > 0) this.#begin(member, waiting)
  }

  /** The state has changed: somebody may have got ready. */
  judged(): void {
    if (this.#batches.size === 0) return
    if (isStopping(this.#office().state())) this.close()
    else this.#offer()
  }

  adopted(age: number, { id, taken }: Extract<ToMaster, { type: 'adopted' }>): void {
    const sent = this.#sent.get(age)
    if (sent?.id !== id) return
    this.#sent.delete(age)
    if (taken) {
      sent.handle.close()
      sent.batch.handed += 1
      this.#settle(sent.batch)
    } else {
      sent.batch.waiting.push(sent.handle)
      this.#full.add(age)
      setTimeout(() => {
        this.#full.delete(age)
        this.#offer()
      }, againMs).unref()
    }
    this.#offer()
  }

  /** The process of this worker is gone. */
  ended(age: number): void {
    const sent = this.#sent.get(age)
    if (!sent) return
    this.#sent.delete(age)
    this.#drop([sent.handle], sent.batch)
  }

  /** Nobody will be ready any more. */
  close(): void {
    for (const batch of this.#batches) this.#drop(batch.waiting.splice(0), batch)
  }

  get #held(): number {
    return [...this.#batches].reduce((sum, { left }) => sum + left, 0)
  }

  #hold(fd: number, copy: number): [number, RawHandle][] {
    try {
      return [[fd, openConnection(copy)]]
    } catch (error) {
      closeSync(copy)
      this.#office().log.debug(`A connection could not be taken over: ${messageOf(error)}`)
      return []
    }
  }

  #begin({ child: { pid }, age, role, language, listeners, cfg }: Member, waiting: RawHandle[]): void {
    const from = { age, role, language, listeners, cfg }
    const timer = setTimeout(() => this.#drop(batch.waiting.splice(0), batch), patienceMs).unref()
    const batch: Batch = { from, pid, waiting, left: waiting.length, handed: 0, lost: 0, timer }
    this.#batches.add(batch)
    this.judged()
  }

  #offer(): void {
    const { crew, state } = this.#office()
    for (const batch of this.#batches)
      for (const age of adoptersOf(batch.from, crew.all(), state())) this.#send(batch, age)
  }

  #send(batch: Batch, age: number): void {
    if (this.#sent.has(age) || this.#full.has(age)) return
    const handle = batch.waiting.shift()
    if (!handle) return
    this.#lastId += 1
    this.#sent.set(age, { id: this.#lastId, handle, batch })
    this.#office().crew.get(age)?.child.tell({ type: 'adopt', id: this.#lastId }, handle)
  }

  #drop(handles: readonly RawHandle[], batch: Batch): void {
    for (const handle of handles) handle.close()
    batch.lost += handles.length
    this.#settle(batch)
  }

  /** Tells of a batch when all of it is somewhere. */
  #settle(batch: Batch): void {
    const { pid, from, handed, lost, timer } = batch
    batch.left = batch.waiting.length + [...this.#sent.values()].filter((sent) => sent.batch === batch).length
    if (batch.left > 0 || !this.#batches.delete(batch)) return
    clearTimeout(timer)
    const { log, state } = this.#office()
    const whose = `Worker (pid:${pid}) was blocked; `
    if (handed > 0) {
      const facts = { pid, age: from.age, connections: handed }
      log.info(`${whose}${handed} of its idle connections were handed to other workers`, facts)
    }
    if (lost > 0 && !isStopping(state())) {
      const facts = { pid, age: from.age, connections: lost }
      log.warning(
        `${whose}${lost} of its idle connections were closed: no worker was there to take them`,
        facts,
      )
    }
  }

  #untaken(pid: number, connections: number, why: string): void {
    const { log } = this.#office()
    log.debug(`${connections} idle connections of worker (pid:${pid}) end with it: ${why}`, { pid })
  }
}

/** The worker answers with a list; anything else is none. */
const numbersIn = (evaluated: Evaluated): readonly number[] =>
  'value' in evaluated && Array.isArray(evaluated.value)
    ? evaluated.value.filter((item): item is number => Number.isSafeInteger(item) && item > 2)
    : []
