/**
 * Which thread of which worker gets the next request, how many may wait there, and whose are taken back. Pure: told
 * what is known of each lane, it opens no socket and reads no clock. Times are milliseconds.
 *
 * The price of a lane is the time until a request would be at work there. A lane that is busy with short requests is
 * cheaper than another that has to be woken: a system call of its own, a switch of processes, and for a thread of a
 * busy process a wait for the interpreter's lock.
 */

/** A worker, as far as its lanes share one interpreter. */
export interface Crew {
  /** Lanes that have a request. */
  busy: number
}

/** One thread of a worker. */
export interface Lane {
  readonly crew: Crew
  /** Requests given and not answered. */
  readonly inHand: number
  /** The moving average of what a request takes. */
  readonly average: number
  /** Requests that may be in hand. */
  readonly window: number
  /** 'alone': its request wants nobody behind it. 'silent': its requests were taken back, nothing was heard since. */
  readonly state: 'usable' | 'alone' | 'silent' | 'closed'
}

/** Work that may wait in a lane, and the requests that it may be at most. */
const windowMs = 2.5
const widest = 64

/** What it costs to wake a process, and another thread of one that is busy. */
const wakeMs = 0.2
const wakeThreadMs = 0.25
/** How much of a request's time it waits for each of the other threads, and of how many at most. */
const lockShare = 0.25
const mostShares = 3

/** A lane of which nothing is known. */
export const firstAverage = 1

export const windowOf = (average: number): number =>
  Math.max(1, Math.min(widest, Math.floor(windowMs / average)))

/** The average after `count` requests took `elapsed` together: the last eight or so weigh most. */
export const averageAfter = (average: number, count: number, elapsed: number): number =>
  average + ((elapsed / count - average) * count) / (count + 7)

/** A lane without a request waits behind no one; only its process, or its thread, has to wake. */
const priceOf = ({ inHand, average, crew }: Lane): number => {
  if (inHand > 0) return inHand * average
  if (crew.busy === 0) return wakeMs
  const others = crew.busy < mostShares ? crew.busy : mostShares
  return wakeThreadMs + others * lockShare * average
}

/**
 * The cheapest lane with room, the first of equals; undefined when there is none. `idleOnly`: with nothing in hand.
 * `kept` is waited for by a request that was there before, and is not taken.
 */
export const choose = <L extends Lane>(
  lanes: readonly L[],
  idleOnly: boolean,
  kept?: Lane | undefined,
): L | undefined => {
  let best: L | undefined
  let lowest = Infinity
  for (const lane of lanes) {
    const room = idleOnly ? lane.inHand === 0 : lane.inHand < lane.window
    if (!room || lane.state !== 'usable' || lane === kept) continue
    const price = priceOf(lane)
    if (price < lowest) {
      lowest = price
      best = lane
    }
  }
  return best
}

/** The lane that will be idle first: a request that needs one waits for it. */
export const soonest = <L extends Lane>(lanes: readonly L[]): L | undefined => {
  let best: L | undefined
  for (const lane of lanes) {
    if (lane.state !== 'usable') continue
    if (best === undefined || lane.inHand * lane.average < best.inHand * best.average) best = lane
  }
  return best
}

/** How long a lane with waiting requests may be silent before they are taken back. */
export const patienceOf = (average: number): number => Math.max(2, 4 * average)

/** Whether what waits in this lane, of which nothing was heard for `silentMs`, is to be taken back. */
export const isToBePoked = (lane: Lane, silentMs: number): boolean =>
  lane.inHand > 1 && lane.state === 'usable' && silentMs > patienceOf(lane.average)
