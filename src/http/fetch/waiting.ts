/**
 * Work that applications hand over with `waitUntil`: counted until it is settled, awaited when a worker drains.
 */

export class Waiting {
  readonly #onError: (error: unknown, where: string) => void
  #pending = 0
  #told: (() => void)[] = []

  constructor(onError: (error: unknown, where: string) => void) {
    this.#onError = onError
  }

  get pending(): number {
    return this.#pending
  }

  /** What `work` rejects with is told to `onError`. */
  add(
    work: PromiseLike<unknown> | unknown,
    { method, target = '' }: { readonly method: string; readonly target?: string },
  ): void {
    this.#pending += 1
    Promise.resolve(work)
      .catch((error: unknown) => this.#onError(error, `${method} ${target}, in waitUntil`))
      .finally(() => this.#settle())
  }

  /** Resolves when no work is left, that of work which was added meanwhile included. */
  settled(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve()
    return new Promise((resolve) => this.#told.push(resolve))
  }

  #settle(): void {
    this.#pending -= 1
    if (this.#pending > 0) return
    for (const told of this.#told.splice(0)) told()
  }
}
