/** How many workers are wanted, when somebody says so: TTIN, TTOU, WINCH and orders. */
import { isStopping, type Turn } from './turn.ts'

/** Before anything was loaded, and when all is to end, there is nothing to resize. */
export function resize(turn: Turn, target: number): void {
  const { target: before, serving, staging } = turn.state
  if (isStopping(turn.state) || target === before || !(serving ?? staging)) return
  turn.set({ target })
  turn.do({ do: 'workers-changed', now: target, before })
}

/** Never below one; none stays none when it is to be less. */
export function resizeBy(turn: Turn, by: number): void {
  const { target } = turn.state
  resize(turn, Math.max(Math.min(1, target), target + by))
}
