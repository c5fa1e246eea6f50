/**
 * Whether an application is JavaScript's or Python's, told by what exists under its name. It loads neither, and
 * judges no more of a spec than its module: what stands behind the colon is the language's own grammar.
 */

import { statSync } from 'node:fs'
import { delimiter, extname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ServerError } from '../errors.ts'
import type { Interpreter } from '../python/interpreter.ts'
import type { AppType } from './recognise.ts'
import { findJavaScript } from './resolve.ts'
import { moduleOf } from './spec.ts'

export type Language = 'javascript' | 'python'

export interface LanguageRequest {
  /** `MODULE[:EXPR]`. */
  readonly spec: string
  /** Absolute: where MODULE is looked for. */
  readonly cwd: string
  /** `wsgi` is Python, any other word but `auto` is JavaScript. */
  readonly type: AppType
  /** The setting `pythonpath`: folders with commas between them, relative to `cwd`. */
  readonly pythonPath: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Asked only when no file and no package answers to the name; may reject with TSG_PYTHON. */
  readonly interpreter?: () => Promise<Interpreter>
}

/**
 * The language of the application that `spec` names; JavaScript when there is nothing of that name, so that its
 * words for that stand. Rejects with TSG_APP_NOT_FOUND when both languages have it, and with TSG_PYTHON when the
 * interpreter cannot tell what is installed.
 */
export const languageOf = async (request: LanguageRequest): Promise<Language> => {
  const { spec, cwd, type } = request
  if (type !== 'auto') return type === 'wsgi' ? 'python' : 'javascript'
  const module = moduleOf(spec)
  if (module === '') return 'javascript'
  const exact = exactFile(module, cwd)
  if (exact !== undefined) return languageOfFile(exact)
  const python = pythonPlaces(module, request).find(isFile)
  const javascript = await findJavaScript(module, cwd)
  if (python !== undefined && javascript !== undefined) throw ambiguous(module, javascript, python)
  if (python !== undefined) return 'python'
  if (javascript !== undefined) return languageOfFile(javascript)
  return (await isInstalled(module, request)) ? 'python' : 'javascript'
}

const languageOfFile = (path: string): Language => (extname(path) === '.py' ? 'python' : 'javascript')

const exactFile = (module: string, cwd: string): string | undefined => {
  const path = module.startsWith('file://') ? fileURLToPath(module) : resolve(cwd, module)
  return isFile(path) ? path : undefined
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false

/** A module's dotted name, as Python spells names. */
const dottedName = /^[\p{ID_Start}_][\p{ID_Continue}]*(?:\.[\p{ID_Start}_][\p{ID_Continue}]*)*$/u

/**
 * Where a Python module of this name would lie, absolute, in the order of Python's search. A package needs no
 * `__init__.py` of its own for what is in it (PEP 420).
 */
const pythonPlaces = (module: string, { cwd, pythonPath, env }: LanguageRequest): readonly string[] => {
  const asModule = (path: string): readonly string[] => [`${path}.py`, join(path, '__init__.py')]
  const places = module.startsWith('file://') ? [] : asModule(resolve(cwd, module))
  if (!dottedName.test(module)) return places
  const roots = [...foldersOf(pythonPath, ',', cwd), cwd, ...foldersOf(env['PYTHONPATH'], delimiter, cwd)]
  return [...places, ...roots.flatMap((root) => asModule(join(root, ...module.split('.'))))]
}

const foldersOf = (list: string | undefined, separator: string, cwd: string): readonly string[] =>
  (list ?? '')
    .split(separator)
    .map((folder) => folder.trim())
    .filter((folder) => folder !== '')
    .map((folder) => (isAbsolute(folder) ? folder : resolve(cwd, folder)))

/** Whether the interpreter has the module; one that cannot be found has none. */
const isInstalled = async (module: string, request: LanguageRequest): Promise<boolean> => {
  const { interpreter, cwd, pythonPath, env, spec } = request
  if (interpreter === undefined || !dottedName.test(module)) return false
  const python = await found(interpreter)
  if (python === undefined) return false
  const { hasModule } = await import('../python/has-module.ts')
  return hasModule({
    python: python.path,
    module,
    // `test`, `code` and `site` are in every Python, and far more often a slip of who has a JavaScript application.
    standard: spec.includes(':') || module.includes('.'),
    folders: [...foldersOf(pythonPath, ',', cwd), cwd],
    cwd,
    env,
  })
}

const found = async (interpreter: () => Promise<Interpreter>): Promise<Interpreter | undefined> => {
  try {
    return await interpreter()
  } catch (error) {
    // Who has no Python mistyped the name of a JavaScript application.
    if (error instanceof ServerError && error.code === 'TSG_PYTHON') return undefined
    throw error
  }
}

const ambiguous = (module: string, javascript: string, python: string): ServerError =>
  new ServerError(
    'TSG_APP_NOT_FOUND',
    `Both '${javascript}' and '${python}' answer to the name '${module}'. ` +
      "Name the one that is meant with its extension, or give app_type ('wsgi' is Python, 'node' or 'fetch' JavaScript).",
  )
