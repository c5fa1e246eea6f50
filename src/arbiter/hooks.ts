/**
 * Calls the user's server hooks in the master: one after the other, in the order they were asked for, each within
 * `hook_timeout`. A hook that throws is logged and told to the judgement, which lets it stop a start and nothing
 * else. Nothing waits for a hook but what comes after it in this queue.
 */
import type { Config } from '../config/config.ts'
import type { MasterHookName } from '../config/hook-names.ts'
import { inSource } from '../config/stack.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log/logger.ts'

export interface HookParts {
  readonly log: Logger
  readonly failed: (message: string) => void
}

export class Hooks {
  readonly #parts: HookParts
  #last: Promise<unknown> | undefined

  constructor(parts: HookParts) {
    this.#parts = parts
  }

  /** Runs `config`'s hook after those asked for before. Resolves to whether it went well; never rejects. */
  call<H extends MasterHookName>(
    config: Config,
    name: H,
    ...args: Parameters<NonNullable<Config[H]>>
  ): Promise<boolean> {
    const hook = config[name] as ((...args: unknown[]) => unknown) | undefined
    if (!hook) return this.#last ? this.#after(async () => true) : Promise.resolve(true)
    return this.#after(() => this.#run(name, config.hook_timeout * 1000, () => hook(...args)))
  }

  /** Whether a hook is under way or waits: then what follows must wait, too. */
  get busy(): boolean {
    return this.#last !== undefined
  }

  #after(work: () => Promise<boolean>): Promise<boolean> {
    const mine = (this.#last ?? Promise.resolve()).then(work)
    this.#last = mine
    void mine.then(() => {
      if (this.#last === mine) this.#last = undefined
    })
    return mine
  }

  async #run(name: MasterHookName, span: number, call: () => unknown): Promise<boolean> {
    try {
      await within(span, call, `it did not end within hook_timeout (${span / 1000} s)`)
      return true
    } catch (error) {
      this.#parts.log.error(`Exception in ${name} hook: ${messageOf(error)}`, {
        hook: name,
        err: inSource(error),
      })
      this.#parts.failed(`the ${name} hook failed: ${messageOf(error)}`)
      return false
    }
  }
}

/** What `call` returns or resolves to, or an error with these words after `span` milliseconds (0: no bound). */
export async function within<T>(span: number, call: () => T | Promise<T>, words: string): Promise<T> {
  const result = call()
  if (!(result instanceof Promise) || span <= 0) return result
  let timer: NodeJS.Timeout | undefined
  const overdue = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(words)), span)
  })
  return Promise.race([result, overdue]).finally(() => clearTimeout(timer))
}
