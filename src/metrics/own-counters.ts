/**
 * What the master itself counts, in the archive of its side of the board (system/board.ts), behind the counters of
 * workers: `board.count(restartPlace('timeout'))`. Tables only.
 */
import { boardCounters } from '../system/board-format.ts'

export const reloadOutcomes = ['ok', 'failed'] as const
export type ReloadResult = (typeof reloadOutcomes)[number]

/**
 * Why a worker's process ended. Their order is that of their places, which two masters of an upgrade share: new words go
 * behind, and there are at most 14.
 */
export const restartReasons = [
  /** By itself: a status other than 0, or a signal that was not ours. */
  'crash',
  /** By itself, with status 0. */
  'exit',
  'timeout',
  'max_requests',
  'max_worker_memory',
  'max_worker_lifetime',
  /** Somebody sent it TERM. */
  'signal',
  /** A hook set `worker.alive` to False. */
  'hook',
  /** Its generation was replaced. */
  'reload',
  /** Restarted, drained or killed by administration. */
  'order',
  /** It could not boot, or not in time. */
  'boot',
  /** Fewer workers were asked for. */
  'scale',
  'stop',
] as const
export type RestartReason = (typeof restartReasons)[number]

export const reloadPlace = (result: ReloadResult): number => boardCounters + reloadOutcomes.indexOf(result)
export const restartPlace = (reason: RestartReason): number =>
  boardCounters + reloadOutcomes.length + restartReasons.indexOf(reason)
