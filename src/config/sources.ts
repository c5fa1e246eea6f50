/**
 * Where values come from, and which wins: defaults and environment < file < GUNICORN_CMD_ARGS < command line.
 *
 * It judges environment variables (they are defaults in text); everything else has been judged by who read it.
 */

import { statSync } from 'node:fs'
import { hasCode, ServerError } from '../errors.ts'
import type { Setting } from './setting.ts'
import type { SettingsTable } from './validate.ts'
import { shown } from './words.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The environment of this process: configuration functions are given it. */
export const ownEnvironment = (): Environment => process.env

/** Who gave a value. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'file'; readonly file: string; readonly line?: number }
  | { readonly kind: 'command-variable' }
  | { readonly kind: 'command-line' }

/** Settings that one source gives. A name that is present is given, whatever its value. */
export interface Layer {
  readonly values: Readonly<Record<string, unknown>>
  readonly originOf: (name: string) => Origin
}

export interface Resolved {
  readonly values: Readonly<Record<string, unknown>>
  readonly origins: Readonly<Record<string, Origin>>
}

/** Lays the layers over one another, the last one on top. */
export function resolveLayers(layers: readonly Layer[]): Resolved {
  const values: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer.values)) {
      values[name] = value
      origins[name] = layer.originOf(name)
    }
  }
  return { values, origins }
}

/** The defaults, each from its environment variable when that is set. Throws TSG_ENVIRONMENT. */
export function defaultLayer(table: SettingsTable, env: Environment): Layer {
  const values: Record<string, unknown> = {}
  const variables = new Map<string, string>()
  for (const [name, setting] of Object.entries(table)) {
    const found = fromEnvironment(name, setting, env)
    values[name] = found === undefined ? setting.default : found.value
    if (found !== undefined) variables.set(name, found.variable)
  }
  const originOf = (name: string): Origin => {
    const variable = variables.get(name)
    return variable === undefined ? { kind: 'default' } : { kind: 'environment', variable }
  }
  return { values, originOf }
}

function fromEnvironment(name: string, setting: Setting, env: Environment) {
  const variable = setting.env
  const text = variable === undefined ? undefined : env[variable]
  if (variable === undefined || text === undefined) return undefined
  const checked = (setting.parseEnv ?? setting.parse)(text)
  if (checked.ok) return { variable, value: checked.value }
  // `PORT= tsgunicorn app` is how shells and Dockerfiles say "not set", where the empty text means nothing else.
  if (text.trim() === '') return undefined
  throw new ServerError(
    'TSG_ENVIRONMENT',
    `The environment variable ${variable} is ${shown(text)}, which is not allowed for ${name}. Allowed: ${checked.allowed}.`,
  )
}

/** Words for an origin, as `--print-config` shows them. */
export function describeOrigin(origin: Origin, nameOfFile: (file: string) => string): string {
  switch (origin.kind) {
    case 'default':
      return 'default'
    case 'environment':
      return `environment ${origin.variable}`
    case 'file':
      return `file ${nameOfFile(origin.file)}${origin.line === undefined ? '' : `:${origin.line}`}`
    case 'command-variable':
      return 'environment GUNICORN_CMD_ARGS'
    case 'command-line':
      return 'command line'
  }
}

/**
 * The directory the program was started in, as the user names it: PWD when it is the same directory (so that a
 * symlink that is switched at a deployment stays a symlink), else the working directory. Throws TSG_CHDIR when it has
 * been removed.
 */
export function startDirectory(env: Environment): string {
  const own = workingDirectory()
  const named = env['PWD']
  if (named === undefined || !named.startsWith('/')) return own
  try {
    const [a, b] = [statSync(named), statSync(own)]
    return a.ino === b.ino && a.dev === b.dev ? named : own
  } catch (error) {
    // PWD may name what is gone, what may not be looked at, or no directory at all: then it is not to be trusted.
    if (error instanceof Error) return own
    throw error
  }
}

function workingDirectory(): string {
  try {
    return process.cwd()
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT')) throw cause
    throw new ServerError(
      'TSG_CHDIR',
      'The directory this was started in has been removed. Change to one that is there, and start again.',
      { cause },
    )
  }
}
