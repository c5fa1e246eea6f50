/**
 * Which thread of which worker gets the next request, how many may wait there, and whose are taken back. Pure: told
 * what is known of each lane and what time it is, it opens no socket and reads no clock. Times are milliseconds.
 *
 * The price of a lane is the time until a request would be at work there. A lane that is busy with short requests is
 * cheaper than another that has to be woken: a system call of its own, a switch of processes, and for a thread of a
 * busy process a wait for the interpreter's lock. A request that is at work for long already will take as long again,
 * for all that anyone knows.
 */

/** A worker, as far as its lanes share one interpreter. */
export interface Crew {
  /** Lanes that have a request. */
  busy: number
  /** The moving average of what a request takes. */
  readonly average: number
  /** What a request that was put behind another has waited there in vain, on average. */
  readonly regret: number
  /** How long a lane with requests may be silent before nobody waits behind them any more. */
  readonly patience: number
}

/** One thread of a worker. */
export interface Lane {
  readonly crew: Crew
  /** Requests given and not answered. */
  readonly inHand: number
  /** Requests that may be in hand. */
  readonly window: number
  /** How long nothing was heard of what it has in hand. */
  silentFor(now: number): number
  /** Whether the client of what is at work has left: that may never be answered, and is not waited for. */
  readonly forsaken: boolean
  /** 'alone': its request wants nobody behind it. 'asked': for its waiting requests, and it has not said which come. */
  readonly state: 'usable' | 'alone' | 'asked' | 'closed'
}

/** Work that may wait in a lane, and the requests that it may be at most. */
const windowMs = 2.5
const widest = 64
/**
 * The average below which one request may wait behind the one at work, though that is more work than the window has: a
 * worker that has answered goes on at once, and does not idle until we get a processor.
 */
const secondMs = 10

/** What it costs to wake a process, and another thread of one that is busy. */
const wakeMs = 0.2
const wakeThreadMs = 0.25
/** Where requests take less than a switch of threads, a second thread is only in the way of the first. */
const shortMs = 0.1
/** How much of a request's time it waits for each of the other threads, and of how many at most. */
const lockShare = 0.25
const mostShares = 3

/** The average of a worker of which nothing is known. */
export const firstAverage = 1

export const windowOf = (average: number): number =>
  Math.max(average < secondMs ? 2 : 1, Math.min(widest, Math.floor(windowMs / average)))

/** One request that is not like the others, or a moment without time for us, does not make all requests long. */
const mostRise = 8

/** The average after `count` requests took `elapsed` together: the last eight or so weigh most. */
export const averageAfter = (average: number, count: number, elapsed: number): number => {
  const taken = Math.min(elapsed / count, average * mostRise)
  return average + ((taken - average) * count) / (count + 7)
}

/**
 * The regret after one more was put behind another, and was answered from there (0), or was taken back after this time:
 * where slow requests are among the short ones, it is soon dearer than waking somebody. The last 32 or so weigh most.
 */
export const regretAfter = (regret: number, wastedMs: number): number => regret + (wastedMs - regret) / 32

/** A lane with requests: what is in hand before it, as it was lately, and at least as long as it has lasted. */
const priceOfBusy = ({ inHand, crew }: Lane, silentMs: number): number =>
  Math.max(inHand * crew.average, silentMs) + crew.regret

/** A lane without a request waits behind no one; only its process, or its thread, has to wake. */
const priceOfIdle = (average: number, working: number): number => {
  if (working === 0) return wakeMs
  if (average <= shortMs) return windowMs
  return wakeThreadMs + Math.min(working, mostShares) * lockShare * average
}

const isStuck = ({ crew }: Lane, silentMs: number): boolean => silentMs > crew.patience

/** Lanes of the crew that are at work. One that is silent for long mostly waits for something, and leaves the lock. */
const workingOf = (crew: Crew, lanes: readonly Lane[], now: number): number => {
  let working = 0
  for (const lane of lanes)
    if (lane.crew === crew && lane.inHand > 0 && !isStuck(lane, lane.silentFor(now))) working += 1
  return working
}

/**
 * The cheapest lane with room, the first of equals; undefined when there is none. `idleOnly`: with nothing in hand.
 * `kept` is waited for by a request that was there before, and is not taken. Nothing is put behind what hangs.
 */
export const choose = <L extends Lane>(
  lanes: readonly L[],
  idleOnly: boolean,
  now: number,
  kept?: Lane | undefined,
): L | undefined => {
  let best: L | undefined
  let lowest = Infinity
  // Idle lanes of one crew cost the same, and stand side by side.
  let counted: Crew | undefined
  let idlePrice = 0
  for (const lane of lanes) {
    const { crew, inHand } = lane
    if (lane.state !== 'usable' || lane === kept) continue
    let price: number
    if (inHand === 0) {
      if (crew !== counted) {
        counted = crew
        idlePrice = priceOfIdle(crew.average, crew.busy === 0 ? 0 : workingOf(crew, lanes, now))
      }
      price = idlePrice
    } else {
      if (idleOnly || inHand >= lane.window) continue
      const silentMs = lane.silentFor(now)
      if (isStuck(lane, silentMs) && !lane.forsaken) continue
      price = priceOfBusy(lane, silentMs)
    }
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
    if (best === undefined || lane.inHand * lane.crew.average < best.inHand * best.crew.average) best = lane
  }
  return best
}

/** How long a lane with waiting requests may be silent before they are taken back. */
export const patienceOf = (average: number, least = 2): number => Math.max(least, 4 * average)

/** Whether what waits in this lane is to be taken back. */
export const isToBePoked = (lane: Lane, now: number): boolean =>
  lane.inHand > 1 && lane.state === 'usable' && lane.silentFor(now) > lane.crew.patience
