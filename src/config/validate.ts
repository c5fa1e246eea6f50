/**
 * Judges what a configuration file gives, name by name and value by value; every fault is found before any is told.
 *
 * It reads nothing and decides nothing about where values come from.
 */

import { isDeepStrictEqual } from 'node:util'
import { type ErrorCode, ServerError } from '../errors.ts'
import type { Setting } from './setting.ts'
import type { Exported } from './shape.ts'
import { didYouMean, lineOfKey, nearestName, shown, toSnakeCase } from './words.ts'

export type SettingsTable = Readonly<Record<string, Setting>>

/** A fault; `text` is complete: place, setting, value, what is allowed. */
export interface Issue {
  readonly code: ErrorCode
  readonly text: string
}

export interface Judged {
  /** The values that passed, as their settings normalise them. */
  readonly values: Readonly<Record<string, unknown>>
  /** Setting -> line in the file, where it was found. */
  readonly lines: Readonly<Record<string, number>>
  readonly issues: readonly Issue[]
  readonly warnings: readonly string[]
}

/** Judges every name and value of a file. `place` is the file's name in messages, `source` its text. */
export async function judge(
  table: SettingsTable,
  exported: Exported,
  { place, source }: { readonly place: string; readonly source: string },
): Promise<Judged> {
  const values: Record<string, unknown> = {}
  const lines: Record<string, number> = {}
  const issues: Issue[] = []
  const warnings: string[] = []
  for (const { name, value, loose } of entriesOf(exported)) {
    const line = lineOfKey(source, name)
    const where = line === undefined ? place : `${place}:${line}`
    const setting = Object.hasOwn(table, name) ? table[name] : undefined
    if (setting === undefined) {
      const verdict = await judgeUnknown(table, name, where, loose)
      if (verdict.kind === 'issue') issues.push({ code: 'TSG_SETTING_UNKNOWN', text: verdict.text })
      if (verdict.kind === 'warning') warnings.push(verdict.text)
      continue
    }
    const checked = setting.check(value)
    if (checked.ok) {
      values[name] = checked.value
      if (line !== undefined) lines[name] = line
    } else issues.push(invalid(where, name, value, checked.allowed))
  }
  return { values, lines, issues, warnings }
}

interface Entry {
  readonly name: string
  readonly value: unknown
  readonly loose: boolean
}

/** `undefined` is not given, so that `workers: process.env.N ? 4 : undefined` works; `null` is. */
function entriesOf({ object, named }: Exported): readonly Entry[] {
  const entries = (of: Readonly<Record<string, unknown>>, loose: boolean): readonly Entry[] =>
    Object.entries(of).map(([name, value]) => ({ name, value, loose }))
  return [...entries(object, false), ...entries(named, true)].filter(
    ({ name, value }) => value !== undefined && name !== '$schema' && name !== '__esModule',
  )
}

type Verdict =
  | { readonly kind: 'helper' }
  | { readonly kind: 'issue'; readonly text: string }
  | { readonly kind: 'warning'; readonly text: string }

/**
 * A name that is no setting. In an object it is a fault. Among named exports it may be a helper for other modules:
 * `UPPER_CASE`, `_private` and camelCase names are, unless the camelCase is that of a setting; a name in small
 * letters that is near a setting's is a typing mistake; others are worth a warning.
 */
async function judgeUnknown(
  table: SettingsTable,
  name: string,
  where: string,
  loose: boolean,
): Promise<Verdict> {
  const names = Object.keys(table)
  if (!loose) return unknown(where, name, await nearestName(name, names))
  if (name.startsWith('_') || /^[A-Z]/.test(name)) return { kind: 'helper' }
  if (/[A-Z]/.test(name)) {
    const snake = toSnakeCase(name)
    return names.includes(snake) && snake !== name ? unknown(where, name, snake) : { kind: 'helper' }
  }
  const near = await nearestName(name, names, 2)
  if (near !== undefined) return unknown(where, name, near)
  const text = `${where}: the export '${name}' is no setting and is ignored. Name helpers as '_${name}' or in camelCase.`
  return { kind: 'warning', text }
}

const unknown = (where: string, name: string, near: string | undefined): Verdict => ({
  kind: 'issue',
  text: `${where}: '${name}' is no setting.${didYouMean(near)}${near === undefined ? " 'tsgunicorn --help=all' lists them." : ''}`,
})

/** The fault of a value, wherever it was given. */
export const invalid = (where: string, name: string, value: unknown, allowed: string): Issue => ({
  code: 'TSG_SETTING_INVALID',
  text: `${where}: ${name} = ${shown(value)} is not allowed. Allowed: ${allowed}.`,
})

/** The fault of a setting that is given, not with its default, before the server can honour it. */
export function tooEarly(where: string, name: string, setting: Setting, value: unknown): Issue | undefined {
  if (setting.later === undefined || isDeepStrictEqual(value, setting.default)) return undefined
  return {
    code: 'TSG_SETTING_LATER',
    text: `${where}: ${name} = ${shown(value)} cannot be honoured yet: it comes with ${setting.later}. Remove it.`,
  }
}

/** Throws all faults as one error, under the code of the first. */
export function refuseIssues(issues: readonly Issue[]): void {
  const [first] = issues
  if (first === undefined) return
  if (issues.length === 1) throw new ServerError(first.code, first.text)
  const list = issues.map(({ text }) => `  ${text}`).join('\n')
  throw new ServerError(first.code, `${issues.length} settings cannot be used:\n${list}`)
}
