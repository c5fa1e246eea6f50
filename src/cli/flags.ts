/**
 * The flags of the settings as commander's options. One setting may have several flags, and a negated flag (as
 * `--no-sendfile`) is only a name here: what it gives is the setting's constant.
 */

import type { Option } from 'commander'
import type { Setting } from '../config/setting.ts'
import type { SettingsTable } from '../config/validate.ts'
import type { FlagForm, FlagForms } from './tokens.ts'

/** Flags that are no settings: the program's own. */
export const ownFlags = {
  '-h': 'optional',
  '--help': 'optional',
  '-v': 'switch',
  '--version': 'switch',
} as const satisfies Record<string, FlagForm['takes']>

/** One flag of one setting. */
export interface SettingFlag {
  readonly flag: string
  readonly name: string
  readonly setting: Setting
}

export const settingFlags = (table: SettingsTable): readonly SettingFlag[] =>
  Object.entries(table).flatMap(([name, setting]) =>
    (setting.cli ?? []).map((flag) => ({ flag, name, setting })),
  )

/** How each flag takes its value, for tokens.ts. */
export function flagForms(table: SettingsTable): FlagForms {
  const own = Object.entries(ownFlags).map(
    ([flag, takes]) => [flag, { takes, accepts: notFlag, means: flag, gunicorn: true }] as const,
  )
  const others = settingFlags(table).map(({ flag, setting }) => [flag, formOf(setting)] as const)
  return new Map<string, FlagForm>([...own, ...others])
}

const notFlag = (text: string): boolean => !text.startsWith('-')

const formOf = (setting: Setting): FlagForm => ({
  takes: setting.flag,
  accepts: (text) => setting.parse(text).ok,
  means: setting,
  gunicorn: setting.gunicorn !== false,
})

/** How a value is shown after its flag: ` INT`, ` [MODE]`, nothing for a switch. */
export const valueText = ({ flag, metavar }: Setting): string => {
  const word = metavar ?? 'VALUE'
  const texts = { switch: '', append: ` <${word}>`, value: ` <${word}>`, optional: ` [${word}]` } as const
  return texts[flag]
}

/** commander's option for one flag. */
export const optionOf = ({ flag, setting }: SettingFlag, OptionClass: typeof Option): Option =>
  new OptionClass(`${flag}${valueText(setting)}`, setting.summary)
