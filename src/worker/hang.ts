/**
 * What the master calls in a worker whose loop is blocked, through the debugger: the list of the requests in hand, and,
 * when it is to be ended, `worker_abort` before, as far as it gets synchronously. The symbols are known to
 * arbiter/capture.ts, arbiter/salvage.ts and arbiter/administration/look.ts.
 *
 * A worker that is to be ended also tells of its connections that rest, and lets go of those that the master has copied.
 * All of that is in one pause: nothing is read meanwhile, and no connection ever has two readers.
 */
import type { Socket } from 'node:net'
import type { Engine, InflightRequest } from '../http/engine.ts'
import { descriptorOf } from '../http/resting.ts'
import { stopCatchingAbort } from './signals.ts'

export interface HangParts {
  readonly inflight: () => readonly InflightRequest[]
  readonly resting: () => ReturnType<Engine['resting']>
  readonly abort: () => void
}

export function leaveHangReport({ inflight, resting, abort }: HangParts): void {
  const descriptors = (): Map<number, Socket> =>
    new Map(
      resting().flatMap((socket): [number, Socket][] => {
        const fd = descriptorOf(socket)
        return fd === undefined ? [] : [[fd, socket]]
      }),
    )
  Object.assign(globalThis, {
    [Symbol.for('tsgunicorn.resting')]: (): readonly number[] => [...descriptors().keys()],
    // Judged again: if the pause was not one, some may have been read from meanwhile, and those stay.
    [Symbol.for('tsgunicorn.letGo')]: (fds: readonly number[]): readonly number[] => {
      const now = descriptors()
      return fds.filter((fd) => letGo(now.get(fd)))
    },
    [Symbol.for('tsgunicorn.inflight')]: inflight,
    [Symbol.for('tsgunicorn.hang')]: (): readonly InflightRequest[] => {
      const requests = inflight()
      try {
        abort()
      } finally {
        stopCatchingAbort()
      }
      return requests
    },
  })
}

/** Closes our descriptor, at once. destroy() never calls shutdown(2), which would end the connection for all who have it. */
const letGo = (socket: Socket | undefined): boolean => socket?.destroy() !== undefined
