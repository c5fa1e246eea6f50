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

/** Node 24.2 and later; in earlier ones `import.meta.main` is undefined whatever is done. */
const asksForMain = (path: string): boolean => /\bimport\.meta\.main\b/u.test(readFileSync(path, 'utf8'))

/**
 * What `node FILE` does with an ES module. It tells nobody how that ended, so the module is imported again, which
 * gives the same namespace or the same error; the unheard copy of that error is not another one.
 */
const importAsMain = async (path: string): Promise<Namespace> => {
  const reasons = new Set<unknown>()
  const collect = (reason: unknown): void => void reasons.add(reason)
  process.on('unhandledRejection', collect)
  try {
    const { runMain } = Module as unknown as { runMain: (path: string) => void }
    runMain(path)
    return await importModule(path)
  } finally {
    // Rejections are reported after the microtasks of the turn.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', collect)
    await rethrowOthers(reasons, path)
  }
}

/** Rejections that are the application's and not of the import are unhandled still. */
const rethrowOthers = async (reasons: Set<unknown>, path: string): Promise<void> => {
  await importModule(path).catch((error: unknown) => reasons.delete(error))
  for (const reason of reasons) void Promise.reject(reason)
}
