/**
 * Where the configuration file is. Only the directory the program was started in is searched, never its parents and
 * not where `chdir` leads, as in Gunicorn.
 *
 * cosmiconfig's explorer is not used: making one executes `.config/config.{js,ts,cjs,mjs}` of the working directory
 * (its "meta configuration", versions 9 and 10), and nobody expects a server to run that. It knows nothing of what
 * files say, and does not look for Python modules: Python does.
 */

import { readdirSync, statSync } from 'node:fs'
import { basename, extname, resolve } from 'node:path'
import { hasCode, messageOf, ServerError } from '../errors.ts'

/** In the order in which they win. */
export const extensions = ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '.yaml', '.yml', '.py'] as const

const baseName = 'gunicorn.conf'

/** Whether the file, or `python:MODULE`, is Python's to read: as in Gunicorn, also a file of any other name. */
export const isPython = ({ file, module }: Found): boolean =>
  module !== undefined || (file !== undefined && (extname(file) === '.py' || isUnknown(extname(file))))

/** Readable when named with `-c`, though never searched for. */
const alsoReadable: readonly string[] = ['.cts']

/** Surely not Python, and nothing that is read here. */
const unreadable: readonly string[] = ['.toml', '.ini', '.json5', '.jsonc', '.tsx', '.jsx', '.xml', '.env']

const isUnknown = (extension: string): boolean =>
  ![...extensions, ...alsoReadable, ...unreadable].includes(extension)

export interface Found {
  /** Absolute; absent when there is no configuration file. */
  readonly file?: string
  /** In the place of `file`: a Python module, as `pkg.conf`. */
  readonly module?: string
  readonly warnings: readonly string[]
}

/**
 * The file to read: the one that was asked for (`PATH` or `file:PATH`, relative to `directory`, or `python:MODULE`), or
 * the first `gunicorn.conf.*` of `directory`. Throws TSG_CONFIG_NOT_FOUND.
 */
export function findConfig(directory: string, asked?: string): Found {
  if (asked === undefined) return search(directory)
  if (!asked.startsWith(pythonPrefix)) return named(directory, asked)
  const module = asked.slice(pythonPrefix.length).trim()
  if (module !== '') return { module, warnings: [] }
  throw new ServerError(
    'TSG_CONFIG_NOT_FOUND',
    `-c ${asked} names no module. Use python:MODULE, as python:my.conf.`,
  )
}

const pythonPrefix = 'python:'

function named(directory: string, asked: string): Found {
  const file = resolve(directory, asked.startsWith('file:') ? asked.slice('file:'.length) : asked)
  mustBeFile(file)
  const extension = extname(file)
  if ([...extensions, ...alsoReadable].includes(extension)) return { file, warnings: [] }
  if (isUnknown(extension)) return { file, warnings: [`${nameOf(file, directory)}: ${asPython}`] }
  throw new ServerError(
    'TSG_CONFIG_NOT_FOUND',
    `${file}: a configuration file cannot end in '${extension}'. It ends in one of ${extensions.join(' ')}.`,
  )
}

const asPython = "a configuration file's name should have an extension; this one is read as Python."

function mustBeFile(file: string): void {
  try {
    if (statSync(file).isFile()) return
  } catch (cause) {
    const what = hasCode(cause, 'ENOENT', 'ENOTDIR') ? 'does not exist' : messageOf(cause)
    throw new ServerError('TSG_CONFIG_NOT_FOUND', `The configuration file ${file} ${what}. Check -c.`, {
      cause,
    })
  }
  throw new ServerError('TSG_CONFIG_NOT_FOUND', `The configuration file ${file} is not a file. Check -c.`)
}

function search(directory: string): Found {
  const entries = new Set(list(directory))
  const present = extensions.map((extension) => baseName + extension).filter((name) => entries.has(name))
  const [first, ...others] = present
  if (first === undefined) return { warnings: [] }
  const file = resolve(directory, first)
  mustBeFile(file)
  return { file, warnings: others.length === 0 ? [] : [ambiguous(directory, first, others)] }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (cause) {
    // A directory one may enter but not list (mode 0711), or one that has been removed, is no reason not to start or
    // reload: it has nothing to find.
    if (hasCode(cause, 'EACCES', 'EPERM', 'ENOENT')) return []
    throw new ServerError('TSG_CHDIR', `${directory} cannot be read: ${messageOf(cause)}.`, { cause })
  }
}

const ambiguous = (directory: string, used: string, others: readonly string[]): string =>
  `${directory} has more than one configuration file: ${used} is used, ${others.join(', ')} ${
    others.length === 1 ? 'is' : 'are'
  } not. Remove what is not meant, or name one with -c.`

/** The name to use of a file in messages: relative to the working directory when it is directly in it. */
export const nameOf = (file: string, directory: string): string =>
  resolve(directory, basename(file)) === file ? basename(file) : file
