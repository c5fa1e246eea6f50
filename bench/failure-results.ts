/** What `bench:failure` writes as JSON, and how tsgunicorn is judged by it. Pure. */
import { errorsOf, type Phases, type Strip } from './failure-phases.ts'
import { mostSlower, type Scenario, scenarios } from './failure-scenarios.ts'
import { plural } from './report/markdown.ts'
import { median } from './statistics.ts'

/** Facts that each part of `npm run bench` tells of its run. */
export interface RunFacts {
  readonly date: string
  readonly machine: string
  /** How busy the machine was before the run: the mean number of running processes of the last minute. */
  readonly busy: number
  readonly how: string
  readonly versions: Readonly<Record<string, string>>
  /** Server -> why it was not measured. */
  readonly skipped: Readonly<Record<string, string>>
}

export interface FailureRow {
  readonly server: string
  readonly scenario: Scenario
  readonly round: number
  /** Requests a second that were asked. */
  readonly rate: number
  readonly phases: Phases
  /** Milliseconds from the order to the last process in its place; null when that did not come. */
  readonly settled: number | null
  /** Failed requests that were due more than 100 ms after the order. */
  readonly failedLater: number
  /** Of the first round. */
  readonly strip?: Strip
}

export interface FailureResults extends RunFacts {
  /** Server -> requests a second in a closed loop, one value a trial. */
  readonly capacity: Readonly<Record<string, readonly number[]>>
  readonly rows: readonly FailureRow[]
  /** What a server has no means for. */
  readonly cannot: readonly { readonly server: string; readonly scenario: Scenario; readonly why: string }[]
  /** What went wrong in measuring. */
  readonly failed: readonly { readonly server: string; readonly scenario: Scenario; readonly why: string }[]
}

/** Failed requests of a row's `during` and `after`. */
export const lossesOf = ({ phases }: FailureRow): number => errorsOf(phases.during) + errorsOf(phases.after)

export interface Verdict {
  readonly met: boolean
  readonly why: string
}

/** How many times higher the p99 was during than before; of several rounds the median. */
export const slowerIn = (rows: readonly FailureRow[]): number =>
  median(rows.map(({ phases }) => phases.during.p99 / phases.before.p99))

/** Of all rounds of a scenario: no error but those that a killed worker held, p99 at most three times what it was before. */
export const judge = (rows: readonly FailureRow[]): Verdict => {
  const lost = rows.reduce(
    (sum, row) => sum + (scenarios[row.scenario].mayLose ? row.failedLater : lossesOf(row)),
    0,
  )
  const times = slowerIn(rows)
  const faults = [
    ...(lost > 0 ? [`${plural(lost, 'request')} failed`] : []),
    ...(times > mostSlower ? [`p99 ${times.toFixed(1)} times that before`] : []),
    ...(rows.some(({ settled }) => settled === null) ? ['it did not settle'] : []),
  ]
  return { met: faults.length === 0, why: faults.join(', ') }
}
