/**
 * Tells when a program has nothing left to do. Under bare Node it would end; in a worker the worker's own channel
 * and timers keep the loop alive, so what was alive before the program started does not count.
 */

type Resources = ReadonlyMap<string, number>

const countResources = (): Resources => {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** Between looks; a program that is between two asynchronous steps is idle for a moment, not for twenty looks. */
const lookEvery = 50
const idleLooks = 20

export class IdleWatch {
  readonly #before: Resources

  constructor() {
    // Made when first touched, and counted although they keep nothing alive: so they are made before the count.
    void [process.stdout, process.stderr]
    this.#before = countResources()
  }

  /** Resolves when nothing but what was there at construction has kept the loop alive for a second. */
  async idle(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let looks = 0
      const look = (): void => {
        looks = this.#isIdle() ? looks + 1 : 0
        if (looks >= idleLooks) resolve()
      }
      // The loop of a process without a channel drains at once, and says so.
      process.once('beforeExit', resolve)
      const timer = setInterval(look, lookEvery).unref()
      signal.addEventListener('abort', () => {
        clearInterval(timer)
        process.off('beforeExit', resolve)
      })
    })
  }

  #isIdle(): boolean {
    return [...countResources()].every(([name, count]) => count <= (this.#before.get(name) ?? 0))
  }
}
