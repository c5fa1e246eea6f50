/**
 * From a module's name to a file: exact file, file with an extension, dotted name, directory, package.
 * It finds; it neither loads nor judges what it found, except that it refuses to guess between Python and JavaScript.
 */

import { statSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ServerError } from '../errors.ts'
import { readIfPresent } from './package-scope.ts'

export interface ResolvedApp {
  /** Absolute. */
  readonly path: string
  readonly language: 'javascript' | 'python'
}

/** In the order of search: TypeScript before what was compiled from it beside it. */
export const extensions = ['.mts', '.ts', '.mjs', '.js', '.cjs', '.cts', '.tsx', '.jsx', '.py'] as const

const dotted = /^[\w$-]+(?:\.[\w$-]+)+$/u
const conditions = ['node', 'import', 'module-sync', 'default', 'require']

/**
 * The file that `module` names, looked for from the absolute directory `from`. Throws `TSG_APP_NOT_FOUND` with the
 * paths that were tried, or when a Python and a JavaScript file answer to the same name.
 */
export const resolveApp = async (module: string, from: string): Promise<ResolvedApp> => {
  const tried: string[] = []
  const path = module.startsWith('file://') ? fileURLToPath(module) : resolve(from, module)
  const found =
    findPath(path, tried) ??
    (dotted.test(module) ? findPath(join(from, ...module.split('.')), tried) : undefined) ??
    (await findPackage(module, from, tried))
  if (found === undefined) {
    const { notFound } = await import('./not-found.ts')
    throw notFound(module, from, tried)
  }
  return { path: found, language: extname(found) === '.py' ? 'python' : 'javascript' }
}

const findPath = (path: string, tried: string[]): string | undefined =>
  findFile(path, tried) ?? findByExtension(path, tried) ?? findInDirectory(path, tried)

const findFile = (path: string, tried: string[]): string | undefined => {
  if (!tried.includes(path)) tried.push(path)
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined
}

const findByExtension = (path: string, tried: string[]): string | undefined => {
  const [first, ...others] = extensions.flatMap((extension) => findFile(path + extension, tried) ?? [])
  const python = others.find((file) => extname(file) === '.py')
  if (first !== undefined && python !== undefined) throw ambiguous(first, python)
  return first
}

const findInDirectory = (folder: string, tried: string[]): string | undefined => {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined
  const entry = manifestEntry(join(folder, 'package.json'))
  return (
    (entry === undefined ? undefined : findEntry(join(folder, entry), tried)) ??
    findByExtension(join(folder, 'index'), tried) ??
    findFile(join(folder, '__init__.py'), tried)
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

const ambiguous = (first: string, python: string): ServerError =>
  new ServerError(
    'TSG_APP_NOT_FOUND',
    `Both '${first}' and '${python}' answer to that name. Give the extension, as '${basename(first)}'.`,
  )
