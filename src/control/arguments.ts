/**
 * Arguments of commands: their kinds, their bounds, and how they are read from JSON or from a query's text. Pure.
 */
import { isAbsolute } from 'node:path'
import { isRecord } from '../util/is-record.ts'
import { Refusal } from './refusal.ts'

/** Who only says `wait` waits so long; seconds. */
export const defaultWait = 60
const longestWait = 86_400
const longestProfile = 600
const mostWorkers = 10_000
const longestText = 4096

const integerOf = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^[+-]?\d{1,10}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined
}

const numberOf = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^\d{1,10}(\.\d{1,9})?$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

const within = (number: number | undefined, least: number, most: number): number | undefined =>
  number !== undefined && number >= least && number <= most ? number : undefined

/** A query says `?quick`, which has no value, or `?quick=1`. */
const flags: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  ['', true],
  ['1', true],
  ['true', true],
  [false, false],
  ['0', false],
  ['false', false],
])

/** What a value must be, in words, and the value that was read; undefined when it is not that. */
export const kinds = {
  pid: { words: 'a process id', read: (value) => within(integerOf(value), 1, 2 ** 31 - 1) },
  workers: {
    words: `a number of workers (1 to ${mostWorkers})`,
    read: (value) => within(integerOf(value), 1, mostWorkers),
  },
  difference: {
    words: `a number of workers, more or less (-${mostWorkers} to ${mostWorkers}, not 0)`,
    read: (value) => within(integerOf(value), -mostWorkers, mostWorkers) || undefined,
  },
  wait: {
    words: `seconds to wait (0.1 to ${longestWait}), or nothing for ${defaultWait}`,
    read: (value) =>
      value === true || value === '' ? defaultWait : within(numberOf(value), 0.1, longestWait),
  },
  seconds: {
    words: `seconds (0.1 to ${longestProfile})`,
    read: (value) => within(numberOf(value), 0.1, longestProfile),
  },
  flag: { words: 'true or false', read: (value) => flags.get(value) },
  profile: {
    words: "'cpu' or 'heap'",
    read: (value) => (value === 'cpu' || value === 'heap' ? value : undefined),
  },
  directory: {
    words: "an absolute path on the server's machine",
    read: (value) =>
      typeof value === 'string' && value.length <= longestText && isAbsolute(value) && !value.includes('\0')
        ? value
        : undefined,
  },
} as const satisfies Record<string, { readonly words: string; readonly read: (value: unknown) => unknown }>

export type Kind = keyof typeof kinds
type Value<K extends Kind> = Exclude<ReturnType<(typeof kinds)[K]['read']>, undefined>

export interface Argument<K extends Kind = Kind> {
  readonly kind: K
  readonly required?: boolean
  readonly summary: string
}

/** What a command is given, once it was read. */
export type Given<A> = {
  readonly [N in keyof A]: A[N] extends Argument<infer K>
    ? A[N] extends { readonly required: true }
      ? Value<K>
      : Value<K> | undefined
    : never
}

/** The name that was probably meant, as the end of a message; '' when none is near. */
export const meant = async (name: string, known: readonly string[]): Promise<string> => {
  const { closest, distance } = await import('fastest-levenshtein')
  const near = closest(name.slice(0, 100), known)
  return distance(name, near) <= Math.max(2, near.length / 3) ? ` Did you mean '${near}'?` : ''
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 100)

/**
 * Reads the arguments of a command; null stands for nothing. Rejects with a Refusal `usage` for an unknown name, a
 * missing argument or a wrong value.
 */
export const readArguments = async (
  command: string,
  known: Readonly<Record<string, Argument>>,
  given: unknown,
): Promise<Readonly<Record<string, unknown>>> => {
  if (given !== undefined && given !== null && (!isRecord(given) || Array.isArray(given)))
    throw new Refusal('usage', `${command}: 'args' is an object, as {"pid": 123}.`)
  const values = new Map(Object.entries(given ?? {}))
  for (const name of values.keys())
    if (!Object.hasOwn(known, name)) throw await unknownArgument(command, name, Object.keys(known))
  const entries = Object.entries(known).map(([name, argument]) => [
    name,
    readOne(command, name, argument, values.get(name)),
  ])
  return Object.fromEntries(entries)
}

const unknownArgument = async (command: string, name: string, known: readonly string[]): Promise<Refusal> => {
  const has = known.length === 0 ? 'It takes none.' : `It takes ${known.join(', ')}.`
  const hint = known.length === 0 ? '' : await meant(name, known)
  return new Refusal('usage', `${command}: there is no argument '${name.slice(0, 100)}'. ${has}${hint}`)
}

const readOne = (command: string, name: string, { kind, required }: Argument, value: unknown): unknown => {
  if (value === undefined || value === null) {
    if (required === true)
      throw new Refusal('usage', `${command}: '${name}' is missing: ${kinds[kind].words}.`)
    return undefined
  }
  const read = kinds[kind].read(value)
  if (read === undefined)
    throw new Refusal('usage', `${command}: '${name}' is ${kinds[kind].words}, not ${shown(value)}.`)
  return read
}
