/**
 * What a gunicorn.conf.py says, as a gunicorn.conf.ts. Values are those that Python computed; hooks cannot be
 * translated, and stay behind as comments.
 */
import type { Found } from '../config/find.ts'
import { isMasterHook, isWorkerHook } from '../config/hook-names.ts'
import { openPythonFile } from '../config/python-file.ts'
import { isLiteral, statementOf } from '../config/python-source.ts'
import { settings } from '../config/settings/index.ts'
import type { SettingsTable } from '../config/validate.ts'
import type { Inherited } from '../python/inherited.ts'
import type { PythonConfig } from '../python/load-config.ts'
import { type Entry, literal, octal, render } from './text.ts'
import type { Translation } from './translation.ts'

const table: SettingsTable = settings

/** Rejects with TSG_PYTHON and TSG_CONFIG_*. */
export async function fromGunicorn(found: Found, { from, directory, env }: Translation): Promise<string> {
  const { config, judged } = await openPythonFile(found, { table, directory, env, python: undefined })
  const inherited = config.inherited(0)
  config.close()
  const given = Object.entries(judged.values).filter(
    ([, value]) => typeof value !== 'function' && value !== undefined,
  )
  const hooks = config.hooks.filter((name) => isMasterHook(name) || isWorkerHook(name))
  return render(
    `Written from ${from}. What that file computes has the value that it had here; the comment shows how.`,
    [
      ...given.map(([name, value]) => settingEntry(name, value, config)),
      ...aroundEntries(inherited),
      ...judged.issues.map(({ text }) => ({ comment: `TODO: ${text}` })),
      ...hooks.map((name) => hookEntry(name, config)),
    ],
  )
}

const settingEntry = (name: string, value: unknown, { source }: PythonConfig): Entry => {
  const { later, inert, kind } = table[name] ?? {}
  const written = kind === 'octal' ? octal(Number(value)) : literal(value)
  const line = `${name}: ${written},`
  if (later !== undefined && value !== false) return { comment: `TODO: it comes with ${later}.\n${line}` }
  if (inert && name === 'logger_class') return { comment: `It has no meaning here.\n${line}` }
  const statement = statementOf(source, name)
  const set = { set: name, value, code: written }
  if (statement === undefined) return { ...set, note: 'Computed.' }
  return isLiteral(statement) ? set : { ...set, note: `Computed: ${dedented(statement)}` }
}

/** What the file did to its own process, which workers of Gunicorn are forked from. */
const aroundEntries = ({ env, first, last }: Inherited): readonly Entry[] => {
  const set = Object.entries(env).flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]))
  const folders = [...first, ...last]
  return [
    ...(set.length === 0
      ? []
      : [{ comment: `TODO: it sets these in its environment:\nraw_env: ${literal(set)},` }]),
    ...(folders.length === 0
      ? []
      : [{ comment: `TODO: it adds to sys.path:\npythonpath: ${literal(folders.join(','))},` }]),
  ]
}

const hookEntry = (name: string, { source }: PythonConfig): Entry => {
  const statement = statementOf(source, name)
  const process = isMasterHook(name)
    ? 'in the master'
    : 'in the workers; with a Python application it has to stay in a gunicorn.conf.py'
  const lines = statement === undefined ? '' : dedented(statement)
  return { comment: `TODO: the hook ${name} (${process}):\n${lines}`.trimEnd() }
}

const dedented = (lines: readonly string[]): string => {
  const margin = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/u)))
  return lines.map((line) => line.slice(margin)).join('\n')
}
