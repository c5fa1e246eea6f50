/**
 * Who is to be told of the fate of one response: the request's signal, and whoever sends the response's body. Made
 * only when one of them asks.
 */
import type { CoreExchange, ResponseListener } from '../core/types.ts'

export class Ties implements ResponseListener {
  readonly #exchange: CoreExchange
  readonly #onGone: (() => void)[] = []
  readonly #onLeft: (() => void)[] = []
  #onDrained: (() => void) | undefined

  constructor(exchange: CoreExchange) {
    this.#exchange = exchange
    exchange.listener = this
  }

  drained(): void {
    const told = this.#onDrained
    this.#onDrained = undefined
    told?.()
  }

  left(): void {
    for (const told of this.#onLeft.splice(0)) told()
  }

  gone(): void {
    this.drained()
    this.left()
    for (const told of this.#onGone.splice(0)) told()
  }

  /** Calls `told` when the client goes before the response is complete; now, when it is gone already. */
  whenGone(told: () => void): void {
    if (this.#exchange.phase === 'gone') told()
    else this.#onGone.push(told)
  }

  /** The same, and already when the client has ended its side. */
  whenLeft(told: () => void): void {
    if (this.#exchange.left || this.#exchange.phase === 'gone') told()
    else this.#onLeft.push(told)
  }

  /** Resolves when the client takes bytes again, or is gone. After `write` answered false. */
  whenDrained(): Promise<void> {
    if (this.#exchange.phase === 'gone') return Promise.resolve()
    return new Promise((resolve) => {
      this.#onDrained = resolve
    })
  }
}
