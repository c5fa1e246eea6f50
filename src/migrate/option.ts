/**
 * The vocabulary of translations: what becomes of each option of another server. One table for each server is the
 * source of what `init --from` writes and of the table in docs/migrate. No option and no server is known here.
 */
import { type SettingName, settings } from '../config/settings/index.ts'
import type { SettingsTable } from '../config/validate.ts'
import { didYouMean, nearestName, shown } from '../config/words.ts'
import { type Entry, folded } from './text.ts'

/** What becomes of an option: settings, work for a person, or nothing at all. */
export interface Option<Facts> {
  /** The settings it becomes; none: it is work for a person, or nothing. */
  readonly becomes?: readonly SettingName[]
  /** Other names that it has. */
  readonly aliases?: readonly string[]
  /** Why and what to do, or what to know of it: Markdown, whole sentences. */
  readonly words: string
  /** What is written. Without it an option is told as something to do, unless `needless`. */
  readonly write?: (value: unknown, facts: Facts) => readonly Entry[]
  /** Values for which nothing has to be told. */
  readonly unless?: (value: unknown) => boolean
  /** Nothing has to be done for it. */
  readonly needless?: true
}

export type Options<Facts> = Readonly<Record<string, Option<Facts>>>

const table: SettingsTable = settings

/** What is written for all that is given, in the order of the table; what is not in the table comes last. */
export async function translateOptions<Facts>(
  options: Options<Facts>,
  given: Readonly<Record<string, unknown>>,
  facts: Facts,
): Promise<readonly Entry[]> {
  const names = namesOf(options)
  const known = Object.keys(given).filter((name) => names.has(name))
  const unknown = Object.keys(given).filter((name) => !names.has(name))
  const order = Object.keys(options)
  const sorted = known.toSorted((a, b) => order.indexOf(names.get(a) ?? a) - order.indexOf(names.get(b) ?? b))
  const written: Entry[] = []
  const needless: string[] = []
  for (const name of sorted) {
    const option = options[names.get(name) ?? name]
    if (option?.needless) needless.push(name)
    else if (option !== undefined) written.push(...entriesOf(name, option, given[name], facts))
  }
  return [
    ...joined(written).map(judged),
    ...(await Promise.all(unknown.map((name) => unknownEntry(name, [...names.keys()])))),
    ...(needless.length === 0 ? [] : [{ comment: folded(`Nothing is needed for: ${needless.join(', ')}.`) }]),
  ]
}

/** Every name, the other ones too -> the name in the table. */
export const namesOf = <Facts>(options: Options<Facts>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(options).flatMap(([name, { aliases = [] }]) =>
      [name, ...aliases].map((each) => [each, name] as const),
    ),
  )

const entriesOf = <Facts>(
  name: string,
  option: Option<Facts>,
  value: unknown,
  facts: Facts,
): readonly Entry[] => {
  if (option.unless?.(value)) return []
  return option.write?.(value, facts) ?? [toDo(name, option.words)]
}

/** A comment about something that a person has to do, and lines of code. The words are those of the document. */
export const toDo = (name: string, words: string, ...code: readonly string[]): Entry => ({
  comment: [folded(`TODO: ${name}: ${words.replaceAll('`', '')}`), ...code].join('\n'),
})

export const notUnderstood = (name: string, value: unknown, allowed: string): Entry =>
  toDo(name, `${shown(value)} is not understood. It is ${allowed}.`)

/** Settings that several options give: lists are joined, of other values the last one counts. */
const joined = (entries: readonly Entry[]): readonly Entry[] => {
  const out: Entry[] = []
  for (const entry of entries) {
    const at = 'set' in entry ? out.findIndex((one) => 'set' in one && one.set === entry.set) : -1
    const before = out[at]
    if (at < 0 || before === undefined || !('set' in entry) || !('set' in before)) out.push(entry)
    else out[at] = both(before, entry)
  }
  return out
}

type Given = Extract<Entry, { readonly set: string }>

const both = (a: Given, b: Given): Given => {
  const note = [...new Set([a.note, b.note])].filter((words) => words !== undefined).join('\n')
  const value = Array.isArray(a.value) && Array.isArray(b.value) ? joinedLists(a.value, b.value) : b.value
  return { ...a, ...b, value, note: note === '' ? undefined : note }
}

/** Of two assignments to one variable the last one stays. */
const joinedLists = (a: readonly unknown[], b: readonly unknown[]): readonly unknown[] => {
  const nameOf = (item: unknown) => (/^\w+(?==)/u.exec(String(item)) ?? [String(item)])[0]
  const names = new Set(b.map(nameOf))
  return [...a.filter((item) => !names.has(nameOf(item))), ...b]
}

/** What a setting cannot be is not written, but told of: the file that is written always loads. */
const judged = (entry: Entry): Entry => {
  if ('comment' in entry || entry.needs !== undefined) return entry
  const checked = table[entry.set]?.check(entry.value)
  if (checked === undefined || checked.ok) return entry
  return toDo(entry.set, `${shown(entry.value)} is not allowed. Allowed: ${checked.allowed}.`)
}

const unknownEntry = async (name: string, names: readonly string[]): Promise<Entry> => {
  const near = await nearestName(name, names, 2)
  return toDo(name, `it is not known here, and nothing was made of it.${didYouMean(near)}`)
}
