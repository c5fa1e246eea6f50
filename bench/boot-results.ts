/** What `bench:boot` writes as JSON. Types only. */
import type { RunFacts } from './failure-results.ts'

export interface BootRow {
  readonly server: string
  /** Milliseconds from the command to the first answer, one value a round. */
  readonly started: number[]
  /** MB of all its processes with two workers, after the first answer (proc(5), PSS), one value a round. */
  readonly memory: number[]
}

export interface BootResults extends RunFacts {
  readonly rows: readonly BootRow[]
}
