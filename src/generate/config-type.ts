/**
 * Writes `src/config/config.ts`: the resolved configuration as an interface, so that an editor shows each
 * setting's manual entry, and what a file may write where that is wider.
 */
import type { Setting } from '../config/setting.ts'
import { settings } from '../config/settings/index.ts'
import { doNotEdit, tsdoc } from './words.ts'

export const hookTypes = [
  'HookEnviron',
  'HookRequest',
  'HookResponse',
  'HookServer',
  'HookSslContext',
  'HookSslFactory',
  'HookWorker',
] as const

export const configType = (): string =>
  [
    `// ${doNotEdit}`,
    '// biome-ignore-all format: generated, its long types stay on one line',
    '',
    `import type { ${hookTypes.join(', ')} } from './hook-types.ts'`,
    '',
    '/** The configuration with every setting resolved. Hooks and paths that were not given are `undefined`. */',
    'export interface Config {',
    ...all().map(([name, setting]) => `${tsdoc(setting, '  ')}\n  readonly ${name}: ${typeOf(setting)}`),
    '}',
    '',
    '/** What a configuration file may write, for the settings that take more than they resolve to. */',
    'export interface WiderThanConfig {',
    ...all().flatMap(([name, { accepts }]) =>
      accepts === undefined ? [] : [`  readonly ${name}: ${accepts}`],
    ),
    '}',
    '',
  ].join('\n')

export const all = (): ReadonlyArray<readonly [string, Setting]> => Object.entries<Setting>(settings)

/** `unknown | undefined` is `unknown`. */
export const typeOf = (setting: Setting): string => setting.type.replace(/^unknown \| undefined$/, 'unknown')
