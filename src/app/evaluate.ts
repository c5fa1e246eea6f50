/**
 * Evaluates the application's entry file, once, and gives its namespace. As the main module (`require.main`,
 * `import.meta.main`) when it is run like a program, as any module when one of its names is asked for.
 */

import { readFileSync } from 'node:fs'
import Module, { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { type Namespace, namespaceOf } from './namespace.ts'
import { moduleFormat } from './package-scope.ts'

type Evaluate = (path: string) => Promise<Namespace>

const evaluators: Readonly<Record<'esm' | 'commonjs', Readonly<Record<'main' | 'module', Evaluate>>>> = {
  esm: {
    main: (path) => (asksForMain(path) ? importAsMain(path) : importModule(path)),
    module: (path) => importModule(path),
  },
  commonjs: {
    main: async (path) => namespaceOf(loadMain(path)),
    module: async (path) => namespaceOf(createRequire(path)(path)),
  },
}

/** Throws what the module throws. */
export const evaluate = (path: string, as: 'main' | 'module'): Promise<Namespace> =>
  evaluators[moduleFormat(path)][as](path)

const importModule = (path: string): Promise<Namespace> => import(pathToFileURL(path).href)

/** What `node FILE` does with CommonJS; the third argument makes it `require.main`. */
const loadMain = (path: string): unknown => {
  const { _load } = Module as unknown as { _load: (path: string, parent: null, isMain: boolean) => unknown }
  return _load(path, null, true)
}

/** Node 22.18, 24.2 and later; in earlier ones `import.meta.main` is undefined whatever is done. */
const asksForMain = (path: string): boolean => /\bimport\.meta\.main\b/u.test(readFileSync(path, 'utf8'))

/**
 * What `node FILE` does with an ES module. It gives the outcome to nobody but the process (as a rejection that nobody
 * handles or, before Node 22, as an uncaught exception), so the module is imported again, which gives the same
 * namespace or the same error, and the process's copy of that error is taken back.
 */
const importAsMain = async (path: string): Promise<Namespace> => {
  const reported = new Set<unknown>()
  const collect = (reason: unknown): void => void reported.add(reason)
  process.on('unhandledRejection', collect)
  process.setUncaughtExceptionCaptureCallback(collect)
  try {
    const { runMain } = Module as unknown as { runMain: (path: string) => void }
    runMain(path)
    return await importModule(path)
  } catch (error) {
    await turnOfTheLoop()
    reported.delete(error)
    throw error
  } finally {
    await turnOfTheLoop()
    process.off('unhandledRejection', collect)
    process.setUncaughtExceptionCaptureCallback(null)
    for (const reason of reported) void Promise.reject(reason)
  }
}

/** Both reports are made after the microtasks of the turn. */
const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
