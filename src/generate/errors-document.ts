/** Writes the catalogue of errors, `docs/errors.md`: every code with its message as it was printed, cause and cure. */
import { readFileSync } from 'node:fs'
import { exitStatuses } from '../client/failure.ts'
import type { SettingName } from '../config/settings/index.ts'
import { catalogue, type ErrorCode } from '../errors.ts'
import { type Explanation, explanations } from './error-catalogue.ts'
import { code, document, table } from './markdown.ts'

/** What was printed when test/integration/errors.test.ts provoked each code; it writes this file. */
const examples: Readonly<Partial<Record<string, string>>> = JSON.parse(
  readFileSync(new URL('../../src/generate/error-examples.json', import.meta.url), 'utf8'),
)

/** What a start ends with. The statuses of the catalogue are among them; a test compares. */
export const startStatuses: ReadonlyArray<readonly [status: number, meaning: string]> = [
  [0, 'It ended because it was asked to: TERM, INT, QUIT, or `tsgunicornc stop`; or a check found nothing.'],
  [1, 'The configuration, or something that the start needs, cannot be used; a check found something.'],
  [2, 'The command line is not understood.'],
  [3, 'Workers do not boot.'],
  [4, 'What is named is no application.'],
]

export const errorsDocument = (): string =>
  document([
    '# Errors',
    `Every refusal has a code that never changes its meaning, and a message that says what is wrong, where, and what to
do. The code stands in brackets at the end of the message, in JSON logs in the field \`code\`:`,
    example('TSG_SETTING_UNKNOWN'),
    `The exit status is that of a start that fails with it; what only a worker can find out ends a start with 3 at least.
A running master does not exit for it: a reload that fails leaves the workers that serve as they are, and the log says
why. What Python workers say has no code. "This is a fault of tsgunicorn" is a bug: please report it with the stack that
is printed.`,
    'The examples below were printed by the server; only names, ports and process ids were made the same everywhere.',
    table(
      ['code', 'exit status', 'meaning'],
      codes.map((name) => [
        `[${name}](#${name.toLowerCase()})`,
        String(catalogue[name].exit),
        catalogue[name].summary,
      ]),
    ),
    ...codes.flatMap(entry),
    '## Exit statuses of tsgunicorn',
    table(
      ['status', 'meaning'],
      startStatuses.map(([status, meaning]) => [String(status), meaning]),
    ),
    '## Exit statuses of tsgunicornc',
    table(
      ['status', 'meaning'],
      Object.values(exitStatuses).map(({ status, summary }) => [String(status), summary]),
    ),
    'The codes of its errors are in [its own reference](tsgunicornc.md#codes-of-errors).',
  ])

const codes = Object.keys(catalogue) as readonly ErrorCode[]

const entry = (name: ErrorCode): readonly string[] => {
  const { exit, summary } = catalogue[name]
  const { cause, cure, settings }: Explanation = explanations[name]
  const facts = [
    `- Cause: ${cause}`,
    `- Cure: ${cure}`,
    ...(settings === undefined ? [] : [`- Settings: ${settings.map(settingLink).join(', ')}`]),
    `- Exit status: ${exit}`,
  ]
  return [`## ${name}`, summary, example(name), facts.join('\n')]
}

const example = (name: ErrorCode): string => `\`\`\`text\n${examples[name] ?? ''}\n\`\`\``

const settingLink = (name: SettingName): string => `[${code(name)}](settings.md#${name})`
