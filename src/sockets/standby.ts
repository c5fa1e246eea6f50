/**
 * A process that stands by to call listen(2), as the master may not (it would accept, see listen.ts). Started while
 * the configuration is still being read, it answers in a millisecond where a fresh one takes thirty.
 */
import type { Listener } from './listener.ts'

export interface ListenFailure {
  readonly listener: Listener
  /** As libuv gives it: negative. */
  readonly errno: number
}

/** 'unable': it could not be asked (it died, or this Node cannot send the handle); nothing was done then. */
export type Outcome = 'listening' | 'unable' | ListenFailure

export interface Standby {
  /** Calls listen(2) on all of them, and accepts on none. Never rejects. */
  listen(listeners: readonly Listener[], backlog: number): Promise<Outcome>
}
