/** Why a process ended, in one word, from what the judgement knew of it. Pure. */
import type { Event, Worker } from '../state.ts'

type Exited = Extract<Event, { type: 'exited' }>

/**
 * A word of `restartReasons` (metrics/catalogue.ts). `boot`: it never got ready; `crash`: nobody had told it to end, be it
 * by a signal or with a status.
 */
export function exitReason(worker: Worker, { signal }: Pick<Exited, 'signal'>): string {
  switch (worker.phase) {
    case 'spawning':
    case 'booting':
      return 'boot'
    case 'ready':
    case 'leaving':
      return 'crash'
    default:
      // It was told to end, and something else was quicker: out of memory, mostly.
      return signal === 'SIGKILL' && worker.phase !== 'killed' ? 'crash' : worker.reason
  }
}

/** Ends that lead to no successor, and so are no restart. */
const lasting: ReadonlySet<string> = new Set(['stop', 'scale'])
export const isRestart = (reason: string): boolean => !lasting.has(reason)
