/** The board's numbers as administration reads and adds to them. */
import { numberCount } from '../../metrics/slot.ts'

export interface Counts {
  /** A slot's numbers, in the places of metrics/slot.ts. */
  numbers(slot: number): Float64Array
  /** All that was ever counted, whoever lives. */
  totals(): Float64Array
  /** Adds one to a number of the master's own. */
  count(place: number): void
}

/** Until processes count: nothing. */
export const noCounts: Counts = {
  numbers: () => new Float64Array(numberCount),
  totals: () => new Float64Array(numberCount),
  count: () => undefined,
}
