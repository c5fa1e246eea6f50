/** Writes the reference document of the settings: `docs/settings.md`. */
import type { Setting } from '../config/setting.ts'
import { defaultWords, flagWords, laterWords } from '../config/setting-words.ts'
import { sections, settings } from '../config/settings/index.ts'
import { doNotEdit } from './words.ts'

export const settingsDocument = (): string =>
  document([
    '# Settings',
    `Every setting, in the sections of Gunicorn's manual. They may stand in \`gunicorn.conf.ts\` (also \`.mts\`, \`.js\`,
\`.mjs\`, \`.cjs\`, \`.json\`, \`.yaml\`), as flags in the variable \`GUNICORN_CMD_ARGS\`, and as flags on the command
line. What comes later in this sentence wins; variables named below give a setting's default, so that everything else
wins over them.`,
    'Names that do not exist and values that are not allowed stop the start, and leave a running server as it is.',
    sections.map(({ title }) => `- [${title}](#${anchor(title)})`).join('\n'),
    ...sections.flatMap(({ title, names }) => [
      `## ${title}`,
      ...names.flatMap((name) => entry(name, settings[name])),
    ]),
  ])

export const table = (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')

export const document = (blocks: readonly string[]): string =>
  `<!-- ${doNotEdit} -->\n\n${blocks.join('\n\n')}\n`

const entry = (name: string, setting: Setting): readonly string[] =>
  [`### ${name}`, setting.summary, laterWords(setting), facts(setting), setting.details].filter(
    (block) => block !== undefined,
  )

const facts = (setting: Setting): string => {
  const rows: ReadonlyArray<readonly [string, string | undefined]> = [
    ['Flag', setting.cli === undefined ? undefined : code(flagWords(setting))],
    ['Variable', setting.env === undefined ? undefined : code(setting.env)],
    ['Type', code(setting.accepts ?? setting.type)],
    ['Default', setting.defaultText ?? code(defaultWords(setting))],
    ['Gunicorn', gunicornWords(setting)],
  ]
  const given = rows.filter(([, text]) => text !== undefined)
  return given.map(([fact, text]) => `- ${fact}: ${text}`).join('\n')
}

const gunicornWords = ({ gunicorn, later }: Setting): string | undefined => {
  if (gunicorn === false) return 'has no such setting.'
  if (later !== undefined) return undefined
  return gunicorn?.differs === undefined ? 'the same.' : `another: ${gunicorn.differs}`
}

export const code = (text: string): string => (text.includes('`') ? text : `\`${text}\``)
const cell = (text: string): string => text.replaceAll('|', '\\|')
const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')
