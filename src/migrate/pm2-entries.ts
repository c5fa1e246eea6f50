/** What is written for options of pm2 whose values are not those of a setting: times, paths, variables, numbers. */
import { join } from 'node:path'
import { isRecord } from '../util/is-record.ts'
import { notUnderstood, toDo } from './option.ts'
import type { Pm2Command } from './pm2-command.ts'
import { type Entry, literal } from './text.ts'

export interface Pm2App {
  /** Where the file is translated. */
  readonly directory: string
  /** What `~` stands for. */
  readonly home: string
  readonly app: Readonly<Record<string, unknown>>
  /** The variables of `env`, with those of the chosen `env_NAME` over them. */
  readonly values: Readonly<Record<string, unknown>>
  readonly command: Pm2Command
}

/** Milliseconds, or text as '30s', in seconds. */
export const secondsOf = (value: unknown): number | undefined => {
  if (typeof value === 'number' && Number.isFinite(value)) return value / 1000
  const [, digits, unit = 'ms'] = /^(\d+)(ms|s|m|h)?$/u.exec(String(value).trim()) ?? []
  const factor = { ms: 0.001, s: 1, m: 60, h: 3600 }[unit]
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor
}

export const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map(String) : [String(value)]

export const pathOf = (value: unknown, { home }: Pm2App): string => {
  const text = String(value)
  if (text === 'NULL') return '/dev/null'
  return text.startsWith('~') ? join(home, text.slice(1)) : text
}

export const logEntries = (value: unknown, facts: Pm2App): readonly Entry[] => [
  {
    set: 'errorlog',
    value: pathOf(value, facts),
    note: 'Lines of the server, and what the application prints.',
  },
  { set: 'capture_output', value: true },
]

export const has = (app: Pm2App['app'], ...names: readonly string[]): boolean =>
  names.some((name) => typeof app[name] === 'string' && app[name] !== '')

export const errorNames = ['error_file', 'error', 'err', 'err_file', 'err_log'] as const
export const outNames = ['out_file', 'out', 'output', 'out_log'] as const

export const instancesOf = (value: unknown): readonly Entry[] => {
  const count = value === 'max' ? 0 : Number(value)
  if (!Number.isInteger(count)) return [notUnderstood('instances', value, "a whole number, or 'max'")]
  if (count > 0) return [{ set: 'workers', value: count }]
  if (count === 0) return [{ set: 'workers', value: 'auto' }]
  const code = `Math.max(1, availableParallelism() - ${-count})`
  return [{ set: 'workers', value: undefined, code, needs: 'availableParallelism' }]
}

export const environment = (values: Pm2App['values']): readonly string[] =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${isRecord(value) ? JSON.stringify(value) : String(value)}`)

export const portEntries = (port: unknown): readonly Entry[] =>
  /^\d+$/u.test(String(port))
    ? [
        {
          set: 'bind',
          value: [`0.0.0.0:${String(port)}`],
          note: 'From PORT. Behind a proxy on this machine 127.0.0.1 is enough.',
        },
      ]
    : []

export const instanceHook = (option: string, name: string): Entry =>
  toDo(
    option,
    'workers have a number in NODE_APP_INSTANCE. To have it by another name:',
    'post_fork() {',
    // A template, not a text: this file reads no environment itself.
    [`  process.env[`, `] = process.env.NODE_APP_INSTANCE`].join(literal(name)),
    '},',
  )
