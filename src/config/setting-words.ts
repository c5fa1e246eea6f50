/**
 * How help and documents say what a declaration knows: its default, its flags, what it waits for. Pure text; it
 * decides no layout.
 */
import type { Setting } from './setting.ts'

/** The default as the manual writes it. */
export const defaultWords = (setting: Setting): string => {
  const value = setting.default
  if (setting.defaultText !== undefined) return setting.defaultText
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return 'none'
  if (value === '') return 'the empty text'
  if (Array.isArray(value)) return value.join(',')
  return typeof value === 'object' ? mappingWords(value) : String(value)
}

/** The flags with the place of their value, as `-b, --bind ADDRESS`; empty for settings without flags. */
export const flagWords = (setting: Setting): string => {
  const names = (setting.cli ?? []).join(', ')
  if (names === '' || setting.flag === 'switch') return names
  const metavar = setting.metavar ?? 'VALUE'
  return setting.flag === 'optional' ? `${names} [${metavar}]` : `${names} ${metavar}`
}

/** What the setting waits for, as a sentence; `undefined` when it is honoured. */
export const laterWords = (setting: Setting): string | undefined =>
  setting.later === undefined ? undefined : `Not there yet: it comes with ${setting.later}.`

const mappingWords = (value: object | null): string =>
  Object.entries(value ?? {})
    .map(([name, text]) => `${name}=${String(text)}`)
    .join(', ')
