/**
 * Reads a command line: what to do, the settings it gives, the application it names. GUNICORN_CMD_ARGS is read by
 * the same reader.
 *
 * It reads no file and changes nothing; flags come from the table of settings alone.
 */

import type { Command } from 'commander'
import type { ConfigRequest } from '../config/load.ts'
import type { Setting } from '../config/setting.ts'
import { settings } from '../config/settings/index.ts'
import type { Environment } from '../config/sources.ts'
import type { SettingsTable } from '../config/validate.ts'
import { didYouMean, nearestName, shown } from '../config/words.ts'
import { messageOf, ServerError } from '../errors.ts'
import { flagForms, optionOf, settingFlags } from './flags.ts'
import type { RecipeRequest } from './recipe-arguments.ts'
import { absent, attachValues, splitAtDashes } from './tokens.ts'

export type Action =
  | 'run'
  | 'help'
  | 'help-all'
  | 'help-setting'
  | 'version'
  | 'check-config'
  | 'print-config'
  | 'init'
  | 'recipe'

export interface CommandLine {
  readonly action: Action
  /** Settings that are given, parsed and judged; repeated list flags are joined. */
  readonly values: Readonly<Record<string, unknown>>
  readonly app?: string
  /** What stands after the application and `--`. */
  readonly appArguments: readonly string[]
  readonly configPath?: string
  /** The setting that `--help=SETTING` asks for. */
  readonly helpTopic?: string
  /** `init --force`. */
  readonly force?: boolean
  /** `init --from FILE`. */
  readonly from?: string
  /** `init --from FILE --app NAME --env NAME`: which of its applications and environments. */
  readonly fromApp?: string
  readonly fromEnvironment?: string
  /** `init RECIPE`. */
  readonly recipe?: RecipeRequest
}

/** Reads `argv` (without Node and the program). Rejects with TSG_USAGE, and TSG_SETTING_INVALID for wrong values. */
export async function readArguments(
  argv: readonly string[],
  table: SettingsTable = settings,
): Promise<CommandLine> {
  if (argv[0] === 'init') {
    const [first = '-'] = argv.slice(1).filter((token) => token !== '--force' && token !== '--print')
    if (first.startsWith('-')) return readInit(argv.slice(1))
    const { readRecipe } = await import('./recipe-arguments.ts')
    return readRecipe(argv.slice(1), (rest) => readArguments(rest, table))
  }
  const { before, after } = splitAtDashes(argv)
  const { occurrences, operands } = await occurrencesIn(attachValues(before, flagForms(table)), table)
  const values = valuesOf(occurrences)
  const [app, ...rest] = operands.length > 0 ? operands : after
  const [unexpected] = operands.slice(1)
  if (unexpected !== undefined) throw unexpectedArgument(unexpected)
  return {
    ...(await actionOf(occurrences, values, table)),
    values,
    ...(app === undefined ? {} : { app }),
    appArguments: operands.length > 0 ? after : rest,
    ...(typeof values['config'] === 'string' ? { configPath: values['config'] } : {}),
  }
}

/**
 * The request for loading the configuration: this command line over GUNICORN_CMD_ARGS. `directory` is where the
 * program was started. Rejects with TSG_USAGE, TSG_SETTING_INVALID or TSG_ENVIRONMENT, and names the variable.
 */
export async function configRequest(
  line: CommandLine,
  { env, directory }: { readonly env: Environment; readonly directory: string },
  table: SettingsTable = settings,
): Promise<ConfigRequest> {
  const commandVariable = await readCommandVariable(env, table)
  return {
    directory,
    env,
    commandLine: line.values,
    commandVariable,
    ...(line.app === undefined ? {} : { app: line.app }),
    appArguments: line.appArguments,
    needsApp: line.action !== 'print-config',
  }
}

/** The settings of GUNICORN_CMD_ARGS. An application in it is ignored, as in Gunicorn. */
export async function readCommandVariable(
  env: Environment,
  table: SettingsTable,
): Promise<Readonly<Record<string, unknown>>> {
  const text = env['GUNICORN_CMD_ARGS']
  if (text === undefined || text.trim() === '') return {}
  try {
    const { split } = await import('shlex')
    const { before } = splitAtDashes(split(text))
    const { occurrences } = await occurrencesIn(attachValues(before, flagForms(table)), table)
    const own = occurrences.find(({ setting }) => setting === undefined)
    if (own !== undefined) throw new ServerError('TSG_USAGE', `${own.flag} has no meaning here. Remove it.`)
    return valuesOf(occurrences)
  } catch (cause) {
    // What is no ServerError is the shell syntax: a quote that is not closed.
    const code = cause instanceof ServerError ? cause.code : 'TSG_ENVIRONMENT'
    throw new ServerError(code, `In the environment variable GUNICORN_CMD_ARGS: ${messageOf(cause)}`, {
      cause,
    })
  }
}

// --- flags ---

/** A flag where it stood; `setting` is absent for the program's own. */
interface Occurrence {
  readonly flag: string
  readonly name: string
  readonly setting?: Setting
  /** Absent for switches, and for optional values that are left out. */
  readonly text?: string
}

interface Occurrences {
  readonly occurrences: readonly Occurrence[]
  readonly operands: readonly string[]
}

async function occurrencesIn(tokens: readonly string[], table: SettingsTable): Promise<Occurrences> {
  // Most servers are started with an application and nothing else: that needs no parser.
  if (!tokens.some((token) => token.startsWith('-'))) return { occurrences: [], operands: tokens }
  const { Command: CommandClass, CommanderError, Option } = await import('commander')
  const command = new CommandClass('tsgunicorn')
  const occurrences: Occurrence[] = []
  const watch = (flag: string, found: Omit<Occurrence, 'text' | 'flag'>) =>
    command.on(`option:${flag.replace(/^--?/, '')}`, (text: unknown) => {
      occurrences.push({ flag, ...found, ...(typeof text === 'string' && text !== absent ? { text } : {}) })
    })
  for (const each of settingFlags(table).filter(({ flag }) => mayMean(tokens, flag))) {
    command.addOption(optionOf(each, Option))
    watch(each.flag, { name: each.name, setting: each.setting })
  }
  addOwnFlags(command, (flag, name) => watch(flag, { name }))
  try {
    command.parse([...tokens], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) throw await usageError(error.message, table)
    throw error
  }
  return { occurrences, operands: command.args }
}

/** Most flags are not there, and an option costs time; short ones may stand behind others, as in `-DR`. */
const mayMean = (tokens: readonly string[], flag: string): boolean =>
  !flag.startsWith('--') || tokens.some((token) => token.startsWith(flag))

function addOwnFlags(command: Command, watch: (flag: string, name: string) => void): void {
  command
    .helpOption(false)
    .helpCommand(false)
    .exitOverride()
    .allowExcessArguments()
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => undefined, outputError: () => undefined })
    .argument('[app...]')
    .action(() => undefined)
    .option('-h [topic]')
    .option('--help [topic]')
    .option('-v')
    .option('--version')
  for (const flag of ['-h', '--help']) watch(flag, 'help')
  for (const flag of ['-v', '--version']) watch(flag, 'version')
}

function valuesOf(occurrences: readonly Occurrence[]): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {}
  for (const occurrence of occurrences) {
    const { name, setting } = occurrence
    if (setting === undefined) continue
    const value = valueGiven(occurrence, setting)
    const before = values[name]
    const joins = setting.flag === 'append' && Array.isArray(before) && Array.isArray(value)
    values[name] = joins ? [...before, ...value] : value
  }
  return values
}

function valueGiven({ flag, text }: Occurrence, setting: Setting): unknown {
  if (text === undefined) return setting.constant ?? true
  const checked = setting.parse(text)
  if (checked.ok) return checked.value
  // As Gunicorn's parser and its validators: letters for a number are wrong usage, a wrong number a wrong setting.
  const code = checked.unreadable === true ? 'TSG_USAGE' : 'TSG_SETTING_INVALID'
  throw new ServerError(code, `${flag} ${shown(text)} is not allowed. Allowed: ${checked.allowed}.`)
}

// --- what to do ---

type Asked = Pick<CommandLine, 'action' | 'helpTopic'>

async function actionOf(
  occurrences: readonly Occurrence[],
  values: Readonly<Record<string, unknown>>,
  table: SettingsTable,
): Promise<Asked> {
  const help = occurrences.find(({ name, setting }) => name === 'help' && setting === undefined)
  if (help !== undefined) return helpAction(help.text, table)
  if (occurrences.some(({ name, setting }) => name === 'version' && setting === undefined)) {
    return { action: 'version' }
  }
  if (values['print_config'] === true) return { action: 'print-config' }
  return { action: values['check_config'] === true ? 'check-config' : 'run' }
}

async function helpAction(topic: string | undefined, table: SettingsTable): Promise<Asked> {
  if (topic === undefined) return { action: 'help' }
  if (topic === 'all') return { action: 'help-all' }
  const byFlag = settingFlags(table).find(
    ({ flag }) => flag.replace(/^--?/, '') === topic.replace(/^--?/, ''),
  )
  const helpTopic = byFlag?.name ?? topic.replaceAll('-', '_')
  if (Object.hasOwn(table, helpTopic)) return { action: 'help-setting', helpTopic }
  const near = await nearestName(topic, Object.keys(table))
  throw new ServerError('TSG_USAGE', `--help=${topic}: no setting has this name.${didYouMean(near)}`)
}

function readInit(argv: readonly string[]): CommandLine {
  const from = takeValue(argv, '--from', 'a file, as --from gunicorn.conf.py')
  const app = takeValue(from.others, '--app', 'the name of an application in the file')
  const environment = takeValue(app.others, '--env', 'the NAME of an env_NAME in the file of pm2')
  const { others } = environment
  const [wrong] = others.filter((token) => token !== '--force')
  if (wrong === '-h' || wrong === '--help') return { action: 'help', values: {}, appArguments: [] }
  if (wrong !== undefined) {
    throw new ServerError(
      'TSG_USAGE',
      `init: '${wrong}' is not understood. It takes --from FILE, --app NAME, --env NAME and --force.`,
    )
  }
  if (from.value === undefined && (app.value ?? environment.value) !== undefined) {
    throw new ServerError('TSG_USAGE', 'init: --app and --env choose from a file. Name it with --from FILE.')
  }
  return {
    action: 'init',
    values: {},
    appArguments: [],
    force: others.includes('--force'),
    ...(from.value === undefined ? {} : { from: from.value }),
    ...(app.value === undefined ? {} : { fromApp: app.value }),
    ...(environment.value === undefined ? {} : { fromEnvironment: environment.value }),
  }
}

interface Taken {
  readonly value?: string
  readonly others: readonly string[]
}

/** The value of `--flag VALUE` or `--flag=VALUE`, and what else stands there. `what`: what it takes, for who gave none. */
function takeValue(argv: readonly string[], flag: string, what: string): Taken {
  const at = argv.findIndex((token) => token === flag || token.startsWith(`${flag}=`))
  const token = argv[at]
  if (token === undefined) return { others: argv }
  const joined = token.startsWith(`${flag}=`)
  const value = joined ? token.slice(flag.length + 1) : argv[at + 1]
  if (value) return { value, others: argv.toSpliced(at, joined ? 1 : 2) }
  throw new ServerError('TSG_USAGE', `init: ${flag} takes ${what}.`)
}

// --- errors ---

/** commander's words for an unknown flag, with the flag that was probably meant. */
async function usageError(message: string, table: SettingsTable): Promise<ServerError> {
  const words = message.replace(/^error: /, '')
  const flag = /unknown option '(-[^'=]*)/.exec(words)?.[1]
  if (flag === undefined) return new ServerError('TSG_USAGE', `${words}. See 'tsgunicorn --help'.`)
  const flags = [...flagForms(table).keys()].filter((each) => each.startsWith('--'))
  const near = await nearestFlag(flag, flags)
  return new ServerError('TSG_USAGE', `${flag} is no flag.${didYouMean(near)} See 'tsgunicorn --help=all'.`)
}

async function nearestFlag(flag: string, flags: readonly string[]): Promise<string | undefined> {
  const byName = new Map(flags.map((each) => [each.slice(2).replaceAll('-', '_'), each]))
  const near = await nearestName(flag.replace(/^--?/, ''), [...byName.keys()])
  return near === undefined ? undefined : byName.get(near)
}

const unexpectedArgument = (text: string): ServerError =>
  new ServerError(
    'TSG_USAGE',
    `'${text}' is one argument too many: one application is served. Arguments for the application stand after '--'.`,
  )
