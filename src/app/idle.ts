/**
 * Tells when a program has nothing left to do. Under bare Node it would end; in a worker the worker's own channel
 * and timers keep the loop alive, so what was alive before the program started does not count.
 *
 * Node does not list everything: work of native addons (database engines, password hashes) is invisible, and a
 * program that waits for it looks idle. So with an addon loaded nothing is told, and the boot timeout decides.
 */

type Resources = ReadonlyMap<string, number>

const countResources = (): Resources => {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/**
 * Milliseconds between looks, and how many in a row must find nothing: long enough for a program between two
 * asynchronous steps, and for the jobs of node:crypto and node:zlib, which are not listed either.
 */
const lookEvery = 50
const idleLooks = 40

export class IdleWatch {
  readonly #before: Resources
  #addons = false

  /** Before the program is evaluated. */
  constructor() {
    // Made when first touched, and counted although they keep nothing alive: so they are made before the count.
    void [process.stdout, process.stderr]
    this.#before = countResources()
    this.#noticeAddons()
  }

  /** Resolves when nothing but what was there at construction has kept the loop alive for two seconds. */
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
    return (
      !this.#addons && [...countResources()].every(([name, count]) => count <= (this.#before.get(name) ?? 0))
    )
  }

  /** Every addon comes through `process.dlopen`, by whatever way it is required. */
  #noticeAddons(): void {
    const dlopen = process.dlopen
    process.dlopen = (...args: unknown[]) => {
      this.#addons = true
      return Reflect.apply(dlopen, process, args)
    }
  }
}
