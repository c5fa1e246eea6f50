/** Orders on their way through the judgement: each is answered in the turn that judges it. It knows no order. */
import type { Granted, Order } from '../../control/administration.ts'
import type { Event } from '../state.ts'

export class Waiting {
  readonly #waiting = new Map<number, (granted: Granted) => void>()
  #last = 0

  /** Has an order judged. Resolves to the judgement's answer; it never rejects. */
  ask(order: Order, enqueue: (event: Event) => void): Promise<Granted> {
    this.#last += 1
    const id = this.#last
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      enqueue({ type: 'order', id, order })
    })
  }

  answered(id: number, granted: Granted): void {
    this.#waiting.get(id)?.(granted)
    this.#waiting.delete(id)
  }
}
