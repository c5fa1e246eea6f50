/** What was counted, under the names of the status. Pure. */
import type { Totals } from '../../control/status.ts'
import { type Gauges, totalsOf } from '../../metrics/reading.ts'

/**
 * `numbers`: all that was ever counted (Board.totals); `living`: what is true of those who speak HTTP now. The rate is the
 * sum of theirs; p50 and p95 are theirs, weighted by it.
 */
export function totalFacts(numbers: Float64Array, living: readonly Gauges[]): Totals {
  const { finished, inFlight, refused, lost, bytesSent, statuses, restarts, reloads } = totalsOf(numbers)
  const rate = living.reduce((sum, gauges) => sum + gauges.rate, 0)
  const weighted = (name: 'p50' | 'p95'): number =>
    rate === 0
      ? Math.max(0, ...living.map((gauges) => gauges[name]))
      : living.reduce((sum, gauges) => sum + gauges[name] * gauges.rate, 0) / rate
  return {
    requests: finished,
    inFlight,
    refused,
    lost,
    bytesSent,
    statuses,
    rate,
    p50: weighted('p50'),
    p95: weighted('p95'),
    restarts,
    reloads,
  }
}
