/**
 * Stacks of the configuration file's code, told in lines of its source.
 *
 * The code that runs is a bundle. `process.setSourceMapsEnabled` would map it too, but for every error of the whole
 * process from then on, the application's included; so the few stacks that matter are mapped here, when they are
 * printed.
 */

import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isRecord } from '../util/is-record.ts'

interface Generated {
  /** The name under which the code was compiled: a path. */
  readonly name: string
  /** The configuration file; sources in the map are relative to its directory. */
  readonly file: string
  /** Source map, version 3, as JSON. */
  readonly map: string
}

/** One entry for each configuration file: loading it again replaces its map, so that nothing grows. */
const latest = new Map<string, Generated>()

/** Says that code compiled as `name` came from `file` by `map`. */
export function rememberMap(generated: Generated): void {
  latest.set(generated.file, generated)
}

/** The stack of anything thrown by the configuration file's code, in lines of the source, without our own frames. */
export function sourceStack(thrown: unknown): string {
  if (!(thrown instanceof Error) || thrown.stack === undefined) return String(thrown)
  let stack = thrown.stack
  for (const generated of latest.values()) {
    if (stack.includes(generated.name)) stack = mapStack(stack, generated)
  }
  return stack
}

/** Where in the source it was thrown, as `/srv/gunicorn.conf.ts:4:48`; undefined when that is not known. */
export const sourcePlace = (thrown: unknown, file: string): string | undefined => {
  const found = /\(?((?:\/|[A-Za-z]:\\)[^\s()]*:\d+:\d+)\)?$/m.exec(sourceStack(thrown))?.[1]
  return found !== undefined && latest.has(file) ? found : undefined
}

function mapStack(stack: string, { name, file, map }: Generated): string {
  const parsed: unknown = JSON.parse(map)
  if (!isPayload(parsed)) return stack
  const sources = new SourceMap(parsed)
  const place = new RegExp(`(?:file://)?${escaped(name)}:(\\d+):(\\d+)`, 'g')
  const original = (whole: string, line: string, column: string): string => {
    const entry = sources.findEntry(Number(line) - 1, Number(column) - 1)
    if (!('originalSource' in entry)) return whole
    return `${sourcePath(entry.originalSource, file)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  }
  const lines = stack.split('\n')
  const last = lines.findLastIndex((line) => line.includes(name))
  // What is below the file's own frames is this server's evaluation of it: no news to its author.
  return lines
    .slice(0, last + 1)
    .map((line) => line.replace(place, original))
    .join('\n')
}

const sourcePath = (source: string, file: string): string =>
  source.startsWith('file:') ? fileURLToPath(source) : resolve(dirname(file), source)

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

function isPayload(value: unknown): value is ConstructorParameters<typeof SourceMap>[0] {
  return isRecord(value) && typeof value['mappings'] === 'string' && Array.isArray(value['sources'])
}

/** The same error, its stack in the user's own lines: for whatever a configuration's function throws. */
export function inSource(thrown: unknown): unknown {
  if (thrown instanceof Error) thrown.stack = sourceStack(thrown)
  return thrown
}
