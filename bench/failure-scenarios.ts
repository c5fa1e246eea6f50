/** What is done to the servers of `bench:failure`, and what is asked of tsgunicorn meanwhile. A table; it runs nothing. */

export interface ScenarioFacts {
  /** What is done, in one sentence. */
  readonly words: string
  /** Whether requests may fail: those that the killed worker held. */
  readonly mayLose: boolean
}

export const scenarios = {
  reload: {
    words: 'All workers are replaced, as after a deployment of new code.',
    mayLose: false,
  },
  upgrade: {
    words: 'The master is replaced by a new one from the program on disk.',
    mayLose: false,
  },
  resize: {
    words: 'Two workers more are asked for, and then two less.',
    mayLose: false,
  },
  kill: {
    words: 'One worker is ended by `kill -9`.',
    mayLose: true,
  },
  recycle: {
    words: 'Workers are replaced after a number of requests (`max_requests`), and it goes on to the end.',
    mayLose: false,
  },
  hang: {
    words:
      'A request blocks its worker for ever. `timeout` is 2 s where there is one; that request is not counted.',
    mayLose: false,
  },
} as const satisfies Readonly<Record<string, ScenarioFacts>>

export type Scenario = keyof typeof scenarios

export const scenarioNames = Object.keys(scenarios) as Scenario[]

/** Milliseconds. */
export const windows = {
  /** Load before anything is measured: connections are made, code gets warm. */
  warm: 1000,
  before: 2000,
  /** What follows the order counts as `during` for so long at least, and until the server has settled. */
  during: 3000,
  /** A server that has not settled by then never will. */
  patience: 10_000,
  after: 2000,
  /** From the new master's workers being there to the end of the old master, in an upgrade. */
  takeover: 1000,
} as const

/** Milliseconds after which a request without an answer has failed. */
export const requestTimeout = 5000

/** Requests a second at most: the generator must not be what is measured. */
export const mostPerSecond = 1000

/** The 99th percentile of `during` may be so many times that of `before`. */
export const mostSlower = 3
