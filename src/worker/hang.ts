/**
 * What the master calls in a worker that hangs, through the debugger, while its loop is blocked: `worker_abort`, as
 * far as it gets synchronously, and the list of the requests in hand. The symbol is known to arbiter/capture.ts.
 */
import type { InflightRequest } from '../http/engine.ts'
import { stopCatchingAbort } from './signals.ts'

export interface HangParts {
  readonly inflight: () => readonly InflightRequest[]
  readonly abort: () => void
}

export function leaveHangReport({ inflight, abort }: HangParts): void {
  Object.assign(globalThis, {
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
