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

/**
 * Where in the source of `file` it was thrown, as `/srv/gunicorn.conf.ts:4:48`: the innermost line of its own, even
 * when a package or Node threw. Undefined when that is not known.
 */
export function sourcePlace(thrown: unknown, file: string): string | undefined {
  const generated = latest.get(file)
  if (generated === undefined || !(thrown instanceof Error)) return undefined
  const frame = thrown.stack?.split('\n').find((line) => isFrameOf(line, generated))
  if (frame === undefined) return undefined
  return /((?:\/|[A-Za-z]:\\)[^()]*:\d+:\d+)\)?$/.exec(mapper(generated)(frame))?.[1]
}

/** A frame, not a line of the message that happens to name the file (as Node's "Require stack" does). */
const isFrameOf = (line: string, { name }: Generated): boolean =>
  /^\s+at /.test(line) && line.includes(`${name}:`)

function mapStack(stack: string, generated: Generated): string {
  const lines = stack.split('\n')
  const last = lines.findLastIndex((line) => line.includes(generated.name))
  // What is below the file's own frames is this server's evaluation of it, and Node's own frames lead nowhere: no
  // news to its author.
  return lines
    .slice(0, last + 1)
    .filter((line) => !/^\s+at .*\bnode:internal\//.test(line))
    .map(mapper(generated))
    .join('\n')
}

/** Puts the places of the source into a line that has places of the generated code. */
function mapper({ name, file, map }: Generated): (line: string) => string {
  const parsed: unknown = JSON.parse(map)
  if (!isPayload(parsed)) return (line) => line
  const sources = new SourceMap(parsed)
  const place = new RegExp(`(?:file://)?${escaped(name)}:(\\d+):(\\d+)`, 'g')
  const original = (whole: string, row: string, column: string): string => {
    const entry = sources.findEntry(Number(row) - 1, Number(column) - 1)
    if (!('originalSource' in entry)) return whole
    return `${sourcePath(entry.originalSource, file)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  }
  return (line) => line.replace(place, original).replaceAll(name, file)
}

/** Words of an error in which the code's temporary name, if it had one, is the configuration file's. */
export const sourceWords = (text: string, file: string): string =>
  text.replaceAll(latest.get(file)?.name ?? file, file)

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
