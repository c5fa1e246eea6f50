/** From single requests to what is told of them. Pure. */
import type { Asked } from './open-load-types.ts'

/** What became of the requests that were due in a stretch of time. Latencies are milliseconds, of the answered ones. */
export interface Phase {
  readonly requests: number
  /** Kind -> how many. */
  readonly errors: Readonly<Record<string, number>>
  readonly p50: number
  readonly p99: number
  readonly most: number
}

/** Moments of the machine's clock. */
export interface Moments {
  readonly began: number
  readonly order: number
  readonly settled: number
  readonly ended: number
}

export interface Strip {
  /** The slowest answer of each stretch, milliseconds; 0 where nothing was answered. */
  readonly slowest: readonly number[]
  /** Failed requests of each stretch. */
  readonly failed: readonly number[]
  /** Milliseconds from its beginning to the order, and to the end of `during`. */
  readonly order: number
  readonly settled: number
}

/** Milliseconds that one value of a strip stands for. */
export const stretch = 100

const round = (value: number): number => Math.round(value * 10) / 10

const quantile = (sorted: readonly number[], q: number): number =>
  round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0)

const counted = (kinds: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const kind of kinds.toSorted()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

const phaseOf = (asked: readonly Asked[]): Phase => {
  const answered = asked.filter(({ kind }) => kind === undefined).map(({ latency }) => latency)
  const sorted = answered.toSorted((a, b) => a - b)
  return {
    requests: asked.length,
    errors: counted(asked.flatMap(({ kind }) => kind ?? [])),
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    most: quantile(sorted, 1),
  }
}

export interface Phases {
  readonly before: Phase
  readonly during: Phase
  readonly after: Phase
}

/** What was under way when the order came belongs to what came of it: a killed worker's requests were due before. */
const momentOf = ({ due, latency }: Asked, order: number): number =>
  due < order && due + latency >= order ? order : due

export const phasesOf = (asked: readonly Asked[], { began, order, settled, ended }: Moments): Phases => {
  const between = (from: number, to: number) =>
    asked.filter((each) => momentOf(each, order) >= from && momentOf(each, order) < to)
  return {
    before: phaseOf(between(began, order)),
    during: phaseOf(between(order, settled)),
    after: phaseOf(between(settled, ended)),
  }
}

/** Failed requests that were due later than `moment`: a worker that was killed then cannot have held them. */
export const failedAfter = (asked: readonly Asked[], moment: number): number =>
  asked.filter(({ kind, due }) => kind !== undefined && due > moment).length

export const stripOf = (asked: readonly Asked[], { began, order, settled, ended }: Moments): Strip => {
  const length = Math.ceil((ended - began) / stretch)
  const slowest = new Array<number>(length).fill(0)
  const failed = new Array<number>(length).fill(0)
  for (const each of asked) {
    const { latency, kind } = each
    const index = Math.floor((momentOf(each, order) - began) / stretch)
    if (index < 0 || index >= length) continue
    if (kind === undefined) slowest[index] = Math.max(slowest[index] ?? 0, round(latency))
    else failed[index] = (failed[index] ?? 0) + 1
  }
  return { slowest, failed, order: Math.round(order - began), settled: Math.round(settled - began) }
}

export const errorsOf = ({ errors }: Phase): number =>
  Object.values(errors).reduce((sum, count) => sum + count, 0)
