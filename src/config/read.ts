/**
 * Reading one configuration file, whatever its kind, to what it gives and which files it is made of.
 *
 * Code is bundled and evaluated by bundle.ts and evaluate.ts; JSON and YAML are parsed by cosmiconfig's own loaders,
 * which show the place of a mistake. Whether names and values are right is not judged here.
 */

import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { messageOf, ServerError } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'
import { type Bundle, bundleConfig, type ConfigModule } from './bundle.ts'
import type { ConfigContext } from './define-config.ts'
import { configThrew, evaluateModule, needsImport } from './evaluate.ts'
import { type Exported, refuseNothing, settingsOf } from './shape.ts'
import { frameAt } from './words.ts'

export interface ConfigFile extends Exported {
  readonly file: string
  /** The text of the file, for the lines of messages. */
  readonly source: string
  /** Every local file it is made of, itself first, absolute. */
  readonly files: readonly string[]
  /** The code, when it is code. */
  readonly module?: ConfigModule
  readonly style?: Bundle['style']
}

/**
 * Reads `file` (absolute) from the disk, always anew. Throws TSG_CONFIG_NOT_FOUND, TSG_CONFIG_SYNTAX,
 * TSG_CONFIG_THREW and TSG_CONFIG_SHAPE.
 */
export async function readConfigFile(file: string, context: ConfigContext): Promise<ConfigFile> {
  const source = await textOf(file)
  const parser = parsers[extname(file)]
  return parser === undefined
    ? { file, source, ...(await readCode(file, source, context)) }
    : { file, source, files: [file], object: await parser(file, source), named: {} }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ServerError(
      'TSG_CONFIG_NOT_FOUND',
      `The configuration file ${file} cannot be read: ${messageOf(cause)}.`,
      { cause },
    )
  }
}

type Parser = (file: string, source: string) => Promise<Readonly<Record<string, unknown>>>

const parsers: Readonly<Record<string, Parser>> = {
  '.json': (file, source) => parse('.json', file, source),
  '.yaml': (file, source) => parse('.yaml', file, source),
  '.yml': (file, source) => parse('.yaml', file, source),
}

/** What JSON or YAML says, whatever its shape; undefined for an empty file. Rejects with TSG_CONFIG_SYNTAX. */
export async function parseText(kind: '.json' | '.yaml', file: string, source: string): Promise<unknown> {
  const { defaultLoaders } = await import('cosmiconfig')
  return parsedBy(defaultLoaders[kind], file, source)
}

const parse = async (kind: '.json' | '.yaml', file: string, source: string) => {
  const value = await parseText(kind, file, source)
  // An empty file, or one of comments alone.
  if (value === undefined || value === null) return {}
  if (isRecord(value) && !Array.isArray(value)) return value
  throw new ServerError('TSG_CONFIG_SHAPE', `${file}: it is not a mapping of settings to values.`)
}

function parsedBy(loader: (file: string, source: string) => unknown, file: string, source: string): unknown {
  if (source.trim() === '') return undefined
  try {
    return loader(file, source)
  } catch (cause) {
    // cosmiconfig's first line names the file, which is named below; its blocks are words and code frames, in colours
    // wherever the variable CI is set.
    const blocks = stripVTControlCharacters(messageOf(cause))
      .replace(/^\w+ Error in .*:\s*\n/, '')
      .split(/\n\s*\n/)
      .filter((block) => block.trim() !== '')
    const words = blocks.find((block) => !isFrame(block))?.trim() ?? 'it is not what its extension says'
    throw new ServerError('TSG_CONFIG_SYNTAX', `${file}: the file cannot be parsed: ${words}.`, {
      cause,
      detail: blocks.find(isFrame)?.replace(/^\n+|\s+$/g, '') ?? frameOfPosition(words, source),
    })
  }
}

/** cosmiconfig draws no frame for the messages of newer V8s, but they tell the position. */
function frameOfPosition(words: string, source: string): string {
  const position = /at position (\d+)/.exec(words)?.[1]
  return position === undefined ? '' : frameAt(source, Number(position))
}

const isFrame = (block: string): boolean => /^[\s>]*\d+ \| /m.test(block)

async function readCode(file: string, source: string, context: ConfigContext) {
  const { bundle, exports } = await evaluated(file)
  if (isEmpty(exports) && bundle.style !== 'cjs') refuseNothing(source, file)
  const { module, files } = bundle
  return { module, style: bundle.style, files, ...(await callConfig(exports, bundle.style, context, file)) }
}

const isEmpty = (exports: unknown): boolean => isRecord(exports) && Object.keys(exports).length === 0

/** What a file of code exports, run anew. Rejects with TSG_CONFIG_SYNTAX and TSG_CONFIG_THREW. */
export async function evaluated(file: string): Promise<{ bundle: Bundle; exports: unknown }> {
  const bundle = await bundleConfig(file)
  try {
    return { bundle, exports: await evaluateModule(bundle.module) }
  } catch (thrown) {
    if (bundle.module.format === 'esm' || !needsImport(thrown)) throw configThrew(file, thrown)
  }
  // A package that can only be imported: whatever ran before it was met runs again.
  const second = await bundleConfig(file, 'esm')
  try {
    return { bundle: second, exports: await evaluateModule(second.module) }
  } catch (thrown) {
    throw configThrew(file, thrown)
  }
}

/** The settings of exports; errors of a configuration function are the file's. */
async function callConfig(
  exports: unknown,
  style: Bundle['style'],
  context: ConfigContext,
  file: string,
): Promise<Exported> {
  try {
    return await settingsOf(exports, style, context, file)
  } catch (thrown) {
    throw configThrew(file, thrown)
  }
}
