/**
 * The board's numbers by name: totals of an instance, and what one worker says of itself. Pure; it knows no board and no
 * process. Times are seconds.
 */

import {
  type ReloadResult,
  type RestartReason,
  reloadOutcomes,
  reloadPlace,
  restartPlace,
  restartReasons,
} from './own-counters.ts'
import { durationBounds, firstBucket, type GaugeName, gaugePlaceOf, placeOf } from './slot.ts'

export const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const
export type StatusClass = (typeof statusClasses)[number]

/** What processes that speak HTTP have counted. */
export interface Tally {
  /** Given to applications, and over. */
  readonly begun: number
  readonly finished: number
  readonly inFlight: number
  readonly refused: number
  /** Ended without a status: the client had gone, or the worker died. */
  readonly lost: number
  readonly bytesSent: number
  /** Of all finished requests together. */
  readonly seconds: number
  readonly accepted: number
  readonly statuses: Readonly<Record<StatusClass, number>>
  /** Finished requests by duration, not cumulative: one more than durationBounds. */
  readonly buckets: readonly number[]
}

/** `Board.totals()` by name. */
export interface Totals extends Tally {
  readonly restarts: Readonly<Record<RestartReason, number>>
  readonly reloads: Readonly<Record<ReloadResult, number>>
}

export type Gauges = Readonly<Record<GaugeName, number>>

const fromTable = <Name extends string>(
  names: readonly Name[],
  value: (name: Name, index: number) => number,
): Record<Name, number> =>
  Object.fromEntries(names.map((name, index) => [name, value(name, index)])) as Record<Name, number>

/** Of one slot (`Board.numbers`), or of all (`Board.totals`). */
export const tallyOf = (numbers: Float64Array): Tally => {
  const at = (place: number): number => numbers[place] ?? 0
  const [begun, finished] = [at(placeOf('begun')), at(placeOf('finished'))]
  return {
    begun,
    finished,
    inFlight: Math.max(0, begun - finished),
    refused: at(placeOf('refused')),
    lost: at(placeOf('lost')),
    bytesSent: at(placeOf('sent')),
    seconds: at(placeOf('seconds')),
    accepted: at(placeOf('accepted')),
    statuses: fromTable(statusClasses, (_, index) => at(placeOf('status1') + index)),
    buckets: [...numbers.subarray(firstBucket, firstBucket + durationBounds.length + 1)],
  }
}

/** Of `Board.totals()`. */
export const totalsOf = (numbers: Float64Array): Totals => ({
  ...tallyOf(numbers),
  restarts: fromTable(restartReasons, (reason) => numbers[restartPlace(reason)] ?? 0),
  reloads: fromTable(reloadOutcomes, (result) => numbers[reloadPlace(result)] ?? 0),
})

/** Of one slot. */
export const gaugesOf = (numbers: Float64Array): Gauges => ({
  rate: numbers[gaugePlaceOf('rate')] ?? 0,
  p50: numbers[gaugePlaceOf('p50')] ?? 0,
  p95: numbers[gaugePlaceOf('p95')] ?? 0,
  lag: numbers[gaugePlaceOf('lag')] ?? 0,
  waiting: numbers[gaugePlaceOf('waiting')] ?? 0,
  waitingSeconds: numbers[gaugePlaceOf('waitingSeconds')] ?? 0,
  heap: numbers[gaugePlaceOf('heap')] ?? 0,
})
