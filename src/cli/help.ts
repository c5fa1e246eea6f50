/**
 * The help text, from the declarations: grouped by the sections of the manual. It knows the settings and the few
 * things that are no settings (commands, `--help`, `--version`), and prints nothing itself.
 */
import type { Setting } from '../config/setting.ts'
import { defaultWords, flagWords, laterWords } from '../config/setting-words.ts'
import { type SettingName, sections, settings } from '../config/settings/index.ts'
import { recipeNames } from '../recipes/index.ts'

export type HelpExtent = 'short' | 'all'

interface Row {
  readonly left: string
  readonly right: string
}

const width = 96
const indent = 2
const column = 34

const commands: readonly Row[] = [
  { left: 'init', right: 'Write gunicorn.conf.ts, and the types that editors complete it with.' },
  {
    left: 'init --from FILE',
    right: 'The same, from a file of Gunicorn, pm2, uWSGI or Unit; --app and --env choose in it.',
  },
  {
    left: 'init RECIPE [APP]',
    right: `Write the files that run it under or behind ${recipeNames.join(', ')}.`,
  },
]

const general: readonly Row[] = [
  {
    left: '-h, --help[=all|SETTING]',
    right: 'Show the settings that matter most, every one, or all there is to say of one.',
  },
  { left: '-v, --version', right: 'Show the version.' },
]

/** The whole text, lines of at most 96 columns, ending in a line end. `short` has the settings marked common. */
export const renderHelp = (program: string, extent: HelpExtent): string => {
  const blocks = [
    `Usage: ${program} [OPTIONS] [MODULE[:NAME]] [-- ARGUMENTS OF THE APP]\n       ${program} COMMAND`,
    'Serves the application that MODULE holds, with as many worker processes as are asked for.',
    block('Commands', commands),
    block('General', general),
    ...sections.map(({ title, names }) => block(title, names.flatMap(rowOf(extent)))),
    closing(program, extent),
  ]
  return `${blocks.filter((text) => text !== '').join('\n\n')}\n`
}

/** All there is to say of one setting, ending in a line end. */
export const settingHelp = (name: SettingName): string => {
  const setting: Setting = settings[name]
  const facts: readonly Row[] = [
    { left: 'Flag', right: flagWords(setting) || 'none: it stands in a configuration file' },
    ...(setting.env === undefined ? [] : [{ left: 'Variable', right: setting.env }]),
    { left: 'Type', right: setting.accepts ?? setting.type },
    { left: 'Default', right: defaultWords(setting) },
    ...(setting.gunicorn ? [{ left: 'Unlike Gunicorn', right: setting.gunicorn.differs ?? '' }] : []),
  ]
  const table = facts.map(({ left, right }) => `  ${`${left}:`.padEnd(18)}${right}`).join('\n')
  const blocks = [`${name}: ${setting.summary}`, laterWords(setting), table, setting.details]
  return `${blocks.filter((text) => text !== undefined).join('\n\n')}\n`
}

/** The flags with the place of their value, short ones aligned: `-b, --bind ADDRESS`, `    --backlog INT`. */
const usageOf = (setting: Setting): string => {
  const flags = setting.cli ?? []
  const names = flags.join(', ')
  const aligned = flags[0]?.startsWith('--') ? `    ${names}` : names
  const metavar = setting.metavar ?? 'VALUE'
  const places = { switch: '', value: ` ${metavar}`, append: ` ${metavar}`, optional: `[=${metavar}]` }
  return aligned + places[setting.flag]
}

const rowOf =
  (extent: HelpExtent) =>
  (name: SettingName): readonly Row[] => {
    const setting: Setting = settings[name]
    if (setting.cli === undefined || (extent === 'short' && setting.common !== true)) return []
    return [{ left: usageOf(setting), right: `${setting.summary}${remark(setting)}` }]
  }

/** What stands after the summary: that the setting has to wait, or its default when that says something. */
const remark = (setting: Setting): string => {
  if (setting.later !== undefined) return ` (comes with ${setting.later})`
  const { default: value, defaultText } = setting
  if (defaultText !== undefined) return ` [${defaultText}]`
  const silent = value === undefined || typeof value === 'boolean' || value === '' || String(value) === ''
  return silent || String(value).length > 30 ? '' : ` [${String(value)}]`
}

const block = (title: string, rows: readonly Row[]): string =>
  rows.length === 0 ? '' : [`${title}:`, ...rows.flatMap(linesOf)].join('\n')

const linesOf = ({ left, right }: Row): readonly string[] => {
  const [first = '', ...rest] = wrap(right, width - column)
  const label = `${' '.repeat(indent)}${left}`
  const fits = label.length <= column - 2
  return [
    ...(fits ? [`${label.padEnd(column)}${first}`] : [label, `${' '.repeat(column)}${first}`]),
    ...rest.map((line) => `${' '.repeat(column)}${line}`),
  ]
}

/** Breaks text at spaces into lines of at most `columns`; a longer word has a line of its own. */
export const wrap = (text: string, columns: number): readonly string[] => {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length > columns && line !== '') {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

const closing = (program: string, extent: HelpExtent): string =>
  [
    ...(extent === 'short' ? [`Every setting: ${program} --help=all.`] : []),
    'Settings may also stand in gunicorn.conf.ts, or as flags in the variable GUNICORN_CMD_ARGS.',
    `The manual: man ${program}, man gunicorn.conf.`,
  ].join('\n')
