/** The tickets of one channel, in the order they were given: a ring, as no more than the widest window are in it. */
import type { Ticket } from './ticket.ts'

const size = 64
const mask = size - 1

export class Ring {
  readonly #tickets: (Ticket | undefined)[] = new Array(size).fill(undefined)
  #first = 0
  length = 0

  /** Throws RangeError beyond 64. */
  push(ticket: Ticket): void {
    if (this.length === size) throw new RangeError('a channel has no room for another request')
    this.#tickets[(this.#first + this.length) & mask] = ticket
    this.length += 1
  }

  get first(): Ticket | undefined {
    return this.#tickets[this.#first]
  }

  /** All of them, the oldest first. */
  get all(): Ticket[] {
    return Array.from({ length: this.length }, (_, at) => this.#tickets[(this.#first + at) & mask]).filter(
      (ticket) => ticket !== undefined,
    )
  }

  shift(): void {
    this.#tickets[this.#first] = undefined
    this.#first = (this.#first + 1) & mask
    this.length -= 1
  }

  /** All of them, the oldest first; none is left. */
  takeAll(): Ticket[] {
    const all: Ticket[] = []
    for (; this.length > 0; this.shift()) if (this.first !== undefined) all.push(this.first)
    return all
  }

  /** Takes out those that `isTaken` says, and answers them. */
  take(isTaken: (ticket: Ticket) => boolean): Ticket[] {
    const all = this.takeAll()
    const taken: Ticket[] = []
    for (const ticket of all) {
      if (isTaken(ticket)) taken.push(ticket)
      else this.push(ticket)
    }
    return taken
  }
}
