/**
 * The words for applications that do not load. Stacks are cut below the user's last frame: what Node, the compiler
 * and this server did to get there helps nobody who reads a boot error.
 */

import { fileURLToPath } from 'node:url'
import { messageOf, ServerError } from '../errors.ts'
import { exportNames, lookup, type Namespace } from './namespace.ts'
import { nearest } from './not-found.ts'
import { readIfPresent } from './package-scope.ts'
import { looksLike } from './recognise.ts'

/** Where this server's own code stands, put together or not. */
const here =
  /^.*[/\\](?:dist|src)[/\\]/u.exec(fileURLToPath(import.meta.url))?.[0] ?? fileURLToPath(import.meta.url)
const frame = /^\s+at /u
const foreign = /\(?node:|[/\\]node_modules[/\\](?:tsx|esbuild)[/\\]/u
const compilerPlace = /^(?<file>.+?):(?<line>\d+):(?<column>\d+): ERROR: /mu

/** The application's own error, with its stack; a `ServerError` comes back as it is. `doing`: as "'app.js' threw". */
export const threw = async (doing: string, thrown: unknown, entry: string): Promise<ServerError> => {
  if (thrown instanceof ServerError) return thrown
  const detail = [await codeFrame(thrown, entry), userStack(thrown)]
    .filter((part) => part !== undefined)
    .join('\n')
  const message = `${doing} while it was loaded: ${firstLine(thrown)}`
  return new ServerError('TSG_APP_THREW', message, { cause: thrown, detail })
}

/** A stack without the frames that are not the user's, below the last that is. */
export const userStack = (thrown: unknown): string | undefined => {
  if (!(thrown instanceof Error) || thrown.stack === undefined) return undefined
  const lines = thrown.stack.split('\n')
  const last = lines.findLastIndex((line) => !isOurs(line))
  return lines.slice(0, last + 1).join('\n')
}

const isOurs = (line: string): boolean => frame.test(line) && (foreign.test(line) || line.includes(here))

const firstLine = (thrown: unknown): string => {
  const words = messageOf(thrown)
  const place = compilerPlace.exec(words)
  return (place === null ? words : words.slice(place.index)).split('\n')[0] ?? ''
}

/** The line in question, where Node and the compiler do not already show it. */
const codeFrame = async (thrown: unknown, entry: string): Promise<string | undefined> => {
  const place = compilerPlace.exec(messageOf(thrown))?.groups
  if (place !== undefined) return frameAt(place['file'] ?? '', Number(place['line']), Number(place['column']))
  if (!(thrown instanceof SyntaxError) || !/^SyntaxError/u.test(thrown.stack ?? '')) return undefined
  return compiledFrame(entry)
}

const frameAt = (file: string, line: number, column: number): string | undefined => {
  const text = readIfPresent(file)?.split('\n')[line - 1]
  return text === undefined ? undefined : `${file}:${line}\n${text}\n${' '.repeat(column)}^\n`
}

/** Node keeps the place of an ES module's syntax error to itself, so the compiler is asked. */
const compiledFrame = async (entry: string): Promise<string | undefined> => {
  const { stop, transform } = await import('esbuild')
  try {
    await transform(readIfPresent(entry) ?? '', { sourcefile: entry, logLevel: 'silent' })
    return undefined
  } catch (error) {
    const place = compilerPlace.exec(messageOf(error))?.groups
    return place && frameAt(entry, Number(place['line']), Number(place['column']))
  } finally {
    await stop()
  }
}

/** The module has no such export. */
export const attributeMissing = (module: string, name: string, namespace: Namespace): ServerError => {
  const near = nearest(name, exportNames(namespace))
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`
  return new ServerError('TSG_APP_ATTRIBUTE', `'${module}' exports no '${name}'.${hint}`, {
    detail: exportList(namespace),
  })
}

/** What the spec names, or everything the module exports, is no application. `what`: as "'app' of 'x.js'". */
export const nothingFits = (what: string, namespace: Namespace, looks?: string): ServerError =>
  new ServerError(
    'TSG_APP_SHAPE',
    `${what} is not an application${looks === undefined ? '' : ` but ${looks}`}. Export a handler, a framework's app, ` +
      'an object with fetch, or a factory; or say which it is with app_type.',
    { detail: exportList(namespace) },
  )

const exportList = (namespace: Namespace): string => {
  const names = exportNames(namespace)
  if (names.length === 0) return 'The module exports nothing.'
  const width = Math.max(...names.map((name) => name.length))
  const lines = names.map((name) => `  ${name.padEnd(width)}  ${looksLike(lookup(namespace, [name]).value)}`)
  return `The module exports:\n${lines.join('\n')}`
}
