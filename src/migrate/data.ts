/** Data in JSON or YAML, and what code exports: what a configuration of another server is, before it is looked into. */
import { extname } from 'node:path'
import { runInNewContext } from 'node:vm'
import { evaluated, parseText } from '../config/read.ts'
import { isRecord } from '../util/is-record.ts'

/** What the file says, whatever its shape. Rejects with TSG_CONFIG_SYNTAX. */
export async function parseData(file: string, source: string): Promise<unknown> {
  if (extname(file) !== '.json') return parseText('.yaml', file, source)
  try {
    return JSON.parse(source)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const loose = looseJson(source)
    return loose === undefined ? parseText('.json', file, source) : loose
  }
}

/** pm2 takes JSON for an expression of JavaScript: comments, single quotes and commas at the end are allowed in it. */
const looseJson = (source: string): unknown => {
  try {
    return runInNewContext(`(${source}\n)`, {}, { timeout: 1000 })
  } catch (error) {
    // JSON's own words are the better ones: the caller asks for them.
    if (error instanceof Error || isRecord(error)) return undefined
    throw error
  }
}

/** The value that a file of code exports, of whatever module format it is. Rejects with TSG_CONFIG_*. */
export async function exportedBy(file: string): Promise<unknown> {
  const { exports } = await evaluated(file)
  const isModule =
    isRecord(exports) && (exports['__esModule'] === true || tagOf(exports) === '[object Module]')
  return isModule && 'default' in exports ? exports['default'] : exports
}

const tagOf = (value: unknown): string => Object.prototype.toString.call(value)
