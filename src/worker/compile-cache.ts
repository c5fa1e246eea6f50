/**
 * `preload_app`: V8's compiled code is shared by way of Node's compile cache on disk. The throw-away process that
 * proves the application writes it, workers read it: half the boot time of a large application, little of a small.
 * Node 22.10 and later; elsewhere the proof alone is what the setting gives. (nodejs.org/api/module.html)
 */
import module from 'node:module'

/** Missing in @types/node 20. */
type WithCache = typeof module & {
  enableCompileCache?(): unknown
  flushCompileCache?(): void
}

const withCache: WithCache = module

/** Before the application is loaded. */
export const useCompileCache = (): void => void withCache.enableCompileCache?.()

/** After it: a process that is killed later never writes it. */
export const writeCompileCache = (): void => withCache.flushCompileCache?.()
