/** Writes tsgunicornc(1) and `docs/tsgunicornc.md` from the client's table of commands. */
import {
  type CommandName,
  type CommandSpec,
  commandNames,
  flagWords,
  globalFlags,
  specOf,
  synopsis,
} from '../client/commands.ts'
import { exitStatuses } from '../client/failure.ts'
import { clientShapes } from './client-shapes.ts'
import { clientExamples, clientFiles, clientVariables } from './manual-sections.ts'
import { furtherParagraph, heading, item, joined, ofMarkdown, subheading } from './roff.ts'
import { doNotEdit } from './words.ts'

const groups: readonly CommandSpec['group'][] = ['Look', 'Change', 'Examine', 'Other']
const inGroup = (group: CommandSpec['group']): readonly CommandName[] =>
  commandNames.filter((name) => specOf(name).group === group)

const finding = `Without \`--socket\` and \`--pid\` the server is meant that was started in the working directory, or whose
configuration file lies there; else the only one that runs. To be changed, a server of another directory has to be
named. When several could be meant, or none, they are listed, and the exit status is 2. Sockets are looked for in \`$XDG_RUNTIME_DIR/tsgunicorn\` (\`/run/user/UID/tsgunicorn\` without the
variable), and in \`tsgunicorn-UID\` below \`$TMPDIR\` (\`/tmp\` without it).`

const output = `On a terminal the output has colours, and columns are left out when it is narrow; into a pipe it is plain and
whole. \`--json\` prints one object on one line: \`version\` (now 1; it grows when a field changes its meaning or goes), and
beside it the fields of the answer, or a list by the name of its command. Errors are then JSON, too, on standard error:
\`{"version":1,"error":{"code":"refused","message":"...","detail":null}}\`.`

/** tsgunicornc(1). */
export const clientPage = (): string =>
  `.\\" ${doNotEdit}\n${joined([
    '.TH TSGUNICORNC 1 "" "tsgunicorn" "User Commands"',
    heading('Name'),
    'tsgunicornc \\- look at a running tsgunicorn, and change it',
    heading('Synopsis'),
    '.B tsgunicornc\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR',
    heading('Description'),
    ...[finding, output].map((text) => `.PP\n${ofMarkdown(text)}`),
    heading('Options'),
    ...globalFlags.map((flag) => item(flagWords(flag), ofMarkdown(flag.summary))),
    heading('Commands'),
    ...groups.flatMap((group) => [subheading(group), ...inGroup(group).map(pageEntry)]),
    ...clientVariables,
    ...clientFiles,
    heading('Exit status'),
    ...Object.values(exitStatuses).map(({ status, summary }) => item(String(status), ofMarkdown(summary))),
    ...clientExamples,
    heading('See also'),
    '.BR tsgunicorn (8),\n.BR gunicorn.conf (5)',
  ])}\n`

const pageEntry = (name: CommandName): string => {
  const { summary, details, flags } = specOf(name)
  const blocks = [
    ofMarkdown(summary),
    ...(details === undefined ? [] : [ofMarkdown(details)]),
    ...flags.map((flag) => `\\fB${ofMarkdown(flagWords(flag))}\\fR\n${ofMarkdown(flag.summary)}`),
  ]
  return item(synopsis(name), blocks.join(`\n${furtherParagraph}\n`))
}

/** docs/tsgunicornc.md. */
export const clientDocument = (): string =>
  `<!-- ${doNotEdit} -->\n\n${[
    '# tsgunicornc',
    'Looks at a running tsgunicorn, and changes it, over its control socket.',
    '```sh\ntsgunicornc status              # how it is\ntsgunicornc top                 # the same, live\ntsgunicornc reload --wait       # exit 0 only when the new generation serves\ntsgunicornc scale +2\ntsgunicornc status --json | jq .totals.requests\n```',
    '## Which server',
    finding,
    '## Output',
    output,
    '## Options',
    flagTable(globalFlags),
    ...groups.flatMap((group) => [`## ${titles[group]}`, ...inGroup(group).flatMap(documentEntry)]),
    '## Exit status',
    table(
      ['status', 'meaning'],
      Object.values(exitStatuses).map(({ status, summary }) => [String(status), summary]),
    ),
    '## Codes of errors',
    'In `error.code` of `--json`. They never change their meaning.',
    table(['code', 'meaning'], errorCodes),
    '## Shapes',
    'Times are seconds unless a name says otherwise, moments are ISO 8601, sizes bytes; what is not known is `null`. New fields may come without a new `version`.',
    `\`\`\`ts\n${clientShapes()}\n\`\`\``,
  ].join('\n\n')}\n`

const titles: Readonly<Record<CommandSpec['group'], string>> = {
  Look: 'Commands that look',
  Change: 'Commands that change',
  Examine: 'Commands that examine',
  Other: 'Other commands',
}

const errorCodes: ReadonlyArray<readonly [string, string]> = [
  ['`usage`', 'The command or an argument is not understood.'],
  ['`several`', 'Several servers could be meant; `detail` lists them.'],
  ['`refused`', 'The master said no; `message` says why.'],
  ['`forbidden`', 'The socket only answers questions (`control_socket_read_mode`).'],
  ['`failed`', 'What was ordered failed; `message` and `detail` say why.'],
  ['`not-running`', 'No server of this user answers.'],
  ['`no-socket`', 'There is no socket at the path, or it is none of ours.'],
  ['`stale`', 'The socket is left over: its server is gone.'],
  ['`pidfile`', 'The pidfile is not there, or holds no process id.'],
  ['`permission`', "The socket or a log is another user's."],
  ['`busy`', 'The queue of the socket is full.'],
  ['`unreachable`', 'The socket cannot be used, or something else answers on it.'],
  ['`gone`', 'The server closed the connection.'],
  ['`late`', 'The time was over.'],
  ['`interrupted`', 'Ctrl-C; what was ordered goes on.'],
  ['`no-log-file`', 'No log goes to a file.'],
  ['`fault`', 'A fault of tsgunicornc: please report it.'],
]

const documentEntry = (name: CommandName): readonly string[] => {
  const { summary, details, flags, json } = specOf(name)
  return [
    `### ${name}`,
    `\`\`\`\ntsgunicornc ${synopsis(name)}\n\`\`\``,
    summary,
    ...(details === undefined ? [] : [details]),
    ...(flags.length === 0 ? [] : [flagTable(flags)]),
    `\`--json\`: ${json}.`,
  ]
}

const flagTable = (flags: CommandSpec['flags']): string =>
  table(
    ['option', 'meaning'],
    flags.map((flag) => [`\`${flagWords(flag)}\``, flag.summary]),
  )

const table = (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string =>
  [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
