/**
 * A loaded configuration on its way to a worker: JSON-safe values, and the bundle's text for the hooks.
 *
 * So a worker has exactly the generation its master loaded, however the files changed since, and reads none of them.
 * This file is part of every worker's start: it imports no build tool, and the evaluation only when it is needed.
 */

import { isRecord } from '../util/is-record.ts'
import type { ConfigModule } from './bundle.ts'
import type { Config } from './config.ts'
import { isMasterHook } from './hook-names.ts'
import type { Exported } from './shape.ts'

/** JSON-safe. */
export interface ConfigTransfer {
  /** Every resolved setting that is data; those that are `undefined` are absent. */
  readonly values: Readonly<Record<string, unknown>>
  /** The settings that are functions a worker calls. */
  readonly functions: readonly string[]
  /** The code they come from; absent when a worker needs none. */
  readonly code?: { readonly module: ConfigModule; readonly style: 'esm' | 'cjs' | 'none' }
}

export interface TransferSource {
  readonly values: Readonly<Record<string, unknown>>
  readonly code?: { readonly module: ConfigModule; readonly style: 'esm' | 'cjs' | 'none' }
}

/** What to send to the workers of this configuration. */
export function transferOf({ values, code }: TransferSource): ConfigTransfer {
  const entries = Object.entries(values)
  const functions = entries
    .filter(([name, value]) => typeof value === 'function' && !isMasterHook(name))
    .map(([name]) => name)
  const data = entries.filter(([, value]) => typeof value !== 'function' && value !== undefined)
  return {
    values: Object.fromEntries(data),
    functions,
    ...(code !== undefined && functions.length > 0 ? { code } : {}),
  }
}

/**
 * The configuration in a worker: the master's values, and the hooks from the code, which is evaluated once more (its
 * top level, and its function when it exports one). Hooks of the master are absent. Rejects with TSG_CONFIG_THREW.
 */
export async function receiveConfig(transfer: ConfigTransfer): Promise<Config> {
  const hooks = transfer.code === undefined ? {} : await hooksOf(transfer, transfer.code)
  const values: unknown = freeze({ ...transfer.values, ...hooks })
  // They were the master's Config; what is absent of it now is `undefined`, or a hook of the master's own.
  return values as Config
}

async function hooksOf(
  { functions }: ConfigTransfer,
  { module, style }: NonNullable<ConfigTransfer['code']>,
): Promise<Readonly<Record<string, unknown>>> {
  const [{ configThrew, evaluateModule }, { settingsOf }, { ownEnvironment }] = await Promise.all([
    import('./evaluate.ts'),
    import('./shape.ts'),
    import('./sources.ts'),
  ])
  try {
    const exported = await settingsOf(
      await evaluateModule(module),
      style,
      { env: ownEnvironment() },
      module.file,
    )
    return pick(exported, functions)
  } catch (thrown) {
    throw configThrew(module.file, thrown)
  }
}

const pick = ({ object, named }: Exported, names: readonly string[]): Readonly<Record<string, unknown>> => {
  const all: Readonly<Record<string, unknown>> = { ...object, ...named }
  return Object.fromEntries(names.map((name) => [name, all[name]]))
}

/** Freezes plain data all the way down; functions and instances are left as they are. */
export function freeze<T>(value: T): T {
  if (!isRecord(value) || Object.isFrozen(value)) return value
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return value
  Object.freeze(value)
  Object.values(value).forEach(freeze)
  return value
}
