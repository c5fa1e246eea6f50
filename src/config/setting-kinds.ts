/**
 * The constructors of settings. Each states a TypeScript type, its JSON Schema, how text is read and what is
 * allowed, side by side. Words about what is allowed are noun phrases: the caller puts file, setting and value
 * before them. No setting is known here by name.
 */

import { isRecord } from '../util/is-record.ts'
import { faultOfNetwork } from './network.ts'
import { type About, accepted, type Checked, declare, type Kind, refused, type Setting } from './setting.ts'
import { type Bounds, bytesKind, integerKind, octalKind, secondsKind } from './setting-numbers.ts'

export const integer = ({ minimum, maximum, ...about }: About<number> & Bounds): Setting<number> =>
  declare(
    integerKind({
      ...(minimum === undefined ? {} : { minimum }),
      ...(maximum === undefined ? {} : { maximum }),
    }),
    about,
  )
export const seconds = (about: About<number>): Setting<number> => declare(secondsKind, about)
export const octal = (about: About<number>): Setting<number> => declare(octalKind, about)
export const bytes = (about: About<number>): Setting<number> => declare(bytesKind, about)
export const text = (about: About<string>): Setting<string> => declare(textKind, about)

/** On or off. On the command line it takes no value and gives `constant`, by default true. */
export const flag = ({ constant = true, ...about }: About<boolean> & { readonly constant?: boolean }) =>
  declare({ ...flagKind, constant }, about)

/** Texts; a file may also write one text alone, and the flag may be repeated. `item` judges each. */
export const list = ({ item, ...about }: About<readonly string[]> & { readonly item?: Kind<string> }) =>
  declare(
    listKind(item ?? textKind, (written) => [written], 'append'),
    about,
  )

/** Texts that one text may hold, with commas between them. */
export const commaList = ({ item, ...about }: About<readonly string[]> & { readonly item?: Kind<string> }) =>
  declare(listKind(item ?? textKind, splitAtCommas, 'value'), about)

/** One of a few words; capitals and surrounding space do not matter. */
export const choice = <const W extends string>({
  words,
  ...about
}: About<W> & { readonly words: readonly W[] }): Setting<W> => declare(choiceKind(words), about)

/** A choice whose flag may stand without a value, and then gives `constant`. */
export const choiceOrBare = <const W extends string>({
  words,
  constant,
  ...about
}: About<W> & { readonly words: readonly W[]; readonly constant: NoInfer<W> }): Setting<W> =>
  declare({ ...choiceKind(words), flag: 'optional', constant }, about)

/** Names and texts. */
export const mapping = (about: About<Readonly<Record<string, string>>>) => declare(mappingKind, about)

/** A setting that may be left out: `null`, `undefined` and the empty text mean so. */
export const optional = <T>(
  kind: Kind<T>,
  about: Omit<About<T | undefined>, 'default'>,
): Setting<T | undefined> => declare(optionalKind(kind), { ...about, default: undefined })

/** Either what `kind` allows, or the word. */
export const orWord = <T, const W extends string>(
  kind: Kind<T>,
  word: W,
  about: About<T | W>,
): Setting<T | W> => declare(orWordKind(kind, word), about)

/** The parameters hooks are given, by the names they have in the manual, with their types as text. */
export const hookParameters = {
  server: 'HookServer',
  worker: 'HookWorker',
  request: 'HookRequest',
  environ: 'HookEnviron',
  response: 'HookResponse',
  new_value: 'number',
  old_value: 'number | undefined',
  config: 'Config',
  default_ssl_context_factory: 'HookSslFactory',
} as const

/**
 * A server hook: a function of at most these parameters, absent by default. `F` has to agree with `parameters` and
 * `returns`; the type test compares them.
 */
export const hook = <F>({
  parameters,
  returns = 'void',
  ...about
}: Omit<About<F | undefined>, 'default'> & {
  readonly parameters: ReadonlyArray<keyof typeof hookParameters>
  readonly returns?: 'void' | 'HookSslContext'
}): Setting<F | undefined> =>
  declare(optionalKind(hookKind<F>(parameters, returns)), { ...about, default: undefined })

// --- kinds ---

const bad = (kind: string, allowed: string) => ({ kind, parse: () => refused(allowed) })

/** Text; space around it is dropped, as Gunicorn does. */
export const textKind: Kind<string> = {
  kind: 'text',
  type: 'string',
  schema: { type: 'string' },
  flag: 'value',
  parse: (written) => accepted(written.trim()),
  check: (value) => (typeof value === 'string' ? accepted(value.trim()) : refused('text')),
}

/** The path of a file or directory; relative ones start from `chdir`. */
export const pathKind: Kind<string> = { ...textKind, kind: 'path' }

/** `NAME=VALUE`, as in an environment. */
export const assignmentKind: Kind<string> = matching('assignment', /^[^=\s]+=/, 'text of the form NAME=VALUE')

/** An address or network of IP version 4 or 6, or `*` for all. */
export const networkKind: Kind<string> = (() => {
  const parse = (written: string): Checked<string> => {
    const trimmed = written.trim()
    const fault = trimmed === '*' ? undefined : faultOfNetwork(trimmed)
    return fault === undefined
      ? accepted(trimmed)
      : refused(`IP addresses, networks as 10.0.0.0/8, or * for all (${fault})`)
  }
  return { ...textKind, kind: 'network', parse, check: textOnly(parse, 'IP addresses, networks or *') }
})()

/** A user or group of the system: a name, or a number. */
export const accountKind: Kind<string | number> = {
  kind: 'account',
  type: 'string | number',
  schema: { anyOf: [{ type: 'string' }, { type: 'integer', minimum: 0 }] },
  flag: 'value',
  parse: (written) => accepted(/^\s*\d+\s*$/.test(written) ? Number(written) : written.trim()),
  check: (value) => {
    if (typeof value === 'string') return accountKind.parse(value)
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? accepted(value)
      : refused('a name, or a number of 0 or more')
  },
}

/** Anything: the values of settings that only a later part can judge. */
export const anyKind: Kind<unknown> = {
  kind: 'any',
  type: 'unknown',
  schema: {},
  flag: 'value',
  parse: (written) => accepted(written),
  check: (value) => accepted(value),
}

/** Text of a form; `allowed` says which. */
export function matching(kind: string, pattern: RegExp, allowed: string): Kind<string> {
  const parse = (written: string): Checked<string> => {
    const trimmed = written.trim()
    return pattern.test(trimmed) ? accepted(trimmed) : refused(allowed)
  }
  return {
    ...textKind,
    kind,
    schema: { type: 'string', pattern: pattern.source },
    parse,
    check: textOnly(parse, allowed),
  }
}

function textOnly<T>(parse: (written: string) => Checked<T>, allowed: string) {
  return (value: unknown): Checked<T> => (typeof value === 'string' ? parse(value) : refused(allowed))
}

const flagKind: Kind<boolean> = {
  kind: 'flag',
  type: 'boolean',
  schema: { type: 'boolean' },
  flag: 'switch',
  parse: (written) => {
    const word = written.trim().toLowerCase()
    return word === 'true' || word === 'false' ? accepted(word === 'true') : refused('true or false')
  },
  check: (value) => {
    if (typeof value === 'boolean') return accepted(value)
    return typeof value === 'string' ? flagKind.parse(value) : refused('true or false')
  },
}

const splitAtCommas = (written: string): readonly string[] =>
  written
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

function listKind(
  item: Kind<string>,
  split: (written: string) => readonly string[],
  flagForm: 'append' | 'value',
): Kind<readonly string[]> {
  const allowed = 'a list of texts'
  const all = (items: readonly unknown[]): Checked<readonly string[]> => {
    const values: string[] = []
    for (const one of items) {
      const checked = item.check(one)
      if (!checked.ok) return item === textKind ? refused(allowed) : checked
      values.push(checked.value)
    }
    return accepted(values)
  }
  const parse = (written: string) => all(split(written))
  return {
    kind: item === textKind ? 'list' : `list of ${item.kind}`,
    type: 'readonly string[]',
    accepts: 'string | readonly string[]',
    schema: { anyOf: [{ type: 'string' }, { type: 'array', items: item.schema }] },
    flag: flagForm,
    parse,
    check: (value) => {
      if (typeof value === 'string') return parse(value)
      return Array.isArray(value) ? all(value) : refused(allowed)
    },
  }
}

function choiceKind<W extends string>(words: readonly W[]): Kind<W> {
  const allowed = `one of ${words.join(', ')}`
  const parse = (written: string): Checked<W> => {
    const wanted = written.trim().toLowerCase()
    const word = words.find((candidate) => candidate.toLowerCase() === wanted)
    return word === undefined ? refused(allowed) : accepted(word)
  }
  return {
    kind: 'choice',
    type: words.map((word) => `'${word}'`).join(' | '),
    schema: { enum: words },
    flag: 'value',
    parse,
    check: textOnly(parse, allowed),
  }
}

const mappingKind: Kind<Readonly<Record<string, string>>> = {
  ...bad('mapping', 'a mapping of names to texts, in the configuration file'),
  type: 'Readonly<Record<string, string>>',
  schema: { type: 'object', additionalProperties: { type: 'string' } },
  flag: 'value',
  check: (value) => {
    const allowed = 'a mapping of names to texts'
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refused(allowed)
    const entries: Array<readonly [string, string]> = []
    for (const [name, written] of Object.entries(value)) {
      if (typeof written !== 'string') return refused(`${allowed} ('${name}' is not text)`)
      entries.push([name, written])
    }
    return accepted(Object.fromEntries(entries))
  },
}

/** Plain data under names, that only its user can judge. */
export const dictionaryKind: Kind<Readonly<Record<string, unknown>>> = {
  ...bad('dictionary', 'a dictionary, in the configuration file'),
  type: 'Readonly<Record<string, unknown>>',
  schema: { type: 'object' },
  flag: 'value',
  check: (value) =>
    isRecord(value) && !Array.isArray(value) ? accepted(value) : refused('a dictionary of plain data'),
}

function optionalKind<T>(kind: Kind<T>): Kind<T | undefined> {
  const type = kind.type.includes('=>') ? `(${kind.type})` : kind.type
  return {
    ...kind,
    type: `${type} | undefined`,
    parse: (written) => (written.trim() === '' ? accepted(undefined) : kind.parse(written)),
    check: (value) =>
      value === undefined || value === null || value === '' ? accepted(undefined) : kind.check(value),
    schema: nullable(kind.schema),
  }
}

function nullable(schema: Kind<unknown>['schema']): Kind<unknown>['schema'] {
  if (typeof schema['type'] === 'string') return { ...schema, type: [schema['type'], 'null'] }
  return { anyOf: [schema, { type: 'null' }] }
}

function orWordKind<T, W extends string>(kind: Kind<T>, word: W): Kind<T | W> {
  const either = (checked: Checked<T>): Checked<T | W> =>
    checked.ok ? checked : { ...checked, allowed: `${checked.allowed}, or '${word}'` }
  const isWord = (value: unknown) => typeof value === 'string' && value.trim().toLowerCase() === word
  return {
    ...kind,
    type: `${kind.type} | '${word}'`,
    schema: { anyOf: [kind.schema, { const: word }] },
    parse: (written) => (isWord(written) ? accepted(word) : either(kind.parse(written))),
    check: (value) => (isWord(value) ? accepted(word) : either(kind.check(value))),
  }
}

function hookKind<F>(parameters: ReadonlyArray<keyof typeof hookParameters>, returns: string): Kind<F> {
  const signature = parameters.map((name) => `${name}: ${hookParameters[name]}`).join(', ')
  const allowed = `a function of (${parameters.join(', ')})`
  // The parameter types cannot be looked into at run time: a function that does not ask for more is taken at its word.
  const fits = (value: unknown): value is F =>
    typeof value === 'function' && value.length <= parameters.length
  return {
    ...bad('hook', `${allowed}, in the configuration file`),
    type: `(${signature}) => ${returns} | Promise<${returns}>`,
    schema: {},
    flag: 'value',
    check: (value) => (fits(value) ? accepted(value) : refused(allowed)),
  }
}
