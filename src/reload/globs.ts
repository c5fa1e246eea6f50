/**
 * Files by pattern: `*`, `?`, `[a-z]`, `{a,b}` within a name, `**` for any number of directories. Node 20 has no
 * glob. It walks only below the part of a pattern that has no such sign, and never into node_modules or .git unless the
 * pattern names them.
 */
import { readdirSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { hasCode } from '../errors.ts'

const signs = /[*?[{]/

/** Whether the text is a pattern, and not simply a path. */
export const isGlob = (text: string): boolean => signs.test(text)

const tokens: ReadonlyArray<readonly [RegExp, (match: string) => string]> = [
  [/^\*\*(?:\/|$)/, (match) => (match.endsWith('/') ? '(?:[^/]+/)*' : '.*')],
  [/^\*+/, () => '[^/]*'],
  [/^\?/, () => '[^/]'],
  [/^\[!?[^\]/]+\]/, (match) => match.replace('[!', '[^').replaceAll('\\', '\\\\')],
  [/^\{[^{}/]*\}/, (match) => `(?:${match.slice(1, -1).split(',').map(patternSource).join('|')})`],
  [/^[\s\S]/, (match) => match.replace(/[\\^$.|?*+()[\]{}]/, '\\$&')],
]

function patternSource(glob: string): string {
  let [rest, source] = [glob, '']
  while (rest !== '') {
    for (const [token, translate] of tokens) {
      const match = token.exec(rest)?.[0]
      if (match === undefined) continue
      source += translate(match)
      rest = rest.slice(match.length)
      break
    }
  }
  return source
}

/** A pattern as a regular expression over whole paths with '/'. Pure. */
export const globToRegExp = (glob: string): RegExp => new RegExp(`^${patternSource(glob)}$`)

const skipped = ['node_modules', '.git']

const filesBelow = (directory: string, skip: readonly string[]): string[] => {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) return skip.includes(entry.name) ? [] : filesBelow(path, skip)
      return [path]
    })
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ENOTDIR', 'EACCES')) return []
    throw thrown
  }
}

const expand = (pattern: string): string[] => {
  const parts = pattern.split(sep)
  const base = parts.slice(0, parts.findIndex(isGlob)).join(sep) || sep
  const matcher = globToRegExp(pattern)
  return filesBelow(
    base,
    skipped.filter((name) => !parts.includes(name)),
  ).filter((path) => matcher.test(path))
}

/** Absolute paths: paths as they are (also of files that do not exist yet), patterns as the files they match now. */
export const expandGlobs = (patterns: readonly string[], directory: string): string[] => {
  const absolute = patterns.map((pattern) => resolve(directory, pattern))
  return [...new Set(absolute.flatMap((pattern) => (isGlob(pattern) ? expand(pattern) : [pattern])))]
}
