/** What becomes of the requests of a lane that is no more. Pure: a table of what was known of each. */

/** Workers that may die beneath a request before it is given up. */
const mostDeaths = 2
/** Lanes, of whichever workers: one that opens and dies without an end is no worker. */
const mostLanes = 64

export interface Victim {
  readonly phase: 'given' | 'begun' | 'over'
  /** Whether the worker may have had it in its hands: it was first in the lane, and was written to it. */
  readonly started: boolean
  /** Whether it was written to the lane at all. */
  readonly written: boolean
  readonly idempotent: boolean
  readonly streamed: boolean
  /** Workers that died beneath it, this one not counted. */
  readonly deaths: number
  /** Lanes that died beneath it, this one not counted. */
  readonly lanes: number
}

/** `again`: another lane gets it; `refuse`: the client gets 502; `cut`: it had begun; `nothing`: nobody is there. */
export type Fate = 'again' | 'refuse' | 'cut' | 'nothing'

export const fateOf = (victim: Victim): Fate => {
  if (victim.phase === 'over') return 'nothing'
  if (victim.phase === 'begun') return 'cut'
  const isSpent = victim.deaths >= mostDeaths || victim.lanes >= mostLanes
  // What nobody read may be said again, whatever it is: of its body nothing was asked for.
  if (!victim.written) return isSpent ? 'refuse' : 'again'
  if (victim.started || victim.streamed || !victim.idempotent) return 'refuse'
  return isSpent ? 'refuse' : 'again'
}
