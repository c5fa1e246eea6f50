/**
 * What a front is to the process that runs it: a consumer of the core's exchanges, and the list of Python workers that
 * answer them. It knows no configuration, no log file and no master.
 */
import type { Consumer } from '../http/core/types.ts'
import type { WorkerAddress } from '../ipc/messages.ts'

export interface FrontOptions {
  /** Shown to workers: bridge.token. */
  readonly token: string
  /** The most requests that wait for a worker; one more is answered 503. */
  readonly queueLimit: number
  /** Milliseconds that a request may take: one whose worker is dead by then took too long. 0, or absent: any time. */
  readonly timeoutMs?: number
  /**
   * Milliseconds after which deaths of workers are told, 0 or absent for at once. When all of them end together, by a
   * signal to all processes, this front ends, too, and has nothing to say.
   */
  readonly mourningMs?: number
  /** The least time, in milliseconds, that requests wait behind one that takes long, before they go to others. */
  readonly patienceMs?: number
  /** Largest body that is collected before a request is given to a worker, bytes. */
  readonly collectLimit?: number
  /** The first worker can be given requests: called once. */
  readonly usable: () => void
  /** What the operator has to know: a worker that died with a request, one that cannot be reached. */
  readonly log: (level: 'error' | 'warning' | 'info' | 'debug', message: string) => void
}

export interface Front {
  readonly consumer: Consumer
  /**
   * The workers that may be used from now on; those that are gone from the list get nothing any more. `abandoned`: there
   * will be no other, so that what waits, or comes, is answered 503.
   */
  workers(list: readonly WorkerAddress[], abandoned?: boolean): void
  /** The process of this worker has ended: its channels have nothing more to say, whoever holds them open. */
  ended(age: number): void
  /** Requests that wait for a worker, and those that workers have. */
  readonly waiting: number
  /** Milliseconds that the oldest of them has waited; 0 without one. */
  readonly oldestMs: number
  readonly running: number
  /** Closes every channel. */
  close(): void
}
