/**
 * What happens to an accepted socket before HTTP is spoken on it: the PROXY protocol's header is taken off, TLS is
 * spoken. A step is given a socket and delivers the one to go on with; composed, they are an intake.
 */
import type { Socket } from 'node:net'

/** What the steps need of whoever has them: the same for all connections. */
export interface IntakeContext {
  /** A client was refused before it sent a request: told to the log. The step ends the socket itself. */
  readonly onRefused: (reason: string, remoteAddress: string) => void
  /** Time for a step to be done, in ms; the step destroys the socket after it. 0: no end. */
  readonly timeoutMs: number
}

/**
 * Calls `deliver` once, with a socket that is open and holds all bytes not taken (not flowing; `unshift` what was
 * read too much); or ends or destroys the socket, and never calls it. A client that goes meanwhile is its own
 * business. The socket's `remoteAddress` and `remotePort` are the client's, also where a proxy named it.
 */
export type IntakeStep = (socket: Socket, deliver: (socket: Socket) => void, context: IntakeContext) => void

/** One step after the other; undefined when there is none. */
export const compose = (...steps: readonly (IntakeStep | undefined)[]): IntakeStep | undefined => {
  const [first, ...rest] = steps.filter((step) => step !== undefined)
  if (!first) return undefined
  const then = compose(...rest)
  if (!then) return first
  return (socket, deliver, context) => first(socket, (next) => then(next, deliver, context), context)
}
