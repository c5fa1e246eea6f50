/**
 * From what a configuration file exports to the settings it gives: an object, a function of the environment, or
 * exports that are named as settings are.
 *
 * It judges no value; names only as far as to tell a helper from a setting.
 */

import { ServerError } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'
import type { ConfigContext } from './define-config.ts'

/** What a file gives. Names in `object` all have to be settings; `named` exports may include helpers. */
export interface Exported {
  readonly object: Readonly<Record<string, unknown>>
  readonly named: Readonly<Record<string, unknown>>
}

/**
 * Reads the exports of `file`. An ES module may have a default export, named exports, or both, as long as no setting
 * is given twice; `module.exports` is taken as a default export is. Functions are called and promises awaited;
 * whatever they throw is passed on. Throws TSG_CONFIG_SHAPE.
 */
export async function settingsOf(
  exports: unknown,
  style: 'esm' | 'cjs' | 'none',
  context: ConfigContext,
  file: string,
): Promise<Exported> {
  const space = isRecord(exports) ? exports : {}
  if (style !== 'esm' && !isTranspiled(space)) {
    return { object: await objectOf(commonJsValue(exports, space), context, file), named: {} }
  }
  const { default: main, ...named } = space
  const object = 'default' in space ? await objectOf(main, context, file) : {}
  refuseTwice(object, named, file)
  return { object, named }
}

const isTranspiled = (space: Readonly<Record<string, unknown>>): boolean => space['__esModule'] === true

/** A CommonJS file in a bundle of the ES format is its default export. */
const commonJsValue = (exports: unknown, space: Readonly<Record<string, unknown>>): unknown =>
  Object.prototype.toString.call(exports) === '[object Module]' && 'default' in space
    ? space['default']
    : exports

async function objectOf(
  value: unknown,
  context: ConfigContext,
  file: string,
): Promise<Readonly<Record<string, unknown>>> {
  const given: unknown = await (typeof value === 'function' ? value(context) : value)
  if (isRecord(given) && !Array.isArray(given)) return { ...given }
  const from = typeof value === 'function' ? "the default export's function returns" : 'the default export is'
  throw new ServerError('TSG_CONFIG_SHAPE', `${file}: ${from} ${kindOf(given)}. ${whatToExport}`)
}

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'a list'
  return value === null || value === undefined ? String(value) : `a ${typeof value}`
}

const whatToExport =
  "Export an object of settings ('export default { workers: 4 }'), a function that returns one, or settings by name ('export const workers = 4')."

function refuseTwice(object: object, named: object, file: string): void {
  const twice = Object.keys(named).filter((name) => name in object)
  if (twice.length === 0) return
  throw new ServerError(
    'TSG_CONFIG_SHAPE',
    `${file}: ${twice.join(', ')} stands in the default export and as a named export. Remove one of the two.`,
  )
}

/** A file of statements that export nothing was surely meant to export something; comments alone are an empty file. */
export function refuseNothing(source: string, file: string): void {
  const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').replace(/^#!.*/, '')
  if (/^\s*(?:['"]use strict['"];?\s*)?$/.test(code)) return
  throw new ServerError('TSG_CONFIG_SHAPE', `${file} exports no settings. ${whatToExport}`)
}
