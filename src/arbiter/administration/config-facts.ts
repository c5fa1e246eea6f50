/** The settings in force and who gave each: what --print-config prints, as data. Pure. */
import { dirname } from 'node:path'
import { nameOf } from '../../config/find.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { describeOrigin } from '../../config/sources.ts'
import type { ConfigFact } from '../../control/status.ts'

/** Who may look is not to learn how to do more. */
const secrets: ReadonlySet<string> = new Set(['admin_token'])

export function configFacts({
  config,
  origins,
  file,
}: Pick<LoadedConfig, 'config' | 'origins' | 'file'>): ConfigFact[] {
  const values: Readonly<Record<string, unknown>> = { ...config }
  const named = (path: string) => (file === undefined ? path : nameOf(path, dirname(file)))
  return Object.keys(origins)
    .sort()
    .map((name) => {
      const origin = origins[name] ?? { kind: 'default' }
      return {
        name,
        value: secrets.has(name) && values[name] !== undefined ? '(secret)' : plain(values[name]),
        origin: describeOrigin(origin, named),
        isDefault: origin.kind === 'default',
      }
    })
}

/** JSON of any value: functions by their names, what JSON has no word for as text. */
function plain(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (typeof value === 'function') return { function: value.name || 'anonymous' }
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value === 'bigint' || typeof value === 'symbol' || value instanceof RegExp) return String(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object') return value
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  return Object.fromEntries(entries.map(([name, part]) => [String(name), plain(part)]))
}
