/** What `--help`, `--help=all`, `--help=SETTING` and `--version` print: the table of settings, laid out. */

import type { Setting } from '../config/setting.ts'
import { type Section, sections, settings } from '../config/settings/index.ts'
import type { SettingsTable } from '../config/validate.ts'
import { shown } from '../config/words.ts'
import { version } from '../version.ts'
import { valueText } from './flags.ts'

const usage = `Usage: tsgunicorn [OPTIONS] [APP_MODULE] [-- ARGUMENTS OF THE APP]
       tsgunicorn init [--force]

APP_MODULE is a module and, after a colon, what it exports: ./server.js, ./app.ts:app
`

const own = [
  ['-h, --help [all|SETTING]', 'Show this, every flag, or all there is to say of one setting.'],
  ['-v, --version', 'Show the version.'],
] as const

/** As `tsgunicorn (version 0.1.0)`. */
export const versionText = (): string => `tsgunicorn (version ${version})\n`

/** The usual flags. */
export const shortHelp = (table: SettingsTable = settings): string =>
  [
    usage,
    'Options:',
    ...rows([...own, ...flagRows(Object.values(table).filter(({ common }) => common === true))]),
    '',
    "'tsgunicorn --help=all' shows every flag, 'tsgunicorn --help=SETTING' explains one.",
    '',
  ].join('\n')

/** Every flag, section by section, and the settings that only a configuration file can give. */
export function fullHelp(table: SettingsTable = settings, parts: readonly Section[] = sections): string {
  const blocks = parts.map(({ title, names }) => {
    const found = names.flatMap((name) => {
      const setting = table[name]
      return setting === undefined ? [] : [[name, setting] as const]
    })
    return [`${title}:`, ...rows(found.map(([name, setting]) => rowOf(setting, name))), ''].join('\n')
  })
  return [usage, 'Options:', ...rows(own), '', ...blocks].join('\n')
}

/** All there is to say of one setting of the table. */
export function settingHelp(name: string, table: SettingsTable = settings): string {
  const setting = table[name]
  if (setting === undefined) return ''
  const flags = (setting.cli ?? []).map((flag) => flag + valueText(setting)).join(', ')
  const facts = [
    ['Flag', flags === '' ? 'none, only in the configuration file' : flags],
    ['Variable', setting.env],
    ['Type', setting.accepts ?? setting.type],
    ['Default', setting.defaultText ?? shown(setting.default)],
    ['Comes with', setting.later],
    ['Unlike Gunicorn', setting.gunicorn === false ? undefined : setting.gunicorn?.differs],
  ].flatMap(([label, text]) => (text === undefined ? [] : [`  ${`${label}:`.padEnd(18)}${text}`]))
  return [`${name}: ${setting.summary}`, '', ...facts, '', setting.details ?? '', ''].join('\n')
}

type Row = readonly [left: string, right: string]

const flagRows = (list: readonly Setting[]): readonly Row[] =>
  list.filter(({ cli }) => cli !== undefined).map((setting) => rowOf(setting, ''))

function rowOf(setting: Setting, name: string): Row {
  const flags = setting.cli?.join(', ')
  return [flags === undefined ? `(${name})` : flags + valueText(setting), setting.summary]
}

const column = 34

/** A left part that is too long stands on a line of its own. */
const rows = (list: readonly Row[]): readonly string[] =>
  list.map(([left, right]) =>
    left.length < column - 2
      ? `  ${left.padEnd(column - 2)}${right}`
      : `  ${left}\n${' '.repeat(column)}${right}`,
  )
