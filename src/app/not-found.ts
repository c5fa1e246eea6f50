/** The words for a module that is not there: what was tried, and what is there under a similar name. */

import { readdirSync } from 'node:fs'
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path'
import { distance } from 'fastest-levenshtein'
import { hasCode, ServerError } from '../errors.ts'

const runnable = /\.(?:[mc]?[jt]s|[jt]sx|py)$/u

/**
 * `tried` are absolute paths (or words for a package), in the order of search. Python was asked before: JavaScript has
 * the last word on what is in neither.
 */
export const notFound = (module: string, from: string, tried: readonly string[]): ServerError => {
  const near = similarFile(module, from)
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`
  const list = tried.map((path) => `  ${isAbsolute(path) ? shorter(path, from) : path}`).join('\n')
  return new ServerError(
    'TSG_APP_NOT_FOUND',
    `There is no application module '${module}' in '${from}'.${hint}`,
    {
      detail: `Tried, in this order:\n${list}${pythonWords(module)}`,
    },
  )
}

/** Paths with an extension of JavaScript's own were not looked for as Python's. */
const pythonWords = (module: string): string =>
  /\.(?:[mc]?[jt]s|[jt]sx)$/u.test(module)
    ? ''
    : `\nAnd as Python: ${module.replaceAll(/(?<=\w)\.(?=\w)/gu, '/')}.py, a package, or one that is installed (app_type: 'wsgi' says that it is Python).`

/** The name, among candidates, that is near enough to be a slip of the fingers. */
export const nearest = (name: string, candidates: readonly string[]): string | undefined => {
  const ranked = candidates.map((candidate) => ({ candidate, far: distance(name, candidate) }))
  const best = ranked.toSorted((a, b) => a.far - b.far)[0]
  return best !== undefined && best.far <= Math.max(2, name.length / 3) ? best.candidate : undefined
}

const similarFile = (module: string, from: string): string | undefined => {
  const folder = dirname(resolve(from, module))
  const names = filesOf(folder)
  const stem = basename(module).replace(runnable, '')
  const found = names.find((name) => name.replace(runnable, '') === stem) ?? nearest(basename(module), names)
  return found === undefined ? undefined : relative(from, resolve(folder, found))
}

const filesOf = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).filter((name) => runnable.test(name))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return []
    throw error
  }
}

const shorter = (path: string, from: string): string => {
  const short = relative(from, path)
  return short === '' || short.startsWith('..') ? path : short
}
