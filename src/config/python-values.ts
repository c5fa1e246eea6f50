/**
 * What Gunicorn's validators make of Python's values, where that is not what JSON says: `None`, and truth values for
 * settings that are words or numbers here.
 */
import type { Setting } from './setting.ts'
import { shown } from './words.ts'

export type Taken = { readonly kind: 'given'; readonly value: unknown } | { readonly kind: 'absent' }

const numbers: ReadonlySet<string> = new Set(['integer', 'seconds', 'octal', 'bytes'])

type Words = Readonly<Record<string, string>>
const proxyWords: Words = { true: 'auto', false: 'off', '0': 'off', '1': 'auto', none: 'off' }
const cleartextWords: Words = { true: 'prior-knowledge', false: 'off' }

/** Older spellings that Gunicorn still takes, by setting; keys are the values as text. */
const spellings: Readonly<Record<string, Words>> = {
  proxy_protocol: proxyWords,
  http2_cleartext: cleartextWords,
}

/** A value of gunicorn.conf.py as the setting's own check understands it. */
export const fromPython = (name: string, setting: Setting, value: unknown): Taken => {
  if (value === null) return noneOf(setting)
  if (name === 'ssl_version') return given(String(value))
  const word = Object.hasOwn(spellings, name) ? spellings[name]?.[String(value).toLowerCase()] : undefined
  if (word !== undefined) return given(word)
  return given(typeof value === 'boolean' && numbers.has(setting.kind) ? Number(value) : value)
}

/** A value as Python's source has it, as far as that differs. */
export const shownAsPython = (value: unknown): string =>
  new Map<unknown, string>([
    [null, 'None'],
    [true, 'True'],
    [false, 'False'],
  ]).get(value) ?? shown(value)

const given = (value: unknown): Taken => ({ kind: 'given', value })

/** `None` is "not given" for texts, lists and truth values, as in Gunicorn; a number it cannot be. */
const noneOf = (setting: Setting): Taken =>
  setting.check(null).ok || numbers.has(setting.kind) ? given(null) : { kind: 'absent' }
