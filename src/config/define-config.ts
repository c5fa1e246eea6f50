/** The types a configuration file is written against, and the helper that gives them to it. */
import type { Config, WiderThanConfig } from './config.ts'

/** The settings as a configuration file writes them; all may be left out. */
export type UserConfig = {
  readonly [Name in keyof Config]?:
    | (Name extends keyof WiderThanConfig ? WiderThanConfig[Name] : Config[Name])
    | undefined
}

/** What a configuration function is told. */
export interface ConfigContext {
  /** The environment the server was started with. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export type ConfigFunction = (context: ConfigContext) => UserConfig | Promise<UserConfig>

/**
 * Gives a configuration its type; returns it as it is, and judges nothing: that is done when the server loads it.
 *
 * @example export default defineConfig({ workers: 'auto', bind: '0.0.0.0:8000' })
 * @example export default defineConfig(({ env }) => ({ reload: env.NODE_ENV !== 'production' }))
 */
export function defineConfig(config: UserConfig): UserConfig
export function defineConfig(config: ConfigFunction): ConfigFunction
export function defineConfig(config: UserConfig | ConfigFunction): UserConfig | ConfigFunction {
  return config
}
