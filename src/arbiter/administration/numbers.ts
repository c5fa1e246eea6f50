/** Numbers of the board (metrics/slot.ts) under the names of the status. Pure. */
import type { Totals } from '../../control/status.ts'
import { type CounterName, type GaugeName, gaugePlaceOf, placeOf } from '../../metrics/slot.ts'

export const counter = (numbers: Float64Array, name: CounterName): number => numbers[placeOf(name)] ?? 0
export const gauge = (numbers: Float64Array, name: GaugeName): number => numbers[gaugePlaceOf(name)] ?? 0
export const inFlightIn = (numbers: Float64Array): number =>
  Math.max(0, counter(numbers, 'begun') - counter(numbers, 'finished'))

type Counted = Pick<Totals, 'restarts' | 'reloads'>

/**
 * `totals`: all that was ever counted; `living`: the numbers of the processes that speak HTTP now. A rate is the sum of
 * theirs; p50 and p95 are theirs, weighted by it.
 */
export function totalsOf(totals: Float64Array, living: readonly Float64Array[], counted: Counted): Totals {
  const of = (name: CounterName): number => counter(totals, name)
  const rate = living.reduce((sum, numbers) => sum + gauge(numbers, 'rate'), 0)
  const weighted = (name: 'p50' | 'p95'): number =>
    rate === 0
      ? Math.max(0, ...living.map((numbers) => gauge(numbers, name)))
      : living.reduce((sum, numbers) => sum + gauge(numbers, name) * gauge(numbers, 'rate'), 0) / rate
  return {
    requests: of('finished'),
    inFlight: living.reduce((sum, numbers) => sum + inFlightIn(numbers), 0),
    refused: of('refused'),
    lost: of('lost'),
    bytesSent: of('sent'),
    statuses: {
      '1xx': of('status1'),
      '2xx': of('status2'),
      '3xx': of('status3'),
      '4xx': of('status4'),
      '5xx': of('status5'),
    },
    rate,
    p50: weighted('p50'),
    p95: weighted('p95'),
    ...counted,
  }
}
