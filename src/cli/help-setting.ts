/** What `--help=SETTING` prints: the entry of the reference. */
import type { Setting } from '../config/setting.ts'
import { isSettingName, type SettingName, settings } from '../config/settings/index.ts'
import { ServerError } from '../errors.ts'
import { wrap } from './help.ts'

const WIDTH = 90

/** `topic`: a setting's name, or one of its flags. Rejects with TSG_USAGE and the nearest name. */
export async function renderSetting(topic: string): Promise<string> {
  const name = await nameOf(topic)
  const setting: Setting = settings[name]
  const flags = setting.cli?.join(', ') ?? 'none, configuration file only'
  const value = setting.defaultText ?? JSON.stringify(setting.default) ?? 'not set'
  const facts = [
    `  flag     ${flags}`,
    ...(setting.env ? [`  variable ${setting.env}`] : []),
    `  type     ${setting.type}`,
    `  default  ${value}`,
    ...(setting.later ? [`  comes with ${setting.later}`] : []),
  ]
  return `${[name, '', ...wrap(setting.summary, WIDTH), '', ...facts, ...detailLines(setting)].join('\n')}\n`
}

const detailLines = ({ details }: Setting): readonly string[] =>
  (details ?? '')
    .split(/\n\s*\n/)
    .flatMap((paragraph) => (paragraph.trim() ? ['', ...wrap(paragraph, WIDTH)] : []))

async function nameOf(topic: string): Promise<SettingName> {
  const name = topic.replace(/^--?/, '').replaceAll('-', '_')
  if (isSettingName(name)) return name
  const names = Object.keys(settings).filter(isSettingName)
  const byFlag = names.find((other) => (settings[other] as Setting).cli?.includes(topic))
  if (byFlag) return byFlag
  const { closest } = await import('fastest-levenshtein')
  throw new ServerError(
    'TSG_USAGE',
    `--help: there is no setting '${topic}'. Did you mean '${closest(name, names)}'?`,
  )
}
