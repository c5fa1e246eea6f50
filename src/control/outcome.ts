/**
 * Orders, and waiting for what comes of them. It watches before it orders, so that no event is missed, and gives up at a
 * deadline; the order itself is not taken back then.
 */
import type { Administration, Asker, Order } from './administration.ts'
import { Refusal } from './refusal.ts'
import type { PublicEvent } from './status.ts'

/** Who asks, and how long they are there. */
export interface Caller {
  readonly administration: Administration
  readonly by: Asker
  /** Aborted when who asked is gone: nobody waits for an answer any more. */
  readonly signal: AbortSignal
}

export type Facts = Readonly<Record<string, unknown>>

export type Verdict =
  | { readonly ok: true; readonly outcome: unknown }
  | { readonly ok: false; readonly message: string; readonly detail: string | null }

/** Made when the order was granted; asked about each event since before the order. */
export type Judge = (event: PublicEvent) => Verdict | undefined

/** Gives the order; its facts. Rejects with a Refusal `refused`. */
export const place = async ({ administration, by }: Caller, order: Order): Promise<Facts> => {
  const granted = await administration.order(order, by)
  if (!granted.ok) throw new Refusal('refused', granted.why)
  return granted.facts
}

/**
 * Gives the order and waits for its outcome: facts, and `outcome`. `wait`: seconds; undefined does not wait. Rejects with
 * a Refusal `refused`, `failed` (what was tried failed) or `late`.
 */
export const placeAndWait = async (
  caller: Caller,
  order: Order,
  wait: number | undefined,
  judgeOf: (facts: Facts) => Judge | Promise<Judge | Verdict>,
): Promise<Facts> => {
  if (wait === undefined) return place(caller, order)
  const { administration } = caller
  const seen: PublicEvent[] = []
  let told = (event: PublicEvent): void => {
    seen.push(event)
  }
  const end = administration.watch((event) => told(event))
  const patience = new Patience(caller.signal, order, wait)
  try {
    const facts = await place(caller, order)
    const judge = await judgeOf(facts)
    const verdict = new Promise<Verdict>((resolve) => {
      told = (event) => {
        const verdict = ended(event) ?? (typeof judge === 'function' ? judge(event) : judge)
        if (verdict !== undefined) resolve(verdict)
      }
      if (typeof judge === 'object') resolve(judge)
      for (const event of seen) told(event)
    })
    return { ...facts, outcome: outcomeOf(await Promise.race([verdict, patience.over])) }
  } finally {
    end()
    patience.end()
  }
}

const outcomeOf = (verdict: Verdict): unknown => {
  if (verdict.ok) return verdict.outcome
  throw new Refusal('failed', verdict.message, verdict.detail ?? undefined)
}

/** `over` rejects when the time is over, or nobody waits any more. */
class Patience {
  readonly over: Promise<never>
  readonly #signal: AbortSignal
  readonly #timer: NodeJS.Timeout
  #late: () => void = () => undefined

  constructor(signal: AbortSignal, order: Order, wait: number) {
    const words = `${order.do}: no outcome within ${wait} s. It was ordered, and may happen yet.`
    this.over = new Promise((_resolve, reject) => {
      this.#late = () => reject(new Refusal('late', words))
    })
    // It may be over before anybody listens: while the order itself is being answered.
    this.over.catch(() => undefined)
    this.#signal = signal
    this.#timer = setTimeout(() => this.#late(), wait * 1000).unref()
    signal.addEventListener('abort', this.#late, { once: true })
    if (signal.aborted) this.#late()
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#signal.removeEventListener('abort', this.#late)
  }
}

const ended = (event: PublicEvent): Verdict | undefined =>
  event.event === 'mode' && event.state === 'stopping'
    ? { ok: false, message: 'the server is stopping', detail: null }
    : undefined

/** The event of the generation that the reload got. */
export const reloadJudge =
  ({ generation }: Facts): Judge =>
  (event) => {
    if (event.event !== 'reload' || event.generation !== generation) return undefined
    const { message, detail, ok, at, seconds } = event
    return ok
      ? { ok, outcome: { at, generation, ok, message, detail, seconds } }
      : { ok, message: message ?? 'the reload failed', detail }
  }

export const upgradeJudge = (): Judge => (event) => {
  if (event.event !== 'upgrade') return undefined
  if (event.phase === 'running') return { ok: true, outcome: { at: event.at, ok: true, message: null } }
  if (event.phase !== 'none') return undefined
  return { ok: false, message: event.message ?? 'the new master ended', detail: null }
}

/** Phases of a worker that was not replaced yet: `leaving` still serves until its successor does. */
const present: ReadonlySet<string> = new Set(['spawning', 'booting', 'ready', 'leaving'])

/** `ages`: the workers to be replaced; done when each of them has been, or is gone. */
export const restartJudge = (ages: readonly number[]): Judge | Verdict => {
  const done = { ok: true, outcome: { replaced: ages.length } } as const
  if (ages.length === 0) return done
  const left = new Set(ages)
  return (event) => {
    if (event.event === 'exit' || (event.event === 'worker' && !present.has(event.to))) left.delete(event.age)
    return left.size === 0 ? done : undefined
  }
}

export const isPresent = (state: string): boolean => present.has(state)
