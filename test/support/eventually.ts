/**
 * Waiting for facts. A test never sleeps: it asks until the answer comes, or says what did not become true.
 * It knows nothing of servers.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'

export interface Patience {
  /** Milliseconds. */
  readonly within?: number
  readonly every?: number
  /** What is waited for, for the failure's message. */
  readonly what?: string | (() => string)
}

/**
 * Asks `fact` until it neither throws nor gives `undefined` or `false`, and gives its answer. When `within`
 * milliseconds passed it throws, with the last error as cause.
 */
export const eventually = async <T>(
  fact: () => T | Promise<T>,
  { within = 8000, every, what = '' }: Patience = {},
): Promise<Exclude<T, undefined | false>> => {
  const began = performance.now()
  const end = began + within
  let last: unknown = 'it was false'
  for (;;) {
    try {
      const answer = await fact()
      if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>
    } catch (error) {
      last = error
    }
    if (performance.now() > end) throw notInTime(within, what, last)
    await pause(every ?? pauseAfter(performance.now() - began))
  }
}

/** What takes long is asked for less often: the asking takes time from what is waited for. Milliseconds. */
const pauseAfter = (waited: number): number => (waited < 300 ? 15 : 40)

/** Asks `fact` again and again for `during` milliseconds; throws as soon as it throws or gives false. */
export const steadily = async (
  fact: () => boolean | Promise<boolean>,
  { during, every = 50, what = 'the fact' }: { during: number; every?: number; what?: string },
): Promise<void> => {
  const end = performance.now() + during
  while (performance.now() < end) {
    if (!(await fact())) throw new Error(`${what} did not stay true for ${during} ms`)
    await pause(every)
  }
}

const notInTime = (within: number, what: Patience['what'], last: unknown): Error => {
  const words = typeof what === 'function' ? what() : what
  const why = last instanceof Error ? last.message : String(last)
  return new Error(`not within ${within} ms: ${words || 'the awaited fact'}\nlast: ${why}`, { cause: last })
}
