/**
 * The engine that suits an application: fetch handlers are served by our own core, everything that knows node's
 * requests and servers by node:http itself. Only the one that is needed is loaded.
 */
import type { Application } from '../app/application.ts'
import type { Engine, EngineOptions } from './engine.ts'

/** Rejects with ServerError when `forwardedAllowIps` cannot be read. */
export const createEngineFor = async (app: Application, options: EngineOptions): Promise<Engine> => {
  if (app.kind !== 'fetch') {
    const { createEngine } = await import('./node/engine.ts')
    return createEngine(app, options)
  }
  const [{ createCoreEngine }, { createFetchAdapter }] = await Promise.all([
    import('./core/engine.ts'),
    import('./fetch/adapter.ts'),
  ])
  const adapter = createFetchAdapter(app, { onError: options.onError })
  return createCoreEngine(adapter.consumer, { ...options, settled: () => adapter.settled() })
}
