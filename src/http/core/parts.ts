/** What all connections of one core share, and whom they tell. */
import type { Leniency, ParserLimits } from '../h1/events.ts'
import type { HttpPolicy } from '../policy.ts'
import type { Admission } from './admission.ts'
import type { Connection } from './connection.ts'
import type { Exchange } from './exchange.ts'
import type { Heads } from './heads.ts'
import type { Wheel } from './wheel.ts'

/** Why a request is not served: `status` is the answer's, `reason` is for logs. */
export interface Refused {
  readonly status: number
  readonly reason: string
}

export interface CoreParts {
  readonly policy: HttpPolicy
  /** Requests of one connection that may be answered in one turn of the loop. */
  readonly perTurn: number
  readonly limits: ParserLimits
  readonly leniency: Leniency
  readonly admission: Admission
  readonly heads: Heads
  readonly wheel: Wheel
  /** Monotonic milliseconds, as exact as someone wants to know them. */
  readonly clock: () => number
  /** Whether its client may ask on: not when the worker drains. */
  readonly keeps: (connection: Connection) => boolean
  /** Gives a request to the application. */
  readonly serve: (exchange: Exchange) => void
  /** An exchange that was served is over; `completed` is false when its client went away before. */
  readonly over: (connection: Connection, exchange: Exchange, completed: boolean) => void
  /** Bytes were refused; `status` is 0 when nothing was answered. `unseen`: of a request that nobody had seen. */
  readonly refused: (
    status: number,
    reason: string,
    peer: { readonly address: string },
    unseen: boolean,
  ) => void
  readonly gone: (connection: Connection) => void
}
