/**
 * From the name of a JavaScript module to its file: exact file, file with an extension, dotted name, directory,
 * package. It finds; it neither loads nor judges what it found. Whether the name is Python's is for language.ts.
 */

import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { readIfPresent } from './package-scope.ts'

/** In the order of search: TypeScript before what was compiled from it beside it. */
export const extensions = ['.mts', '.ts', '.mjs', '.js', '.cjs', '.cts', '.tsx', '.jsx'] as const

const dotted = /^[\w$-]+(?:\.[\w$-]+)+$/u
const conditions = ['node', 'import', 'module-sync', 'default', 'require']

/**
 * The absolute file that `module` names, looked for from the absolute directory `from`. Rejects with
 * `TSG_APP_NOT_FOUND` and the paths that were tried.
 */
export const resolveApp = async (module: string, from: string): Promise<string> => {
  const tried: string[] = []
  const found = await findJavaScript(module, from, tried)
  if (found !== undefined) return found
  const { notFound } = await import('./not-found.ts')
  throw notFound(module, from, tried)
}

/** As `resolveApp`, and undefined when there is none; what was tried is added to `tried`. */
export const findJavaScript = async (
  module: string,
  from: string,
  tried: string[] = [],
): Promise<string | undefined> => {
  const path = module.startsWith('file://') ? fileURLToPath(module) : resolve(from, module)
  return (
    findPath(path, tried) ??
    (dotted.test(module) ? findPath(join(from, ...module.split('.')), tried) : undefined) ??
    (await findPackage(module, from, tried))
  )
}

const findPath = (path: string, tried: string[]): string | undefined =>
  findFile(path, tried) ?? findByExtension(path, tried) ?? findInDirectory(path, tried)

const findFile = (path: string, tried: string[]): string | undefined => {
  if (!tried.includes(path)) tried.push(path)
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined
}

const findByExtension = (path: string, tried: string[]): string | undefined => {
  for (const extension of extensions) {
    const found = findFile(path + extension, tried)
    if (found !== undefined) return found
  }
  return undefined
}

const findInDirectory = (folder: string, tried: string[]): string | undefined => {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined
  const entry = manifestEntry(join(folder, 'package.json'))
  return (
    (entry === undefined ? undefined : findEntry(join(folder, entry), tried)) ??
    findByExtension(join(folder, 'index'), tried)
  )
}

const findEntry = (path: string, tried: string[]): string | undefined =>
  findFile(path, tried) ?? findByExtension(path, tried) ?? findByExtension(join(path, 'index'), tried)

/** The entry a package.json names: `exports`, then `module`, then `main`. */
const manifestEntry = (path: string): string | undefined => {
  const text = readIfPresent(path)
  if (text === undefined) return undefined
  const { exports, module, main } = JSON.parse(text)
  return [exportsEntry(exports), module, main].find((entry) => typeof entry === 'string')
}

const exportsEntry = (exports: unknown): string | undefined => {
  if (typeof exports === 'string') return exports
  if (typeof exports !== 'object' || exports === null) return undefined
  const wanted = Object.entries(exports).find(([key]) => key === '.' || conditions.includes(key))
  return wanted === undefined ? undefined : exportsEntry(wanted[1])
}

/** exsolve, because `require.resolve` refuses packages that only have an `import` condition. */
const findPackage = async (module: string, from: string, tried: string[]): Promise<string | undefined> => {
  if (/^[./\\]|^file:|^[A-Za-z]:[\\/]/u.test(module)) return undefined
  const { resolveModulePath } = await import('exsolve')
  const parent = pathToFileURL(join(from, 'noop.js'))
  const found = resolveModulePath(module, { from: parent, conditions: ['node', 'import'], try: true })
  if (found === undefined) tried.push(`package '${module}'`)
  return found
}
