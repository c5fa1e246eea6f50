/**
 * A configuration that is written in Python, read by a Python process and judged here. As Gunicorn does it takes every
 * public name that is a setting and leaves the others alone: a Python file has variables of its own.
 */
import { ServerError } from '../errors.ts'
import { findInterpreter } from '../python/interpreter.ts'
import { loadPythonConfig, type PythonConfig, type PythonRead } from '../python/load-config.ts'
import { Lodging } from '../python/lodging.ts'
import { PythonFault } from '../python/side.ts'
import { type Found, nameOf } from './find.ts'
import type { GivenFile, Judging, LodgingPlace } from './given-file.ts'
import { isMasterHook, isWorkerHook } from './hook-names.ts'
import { pythonHook } from './python-hooks.ts'
import { lineOfName } from './python-source.ts'
import { fromPython, shownAsPython } from './python-values.ts'
import type { Setting } from './setting.ts'
import type { Issue, Judged, SettingsTable } from './validate.ts'
import { didYouMean, nearestName } from './words.ts'

export interface PythonJudging extends Judging {
  /** The interpreter that the command line or GUNICORN_CMD_ARGS asks for. */
  readonly python: string | undefined
  /** Where the process lives that the file is read by, from one load to the next. */
  readonly lodging?: LodgingPlace | undefined
}

/**
 * Reads and judges a Python file, or module. Its process stays (until `close`) when there are hooks of the master.
 * Rejects with TSG_PYTHON, TSG_CONFIG_SYNTAX and TSG_CONFIG_THREW; wrong values are in `judged`.
 */
export async function readPythonFile(found: Found, judging: PythonJudging): Promise<GivenFile> {
  const { config, judged } = await openPythonFile(found, judging)
  const hooks = config.hooks.filter((hook) => Object.hasOwn(judging.table, hook))
  const stays = hooks.some(isMasterHook)
  if (!stays) config.close()
  return {
    file: config.file,
    files: config.files,
    judged,
    ...(hooks.some(isWorkerHook) ? { python: textOf(config, found) } : {}),
    inherited: (age) => config.inherited(age),
    ...(stays ? { close: () => config.close() } : {}),
  }
}

const textOf = ({ file, source }: PythonConfig, { module }: Found): NonNullable<GivenFile['python']> => ({
  file,
  source,
  ...(module === undefined ? {} : { module }),
})

/** As `readPythonFile`, with what Python said of the file; its process is the caller's to close. */
export async function openPythonFile(
  { file, module }: Found,
  { table, directory, env, python, lodging = {} }: PythonJudging,
): Promise<{ readonly config: PythonConfig; readonly judged: Judged }> {
  const name = file === undefined ? `python:${module}` : nameOf(file, directory)
  const interpreter = await findInterpreter({ python, directory, env })
  const wanted = file === undefined ? { module: module ?? '' } : { file }
  const request = { ...wanted, directory, env, python: interpreter.path }
  lodging.kept ??= new Lodging()
  const config = await loadPythonConfig(request, lodging.kept).catch((thrown: unknown) =>
    Promise.reject(thrown instanceof PythonFault ? broken(name, thrown) : thrown),
  )
  return { config, judged: await judgePython(table, config, nameOf(config.file, directory)) }
}

const broken = (name: string, { message, line, traceback }: PythonFault): ServerError => {
  const code = /^(?:Syntax|Indentation|Tab)Error\b/u.test(message) ? 'TSG_CONFIG_SYNTAX' : 'TSG_CONFIG_THREW'
  const where = line === undefined ? name : `${name}:${line}`
  const words =
    traceback === undefined
      ? `the Python process that reads it failed: ${message}`
      : message.replace(/\.$/u, '')
  return new ServerError(
    code,
    `${where}: ${words}.`,
    traceback === undefined ? {} : { detail: traceback.trimEnd() },
  )
}

// --- judging ---

/** Judges what a Python configuration gives. `place` is its name in messages. */
export async function judgePython(
  table: SettingsTable,
  config: PythonConfig,
  place: string,
): Promise<Judged> {
  const values: Record<string, unknown> = {}
  const lines: Record<string, number> = {}
  const issues: Issue[] = []
  const warnings: string[] = []
  for (const [name, given] of givenBy(config)) {
    const line = lineOfName(config.source, name)
    const where = line === undefined ? place : `${place}:${line}`
    const setting = Object.hasOwn(table, name) ? table[name] : undefined
    if (setting === undefined) {
      if (given.kind === 'data') warnings.push(...(await slip(table, name, where)))
      continue
    }
    const verdict = judgeOne(name, setting, given, config)
    if (verdict.kind === 'fault') issues.push(verdict.fault(where))
    if (verdict.kind !== 'value') continue
    values[name] = verdict.value
    if (line !== undefined) lines[name] = line
  }
  return { values, lines, issues, warnings }
}

const cannotBeCalled = (name: string, words: string): Verdict => ({
  kind: 'fault',
  fault: (where) => ({ code: 'TSG_SETTING_INVALID', text: `${where}: ${name}: ${words}.` }),
})

type Given =
  | { readonly kind: 'data'; readonly value: unknown }
  | { readonly kind: 'callable' }
  | { readonly kind: 'object'; readonly what: string }
  | { readonly kind: 'broken'; readonly words: string }

const givenBy = ({ values, hooks, objects, faults }: PythonRead): ReadonlyArray<readonly [string, Given]> => [
  ...Object.entries(values).map(([name, value]) => [name, { kind: 'data', value }] as const),
  ...hooks.map((name) => [name, { kind: 'callable' }] as const),
  ...Object.entries(objects).map(([name, what]) => [name, { kind: 'object', what }] as const),
  ...Object.entries(faults).map(([name, words]) => [name, { kind: 'broken', words }] as const),
]

type Verdict =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'absent' }
  | { readonly kind: 'fault'; readonly fault: (where: string) => Issue }

const judgeOne = (name: string, setting: Setting, given: Given, config: PythonConfig): Verdict => {
  if (given.kind === 'data') return judgeData(name, setting, given.value)
  if (given.kind === 'callable') {
    if (name === 'ssl_context') return fault(name, 'a Python function', noSslContext)
    const isHook = setting.kind === 'hook' || setting.kind === 'any'
    return isHook ? value(pythonHook(name, config)) : fault(name, 'a Python function', plainData)
  }
  if (given.kind === 'broken') return cannotBeCalled(name, given.words)
  const className = /^class '(?:__config__\.)?(.+)'$/u.exec(given.what)?.[1]
  if (className !== undefined && classes.has(name)) return value(className)
  return fault(name, `a Python ${given.what}`, name === 'logconfig_dict' ? plainLogging : plainData)
}

/** Settings that Gunicorn lets be classes. Their names are judged as text is. */
const classes: ReadonlySet<string> = new Set(['worker_class', 'logger_class'])

const judgeData = (name: string, setting: Setting, written: unknown): Verdict => {
  const taken = fromPython(name, setting, written)
  if (taken.kind === 'absent') return { kind: 'absent' }
  const checked = setting.check(taken.value)
  if (checked.ok) return value(checked.value)
  const text = `${name} = ${shownAsPython(written)} is not allowed. Allowed: ${checked.allowed}.`
  return { kind: 'fault', fault: (where) => ({ code: 'TSG_SETTING_INVALID', text: `${where}: ${text}` }) }
}

const value = (given: unknown): Verdict => ({ kind: 'value', value: given })

const fault = (name: string, what: string, words: string): Verdict => ({
  kind: 'fault',
  fault: (where) => ({ code: 'TSG_SETTING_INVALID', text: `${where}: ${name} is ${what}. ${words}` }),
})

const plainData = 'It can be numbers, texts, lists and dictionaries of them alone.'
const plainLogging =
  "It travels to the workers as data: name classes and streams by text ('ext://sys.stdout', 'pkg.Formatter'), or give logconfig."
const noSslContext =
  'TLS is spoken by Node here, which takes no context of Python: use certfile, keyfile, ciphers and cert_reqs, or ssl_context in a gunicorn.conf.ts.'

/** A variable that differs from a setting by a letter or two was probably meant to be it. */
const slip = async (table: SettingsTable, name: string, where: string): Promise<readonly string[]> => {
  if (name !== name.toLowerCase()) return []
  const near = await nearestName(name, Object.keys(table), 2)
  return near === undefined ? [] : [`${where}: '${name}' is no setting and is ignored.${didYouMean(near)}`]
}
