/**
 * Whether the watchdog of systemd may be fed: somebody does the work, or there is none to be done. Pure; beats come
 * from the board.
 */
import { healthOf } from './administration/health.ts'
import type { State } from './state.ts'
import { isStopping } from './turn.ts'

/**
 * A master whose workers all hang, or never come back, is not well, as it could not mend that: it is better started
 * anew. One that starts, ends, or was told to have no workers waits for none. `beats`: the last of each serving
 * worker, by age; `now`: all in monotonic milliseconds.
 */
export const isWell = (state: State, beats: ReadonlyMap<number, number>, now: number): boolean =>
  state.serving === undefined ||
  isStopping(state) ||
  state.target === 0 ||
  healthOf(state, ({ age }) => beats.get(age) ?? 0, now).alive
