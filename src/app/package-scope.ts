/**
 * What Node would make of a file: an ES module or CommonJS. Knows package.json and extensions, not how modules
 * are evaluated.
 */

import { readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { hasCode } from '../errors.ts'

export type ModuleFormat = 'esm' | 'commonjs'

const formatOf: Readonly<Record<string, ModuleFormat>> = {
  '.mjs': 'esm',
  '.mts': 'esm',
  '.cjs': 'commonjs',
  '.cts': 'commonjs',
}
const typescript = new Set(['.ts', '.mts', '.cts', '.tsx', '.jsx'])

/** Words that CommonJS cannot have at the start of a line; Node's own detection parses, this only looks. */
const esmSyntax = /^(?:import\s*[\w{*'"]|export\s*[\w{*]|await\s)|\bimport\.meta\b/mu

/** Whether the file needs a compiler before Node can run it. */
export const isTypeScript = (file: string): boolean => typescript.has(extname(file))

/**
 * The format of an application's entry file. A `.js` without a `type` in its package.json is judged by its text
 * as Node does; TypeScript without one is CommonJS, as tsx and tsc have it.
 */
export const moduleFormat = (file: string): ModuleFormat => {
  const byExtension = formatOf[extname(file)]
  if (byExtension !== undefined) return byExtension
  const type = packageType(dirname(file))
  if (type === 'module') return 'esm'
  if (type === 'commonjs' || isTypeScript(file)) return 'commonjs'
  return esmSyntax.test(readFileSync(file, 'utf8')) ? 'esm' : 'commonjs'
}

/** The `type` of the nearest package.json upwards; Node looks no further than a folder named node_modules. */
const packageType = (folder: string): unknown => {
  const manifest = readIfPresent(join(folder, 'package.json'))
  if (manifest !== undefined) return JSON.parse(manifest).type
  const parent = dirname(folder)
  return parent === folder || folder.endsWith('node_modules') ? undefined : packageType(parent)
}

/** The file's text, or undefined when there is no such file. */
export const readIfPresent = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}
