/**
 * What the master calls in a worker whose loop is blocked, through the debugger: the list of the requests in hand, and,
 * when it is to be ended, `worker_abort` before, as far as it gets synchronously. The symbols are known to
 * arbiter/capture.ts and arbiter/administration/look.ts.
 */
import type { InflightRequest } from '../http/engine.ts'
import { stopCatchingAbort } from './signals.ts'

export interface HangParts {
  readonly inflight: () => readonly InflightRequest[]
  readonly abort: () => void
}

export function leaveHangReport({ inflight, abort }: HangParts): void {
  Object.assign(globalThis, {
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
