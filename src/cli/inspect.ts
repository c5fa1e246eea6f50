/** `--print-config`: every setting, its value and who gave it. It loads nothing. */

import { dirname } from 'node:path'
import { nameOf } from '../config/find.ts'
import type { LoadedConfig } from '../config/load.ts'
import { describeOrigin } from '../config/sources.ts'
import { shown } from '../config/words.ts'

/** One line a setting, by name, as `workers = 4    # file gunicorn.conf.ts:3`; ends with a newline. */
export function printConfig({
  config,
  origins,
  file,
}: Pick<LoadedConfig, 'config' | 'origins' | 'file'>): string {
  const values: Readonly<Record<string, unknown>> = { ...config }
  const names = Object.keys(origins).sort()
  const width = Math.max(0, ...names.map((name) => name.length))
  const rows = names.map((name) => ({
    name,
    text: `${name.padEnd(width)} = ${shown(values[name], Number.POSITIVE_INFINITY)}`,
  }))
  // Origins stand in one column, as long as values are short; a long value pushes only its own.
  const column = Math.min(60, Math.max(0, ...rows.map(({ text }) => text.length)))
  const nameOfFile = (path: string) => (file === undefined ? path : nameOf(path, dirname(file)))
  return rows
    .map(({ name, text }) => {
      const origin = describeOrigin(origins[name] ?? { kind: 'default' }, nameOfFile)
      return `${text.padEnd(column)}    # ${origin}\n`
    })
    .join('')
}
