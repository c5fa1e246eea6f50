/** The help texts, from the table of commands. It prints nothing. */
import {
  type CommandName,
  type CommandSpec,
  commandNames,
  commands,
  flagWords,
  globalFlags,
  specOf,
  synopsis,
} from './commands.ts'
import { exitStatuses } from './failure.ts'

const groups: readonly CommandSpec['group'][] = ['Look', 'Change', 'Examine', 'Other']

type Row = readonly [left: string, right: string]

/** All commands and flags, in lines of at most 96 columns where words allow. */
export const helpLines = (): readonly string[] => [
  'Usage: tsgunicornc [OPTIONS] COMMAND',
  '',
  'Talks to a running tsgunicorn: to the one of the working directory, or, to look at it, the only one.',
  ...groups.flatMap((group) => [
    '',
    `${group}:`,
    ...rows(
      commandNames
        .filter((name) => specOf(name).group === group)
        .map((name) => [operandWords(name), specOf(name).summary]),
    ),
  ]),
  '',
  'Options:',
  ...rows(globalFlags.map((flag) => [flagWords(flag), flag.summary])),
  '',
  '"tsgunicornc help COMMAND" tells more of one.',
]

/** All there is to say of one command. */
export const commandHelpLines = (name: CommandName): readonly string[] => {
  const { summary, details, flags, json } = specOf(name)
  return [
    `Usage: tsgunicornc [OPTIONS] ${synopsis(name)}`,
    '',
    summary,
    ...(details === undefined ? [] : ['', ...wrapped(details, 96)]),
    ...(flags.length === 0 ? [] : ['', ...rows(flags.map((flag) => [flagWords(flag), flag.summary]))]),
    '',
    ...wrapped(`--json: ${json}.`.replaceAll('`', ''), 96),
    '',
    'Exit status:',
    ...rows(Object.values(exitStatuses).map(({ status, summary }) => [String(status), summary])),
  ]
}

const operandWords = (name: CommandName): string =>
  [
    name,
    ...commands[name].operands.map(({ name: word, ...one }) => {
      const text = 'words' in one ? one.words.join('|') : word
      return 'optional' in one ? `[${text}]` : text
    }),
  ].join(' ')

const column = 28

const rows = (all: readonly Row[]): readonly string[] =>
  all.flatMap(([left, right]) => {
    const [first = '', ...others] = wrapped(right, 96 - column)
    return [`  ${left.padEnd(column - 4)}  ${first}`, ...others.map((line) => ' '.repeat(column) + line)]
  })

const wrapped = (text: string, width: number): readonly string[] => {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
