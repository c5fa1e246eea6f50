/** In which process a hook runs: every hook is in one of these lists, by its name. */

/** Called by the master. */
export const masterHooks = [
  'on_starting',
  'on_reload',
  'when_ready',
  'pre_fork',
  'pre_exec',
  'child_exit',
  'nworkers_changed',
  'on_exit',
] as const

/** Called by a worker, in the worker's own language. */
export const workerHooks = [
  'post_fork',
  'post_worker_init',
  'pre_request',
  'post_request',
  'worker_int',
  'worker_abort',
  'worker_exit',
] as const

export type MasterHookName = (typeof masterHooks)[number]
export type WorkerHookName = (typeof workerHooks)[number]

export const isMasterHook = (name: string): name is MasterHookName =>
  masterHooks.some((hook) => hook === name)
export const isWorkerHook = (name: string): name is WorkerHookName =>
  workerHooks.some((hook) => hook === name)
