/**
 * Loading the configuration: directory, file, sources, judgement, one frozen result. The same request may be loaded
 * any number of times in one process (a reload does), always from the disk, and leaves nothing behind.
 *
 * It knows no flags: the command line has been read when it is called.
 */

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { hasCode, messageOf, ServerError } from '../errors.ts'
import type { Inherited } from '../python/inherited.ts'
import type { Config } from './config.ts'
import { applicationOf } from './derived.ts'
import { type Found, findConfig, isPython, nameOf } from './find.ts'
import type { GivenFile, HookText, LodgingPlace } from './given-file.ts'
import { brokenRules, type Platform } from './rules.ts'
import { settings } from './settings/index.ts'
import {
  defaultLayer,
  describeOrigin,
  type Environment,
  type Layer,
  type Origin,
  type Resolved,
  resolveLayers,
} from './sources.ts'
import { type ConfigTransfer, freeze, transferOf } from './transfer.ts'
import { type Issue, refuseIssues, type SettingsTable, tooEarly } from './validate.ts'

export interface ConfigRequest {
  /** Where the program was started, absolute: what relative paths of the command line start from. */
  readonly directory: string
  readonly env: Environment
  /** Judged settings of the command line and of GUNICORN_CMD_ARGS. */
  readonly commandLine: Readonly<Record<string, unknown>>
  readonly commandVariable: Readonly<Record<string, unknown>>
  /** The application that the command line names. */
  readonly app?: string
  /** What the command line has for the application, behind `--`. */
  readonly appArguments?: readonly string[]
  /** Whether it is an error when no application is named; true unless said. */
  readonly needsApp?: boolean
  /** The running one unless said. */
  readonly platform?: Platform
  /** Where the next load finds the process that reads gunicorn.conf.py; each has its own unless said. */
  readonly lodging?: LodgingPlace | undefined
}

export interface LoadedConfig {
  /** Every setting, frozen; `chdir` is absolute, `wsgi_app` the application to run, whoever named it. */
  readonly config: Config
  readonly origins: Readonly<Record<string, Origin>>
  /** The configuration file, absolute. */
  readonly file?: string
  /** Every local file the configuration is made of, absolute: what `--reload` watches. */
  readonly files: readonly string[]
  readonly warnings: readonly string[]
  readonly transfer: ConfigTransfer
  readonly appArguments: readonly string[]
  /** The text of a configuration that is written in Python, when it has hooks for Python workers. */
  readonly python?: HookText
  /** What Python workers have of a file that is Python's, as if they were forked of who ran it. */
  readonly inherited?: (age: number) => Inherited
  /** Ends what stays behind of the file: the process that runs the master's hooks of gunicorn.conf.py, if no other needs it. */
  readonly close?: () => void
}

/**
 * Loads the configuration and enters its directory (`chdir`). The file is sought and read in the directory the program
 * was started in, whoever gives `chdir`: as in Gunicorn, and so that a reload finds the same file. When loading
 * fails, the working directory is what it was.
 *
 * Rejects with a ServerError: TSG_CHDIR, TSG_CONFIG_*, TSG_SETTING_*, TSG_ENVIRONMENT, TSG_PLATFORM, TSG_NO_APP, and
 * TSG_PYTHON when the file is Python's and there is no interpreter.
 */
export async function loadConfig(
  request: ConfigRequest,
  table: SettingsTable = settings,
): Promise<LoadedConfig> {
  const before = currentDirectory()
  try {
    return await load(request, table)
  } catch (error) {
    if (before !== undefined) process.chdir(before)
    throw error
  }
}

/** Undefined when it has been removed, as the directory of an old release is: a reload has to work all the same. */
function currentDirectory(): string | undefined {
  try {
    return process.cwd()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

async function load(request: ConfigRequest, table: SettingsTable): Promise<LoadedConfig> {
  const flags = { ...request.commandVariable, ...request.commandLine }
  const directory = enterStart(request.directory, flags['chdir'])
  const found = findConfig(directory, textOf(flags['config']))
  const defaults = defaultLayer(table, request.env)
  const file = await read(found, {
    table,
    directory,
    env: request.env,
    python: textOf(flags['python']),
    lodging: request.lodging,
  })
  try {
    return finish({
      request,
      table,
      directory,
      layers: [
        defaults,
        ...(file === undefined ? [] : [fileLayer(file)]),
        given(request.commandVariable, 'command-variable'),
        given(request.commandLine, 'command-line'),
      ],
      warnings: [...found.warnings, ...(file === undefined ? [] : warningsOf(file, directory))],
      ...(file === undefined ? {} : { file }),
    })
  } catch (error) {
    file?.close?.()
    throw error
  }
}

interface Reading {
  readonly table: SettingsTable
  readonly directory: string
  readonly env: Environment
  /** The interpreter that the command line asks for. */
  readonly python: string | undefined
  readonly lodging: LodgingPlace | undefined
}

/** Many a server has no file, and few one in Python: what reads them is not even imported for the others. */
async function read(found: Found, reading: Reading): Promise<GivenFile | undefined> {
  if (isPython(found)) return (await import('./python-file.ts')).readPythonFile(found, reading)
  if (found.file === undefined) return undefined
  return (await import('./given-file.ts')).readGivenFile(found.file, reading)
}

function warningsOf({ file, judged }: GivenFile, directory: string): readonly string[] {
  if (judged.values['config'] === undefined) return judged.warnings
  return [...judged.warnings, `${nameOf(file, directory)}: config has no meaning in a configuration file.`]
}

const fileLayer = ({ file, judged: { values, lines } }: GivenFile): Layer => ({
  values,
  originOf: (name) => {
    const line = lines[name]
    return { kind: 'file', file, ...(line === undefined ? {} : { line }) }
  },
})

const given = (
  values: Readonly<Record<string, unknown>>,
  kind: 'command-variable' | 'command-line',
): Layer => ({ values, originOf: () => ({ kind }) })

interface Gathered {
  readonly request: ConfigRequest
  readonly table: SettingsTable
  /** The directory the program was started in: relative paths of every source start from it. */
  readonly directory: string
  readonly layers: readonly Layer[]
  readonly file?: GivenFile
  readonly warnings: readonly string[]
}

function finish({ request, table, directory, layers, file, warnings }: Gathered): LoadedConfig {
  const { values, origins } = withApplication(resolveLayers(layers), request.app)
  const ruled = judgeTogether(table, values, origins, directory, request.platform ?? running)
  refuseIssues([...(file?.judged.issues ?? []), ...ruled.issues])
  if (request.needsApp !== false) refuseNoApp(values)
  const chdir = enter(directory, values['chdir'])
  const config = freeze({ ...values, ...('chdir' in table ? { chdir } : {}) })
  return {
    // The table is what Config is generated from, and every value has passed its setting's check.
    config: config as Config,
    origins,
    ...(file === undefined ? {} : { file: file.file }),
    files: file?.files ?? [],
    warnings: [...warnings, ...ruled.warnings],
    transfer: transferOf({ values: config, ...(file?.code === undefined ? {} : { code: file.code }) }),
    appArguments: request.appArguments ?? [],
    ...(file?.python === undefined ? {} : { python: file.python }),
    ...(file?.inherited === undefined ? {} : { inherited: file.inherited }),
    ...(file?.close === undefined ? {} : { close: file.close }),
  }
}

/**
 * `wsgi_app` tells which application is run: the command line's, else `app`, else its own. `app` is its other name,
 * and agrees with it when the command line overruled it.
 */
function withApplication({ values, origins }: Resolved, named: string | undefined): Resolved {
  const commandLine: Origin = { kind: 'command-line' }
  const application = named ?? applicationOf(values)
  if (application === undefined) return { values, origins }
  const fromApp = textOf(values['app']) === undefined ? origins['wsgi_app'] : origins['app']
  const origin = named === undefined ? (fromApp ?? commandLine) : commandLine
  const rival = textOf(values['app']) === undefined || named === undefined ? {} : { app: named }
  const overruled = Object.keys(rival).length === 0 ? {} : { app: commandLine }
  return {
    values: { ...values, wsgi_app: application, ...rival },
    origins: { ...origins, wsgi_app: origin, ...overruled },
  }
}

/** What can be judged only when all sources have spoken: settings of later parts, and rules between settings. */
function judgeTogether(
  table: SettingsTable,
  values: Readonly<Record<string, unknown>>,
  origins: Readonly<Record<string, Origin>>,
  directory: string,
  platform: Platform,
): { readonly issues: readonly Issue[]; readonly warnings: readonly string[] } {
  const issues: Issue[] = []
  const warnings: string[] = []
  const place = (name: string) =>
    describeOrigin(origins[name] ?? { kind: 'default' }, (file) => nameOf(file, directory)).replace(
      /^file /,
      '',
    )
  for (const [name, setting] of Object.entries(table)) {
    const issue = tooEarly(place(name), name, setting, values[name])
    if (issue !== undefined) issues.push(issue)
  }
  for (const { name, as, text } of brokenRules(values, platform)) {
    if (as === 'warning') warnings.push(`${place(name)}: ${text}`)
    else issues.push({ code: as, text: `${place(name)}: ${text}` })
  }
  return { issues, warnings }
}

const running: Platform = { os: process.platform, node: process.versions.node }

function refuseNoApp(values: Readonly<Record<string, unknown>>): void {
  if (applicationOf(values) !== undefined) return
  throw new ServerError(
    'TSG_NO_APP',
    "No application module specified. Name one ('tsgunicorn ./server.js' or 'tsgunicorn ./app.ts:app'), or set wsgi_app in the configuration file.",
  )
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/**
 * Enters the directory the program was started in. It may have been removed since (a script's own temporary one):
 * then `chdir` of the command line is all there is, and no file is found where none can be.
 */
function enterStart(directory: string, chdir: unknown): string {
  if (textOf(chdir) === undefined || isDirectory(directory)) return enter(directory, undefined)
  enter(directory, chdir)
  return directory
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/** Changes to `path`, relative to `base`, and gives its absolute name. Throws TSG_CHDIR. */
function enter(base: string, path: unknown): string {
  const directory = resolve(base, textOf(path) ?? '')
  try {
    if (!statSync(directory).isDirectory()) throw new Error('it is not a directory')
    process.chdir(directory)
    return directory
  } catch (cause) {
    throw new ServerError(
      'TSG_CHDIR',
      `The working directory ${directory} cannot be entered: ${messageOf(cause)}. Check chdir.`,
      { cause },
    )
  }
}
