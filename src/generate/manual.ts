/** Writes the manual pages tsgunicorn(8) and gunicorn.conf(5). No date and no version: the same input, the same page. */
import { signals } from '../arbiter/signals.ts'
import type { Setting } from '../config/setting.ts'
import { defaultWords, flagWords, laterWords } from '../config/setting-words.ts'
import { type SettingName, sections, settings } from '../config/settings/index.ts'
import { catalogue } from '../errors.ts'
import { recipeNames } from '../recipes/index.ts'
import {
  configurationExamples,
  configurationFilesSection,
  configurationVariables,
  programExamples,
  programFiles,
  programVariables,
} from './manual-sections.ts'
import { furtherParagraph, heading, item, joined, ofMarkdown, subheading } from './roff.ts'
import { doNotEdit, paragraphs } from './words.ts'

/** tsgunicorn(8): the program. */
export const programPage = (): string =>
  page([
    '.TH TSGUNICORN 8 "" "tsgunicorn" "System Manager\'s Manual"',
    heading('Name'),
    'tsgunicorn \\- pre\\-fork application server',
    heading('Synopsis'),
    '.B tsgunicorn\n[\\fIOPTIONS\\fR] [\\fIMODULE\\fR[:\\fINAME\\fR]]\n.br\n.B tsgunicorn init\n[\\fB\\-\\-from\\fR \\fIFILE\\fR] [\\fB\\-\\-force\\fR]\n.br\n.B tsgunicorn init\n\\fIRECIPE\\fR [\\fB\\-\\-force\\fR | \\fB\\-\\-print\\fR] [\\fB\\-\\-listen\\fR \\fIADDRESS\\fR] [\\fIOPTIONS\\fR] [\\fIMODULE\\fR[:\\fINAME\\fR]]',
    heading('Description'),
    ...prose([
      `\`tsgunicorn\` holds the listening sockets in one master process and serves the application in worker processes.
The master never touches a client; workers that die, hang or grow too large are replaced.`,
      `MODULE is a path or a package; NAME is what it exports. Without NAME, the usual exports are tried: see \`wsgi_app\`
and \`app_type\` in gunicorn.conf(5).`,
      '`tsgunicorn init` writes a configuration file to start from, and the types that editors complete it with; with `--from gunicorn.conf.py` it holds what that file says.',
      `\`tsgunicorn init RECIPE\` writes the files by which the project in the working directory is run under or behind
something else, as its configuration says: ${recipeNames.join(', ')}. Files that are there are left, unless \`--force\` is given;
\`--print\` writes none, and shows them. \`--listen\` is where nginx and haproxy listen.`,
    ]),
    heading('Options'),
    item(
      '-h, --help[=all|SETTING]',
      'Show the settings that matter most, every one, or all there is to say of one.',
    ),
    item('-v, --version', 'Show the version.'),
    ...sections.flatMap(({ title, names }) => options(title, names)),
    heading('Signals'),
    ...Object.entries(signals).map(([name, { summary }]) =>
      item(name.replace(/^SIG/, ''), ofMarkdown(summary)),
    ),
    '.PP\nA worker that gets TERM is replaced, and leaves when its successor is ready; INT and QUIT end it at once.',
    heading('Environment'),
    ...[...programVariables, ...defaultVariables()].map(([name, text]) => item(name, ofMarkdown(text))),
    ...programFiles,
    heading('Exit status'),
    item('0', 'The server was stopped, or the check found nothing wrong.'),
    ...exitStatuses(),
    ...programExamples,
    heading('See also'),
    '.BR tsgunicornc (1),\n.BR gunicorn.conf (5),\n.BR systemd.service (5)',
  ])

/** gunicorn.conf(5): the configuration file and every setting. */
export const configurationPage = (): string =>
  page([
    '.TH GUNICORN.CONF 5 "" "tsgunicorn" "File Formats Manual"',
    heading('Name'),
    'gunicorn.conf \\- configuration of tsgunicorn',
    heading('Synopsis'),
    '.B gunicorn.conf.ts\n(also .mts, .js, .mjs, .cjs, .json, .yaml, .yml, .py)',
    heading('Description'),
    ...prose([
      `The file is looked for in the working directory, or named by \`--config\`. It exports an object of settings, a
function that gives one, or settings by their names. JSON and YAML files hold the object; hooks are functions, and cannot
stand in them. A \`gunicorn.conf.py\` of Gunicorn's is read as it is.`,
      `Defaults and the variables they are taken from are weakest; then come the file, the flags in
\`GUNICORN_CMD_ARGS\`, and the flags on the command line. \`tsgunicorn --print-config\` tells where each value came from.`,
      `Names that do not exist and values that are not allowed are errors that name the file, the setting and what is
allowed. HUP loads the file again; a reload that fails leaves the running workers as they are.`,
    ]),
    heading('Settings'),
    ...sections.flatMap(({ title, names }) => [
      subheading(title),
      ...names.map((name) => fullEntry(name, settings[name])),
    ]),
    ...configurationVariables(defaultVariables()),
    ...configurationFilesSection,
    ...configurationExamples,
    heading('See also'),
    '.BR tsgunicorn (8),\n.BR tsgunicornc (1)',
  ])

const page = (blocks: readonly string[]): string => `.\\" ${doNotEdit}\n${joined(blocks)}\n`

const prose = (blocks: readonly string[]): readonly string[] =>
  blocks.map((block) => `.PP\n${ofMarkdown(block)}`)

const options = (title: string, names: readonly SettingName[]): readonly string[] => {
  const withFlag = names.map((name): Setting => settings[name]).filter(({ cli }) => cli !== undefined)
  return withFlag.length === 0 ? [] : [subheading(title), ...withFlag.map(shortEntry)]
}

const shortEntry = (setting: Setting): string =>
  item(
    flagWords(setting),
    [ofMarkdown(setting.summary), ...waiting(setting), defaultLine(setting)].join('\n'),
  )

const fullEntry = (name: string, setting: Setting): string => {
  const facts = [
    `Type: \`${setting.accepts ?? setting.type}\`.`,
    ...(setting.cli === undefined ? [] : [`Flag: \`${flagWords(setting)}\`.`]),
    ...(setting.env === undefined ? [] : [`Variable: \`${setting.env}\`.`]),
  ]
  const blocks = [
    [ofMarkdown(setting.summary), ...waiting(setting)].join('\n'),
    ...paragraphs(setting).map(ofMarkdown),
    [...facts.map(ofMarkdown), defaultLine(setting)].join('\n'),
  ]
  return item(name, blocks.join(`\n${furtherParagraph}\n`))
}

const waiting = (setting: Setting): readonly string[] => {
  const words = laterWords(setting)
  return words === undefined ? [] : [ofMarkdown(words)]
}

const defaultLine = (setting: Setting): string => ofMarkdown(`Default: ${defaultWords(setting)}.`)

/** The variables that defaults are taken from. */
const defaultVariables = (): ReadonlyArray<readonly [string, string]> =>
  Object.entries<Setting>(settings).flatMap(([name, { env }]) =>
    env === undefined ? [] : [[env, `The default of \`${name}\`.`] as const],
  )

/** Each status with the codes that lead to it. */
const exitStatuses = (): readonly string[] => {
  const statuses = new Map<number, string[]>()
  for (const { exit, summary } of Object.values(catalogue))
    statuses.set(exit, [...(statuses.get(exit) ?? []), summary])
  return [...statuses]
    .sort(([left], [right]) => left - right)
    .map(([status, summaries]) => item(String(status), summaries.map(ofMarkdown).join('\n')))
}
