/**
 * `tsgunicorn init --from gunicorn.conf.py`: what a Python configuration says, as the text of a gunicorn.conf.ts.
 * Values are those that Python computed; hooks cannot be translated, and stay behind as comments.
 */
import { findConfig, isPython } from '../config/find.ts'
import { isMasterHook, isWorkerHook } from '../config/hook-names.ts'
import { openPythonFile } from '../config/python-file.ts'
import { isLiteral, statementOf } from '../config/python-source.ts'
import type { Setting } from '../config/setting.ts'
import { settings } from '../config/settings/index.ts'
import type { Environment } from '../config/sources.ts'
import { ServerError } from '../errors.ts'
import type { Inherited } from '../python/inherited.ts'
import type { PythonConfig } from '../python/load-config.ts'

export interface Translation {
  /** As `-c` takes it; a Python file or module. */
  readonly from: string
  /** Absolute: where relative paths start, and what the file is run in. */
  readonly directory: string
  readonly env: Environment
}

const table: Readonly<Record<string, Setting>> = settings

/** The text of gunicorn.conf.ts. Rejects with TSG_USAGE (not Python), TSG_PYTHON and TSG_CONFIG_*. */
export async function translate({ from, directory, env }: Translation): Promise<string> {
  const found = findConfig(directory, from)
  if (!isPython(found))
    throw new ServerError('TSG_USAGE', `init: --from takes a Python file, and ${from} is none.`)
  const { config, judged } = await openPythonFile(found, { table, directory, env, python: undefined })
  const inherited = config.inherited(0)
  config.close()
  const given = Object.entries(judged.values).filter(
    ([, value]) => typeof value !== 'function' && value !== undefined,
  )
  const hooks = config.hooks.filter((name) => isMasterHook(name) || isWorkerHook(name))
  return render(from, [
    ...given.map(([name, value]) => settingText(name, value, config)),
    ...aroundText(inherited),
    ...judged.issues.map(({ text }) => comment(`TODO: ${text}`)),
    ...hooks.map((name) => hookText(name, config)),
  ])
}

const render = (from: string, entries: readonly string[]): string =>
  `/// <reference path="./.tsgunicorn/config.d.ts" />
import { defineConfig } from 'tsgunicorn'

// Written from ${from}. What that file computes has the value that it had here; the comment shows how.
export default defineConfig({
${entries.map((entry) => entry.replaceAll(/^(?=.)/gmu, '  ')).join('\n')}
})
`

const settingText = (name: string, value: unknown, { source }: PythonConfig): string => {
  const { later, inert, kind } = table[name] ?? {}
  const written = kind === 'octal' ? `0o${Number(value).toString(8)}` : literal(value)
  const line = `${name}: ${written},`
  if (later !== undefined && value !== false) return comment(`TODO: it comes with ${later}.\n${line}`)
  if (inert && name === 'logger_class') return comment(`It has no meaning here.\n${line}`)
  const statement = statementOf(source, name)
  if (statement === undefined) return `${comment('Computed.')}\n${line}`
  return isLiteral(statement) ? line : `${comment(`Computed: ${dedented(statement)}`)}\n${line}`
}

/** What the file did to its own process, which workers of Gunicorn are forked from. */
const aroundText = ({ env, first, last }: Inherited): readonly string[] => {
  const set = Object.entries(env).flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]))
  const folders = [...first, ...last]
  return [
    ...(set.length === 0
      ? []
      : [comment(`TODO: it sets these in its environment:\nraw_env: ${literal(set)},`)]),
    ...(folders.length === 0
      ? []
      : [comment(`TODO: it adds to sys.path:\npythonpath: ${literal(folders.join(','))},`)]),
  ]
}

const hookText = (name: string, { source }: PythonConfig): string => {
  const statement = statementOf(source, name)
  const process = isMasterHook(name)
    ? 'in the master'
    : 'in the workers; with a Python application it has to stay in a gunicorn.conf.py'
  return comment(
    `TODO: the hook ${name} (${process}):\n${statement === undefined ? '' : dedented(statement)}`.trimEnd(),
  )
}

const dedented = (lines: readonly string[]): string => {
  const margin = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/u)))
  return lines.map((line) => line.slice(margin)).join('\n')
}

const comment = (text: string): string => text.replaceAll(/^/gmu, '// ').replaceAll(/[ \t]+$/gmu, '')

/** Plain data as TypeScript writes it, on several lines when it is long. */
const literal = (value: unknown): string => {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return enclosed('[', '', value.map(literal), ']')
  const entries = Object.entries(value).map(([name, one]) => `${keyText(name)}: ${literal(one)}`)
  return entries.length === 0 ? '{}' : enclosed('{', ' ', entries, '}')
}

const longest = 80

const enclosed = (open: string, space: string, items: readonly string[], close: string): string => {
  const line = `${open}${space}${items.join(', ')}${space}${close}`
  if (line.length <= longest && !line.includes('\n')) return line
  return `${open}\n${items.map((item) => `${item},\n`.replaceAll(/^(?=.)/gmu, '  ')).join('')}${close}`
}

const keyText = (name: string): string => (/^[A-Za-z_$][\w$]*$/u.test(name) ? name : quoted(name))

const quoted = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
