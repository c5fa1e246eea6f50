/**
 * A look into a JavaScript worker from outside, through the debugger, as when it hangs, but nothing is ended by it: where it
 * is, and what it has in hand. It goes on afterwards. One look at a worker at a time: who asks meanwhile gets the same.
 */
import type { BlockedStack } from '../../system/stack.ts'
import { prepareCapture } from '../capture.ts'

/** Must be the symbol of worker/hang.ts. */
const EXPRESSION = "globalThis[Symbol.for('tsgunicorn.inflight')]?.()"
const PATIENCE = 1000

const looks = new Map<number, Promise<BlockedStack>>()

/** Never rejects for the worker's sake. For workers that have been ready: others are killed by the signal. */
export function lookInto(pid: number): Promise<BlockedStack> {
  const begun = looks.get(pid)
  if (begun) return begun
  const look = prepareCapture()
    .then(({ stackOf }) => stackOf(pid, { evaluate: EXPRESSION, deadline: PATIENCE }))
    .finally(() => looks.delete(pid))
  looks.set(pid, look)
  return look
}
