/**
 * What a process that speaks HTTP counts, as numbers in its slot of the board (system/board.ts): which number stands
 * where. Tables only; it knows no file and no text.
 *
 * Counters only grow, from the process's start; when it ends the master adds them to its archive, so that totals never
 * go backwards. Gauges are what was true at the last beat.
 */

import { boardCounters, boardNumbers } from '../system/board-format.ts'

/** Upper bounds of the durations' histogram, in seconds, `le`; the last bucket is +Inf. */
export const durationBounds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const

const bucketCount = durationBounds.length + 1

/** Names of counters, in the order of their places. Each is a float64; 0 when nothing was counted. */
export const counterNames = [
  /** Requests given to the application, or, in a front, to be given to a worker. */
  'begun',
  /** Of these, those that are over. */
  'finished',
  /** Final statuses of finished requests: 1xx (101) to 5xx; `lost` ended before a status was sent. */
  'status1',
  'status2',
  'status3',
  'status4',
  'status5',
  'lost',
  /** Requests that were refused before the application saw them (400, 408, 413, 431, 503 ...). */
  'refused',
  /** Bytes of response bodies. */
  'sent',
  /** Seconds that finished requests took, together. */
  'seconds',
  /** Connections accepted. */
  'accepted',
  /** Finished requests by duration: not cumulative. */
  ...Array.from({ length: bucketCount }, (_, index) => `bucket${index}` as `bucket${number}`),
] as const

/** Names of gauges, in the order of their places behind the counters. */
export const gaugeNames = [
  /** Requests a second, over the last ten seconds. */
  'rate',
  /** Seconds that half, and 95 of 100, of the requests of the last minute took at most; 0 without requests. */
  'p50',
  'p95',
  /** Seconds that the last beat came later than it was due: the delay of the event loop. */
  'lag',
  /** In a front: requests that wait for a worker, and the seconds that the oldest has waited. */
  'waiting',
  'waitingSeconds',
  /** Bytes of V8's heap in use. */
  'heap',
] as const

export type CounterName =
  | 'begun'
  | 'finished'
  | `status${1 | 2 | 3 | 4 | 5}`
  | 'lost'
  | 'refused'
  | 'sent'
  | 'seconds'
  | 'accepted'
export type GaugeName = (typeof gaugeNames)[number]

/** Places for numbers in a slot: counters from 0, gauges from `firstGauge`. */
export const firstGauge = boardCounters
export const numberCount = boardNumbers

/** Where a counter stands. */
export const placeOf = (name: CounterName): number => counterNames.indexOf(name)
/** Where the first of the buckets stands. */
export const firstBucket = counterNames.indexOf('bucket0')
/** Where a gauge stands. */
export const gaugePlaceOf = (name: GaugeName): number => firstGauge + gaugeNames.indexOf(name)

/**
 * Of a process that has ended: the requests it had in hand are over, without a status. Changes the numbers in place;
 * totals so stay in order: begun is finished and what lives still has, finished is all statuses and what was lost.
 */
export const settle = (numbers: Float64Array): void => {
  const [begun, finished, lost] = [placeOf('begun'), placeOf('finished'), placeOf('lost')]
  const inHand = Math.max(0, (numbers[begun] ?? 0) - (numbers[finished] ?? 0))
  numbers[lost] = (numbers[lost] ?? 0) + inHand
  numbers[finished] = (numbers[finished] ?? 0) + inHand
}
