/** The measured results that are kept as JSON in docs/benchmarks/results/: their shapes, reading and writing. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { BootResults } from '../boot-results.ts'
import type { FailureResults } from '../failure-results.ts'
import type { Row as HttpRow } from '../http-table.ts'
import type { Goal } from '../wsgi-goals.ts'
import type { Row as WsgiRow } from '../wsgi-table.ts'

/** What every part of a run of `npm run bench` is kept with. */
export interface Kept {
  /** What repeats it. */
  readonly command: string
  /** The mean number of running processes in the minute before. */
  readonly busy: number
  readonly date: string
  readonly machine: string
  readonly how: string
  readonly versions: Readonly<Record<string, string>>
}

/** Whether fewer processes ran before than would spoil the figures. */
export const wasIdle = ({ busy }: Pick<Kept, 'busy'>): boolean => busy <= 0.5

export interface HttpResults extends Kept {
  readonly node: string
  readonly skipped: Readonly<Record<string, string>>
  readonly rows: readonly HttpRow[]
}

export interface WsgiResults extends Kept {
  readonly notes: readonly string[]
  readonly rows: readonly WsgiRow[]
  readonly goals: readonly Goal[]
}

/** A part that has not been measured yet is absent. */
export interface Results {
  readonly failure?: FailureResults & Kept
  readonly http?: HttpResults
  readonly wsgi?: WsgiResults
  readonly boot?: BootResults & Kept
}

export const partNames = ['failure', 'http', 'wsgi', 'boot'] as const
export type Part = (typeof partNames)[number]

export const fileOf = (folder: string, part: Part): string => join(folder, `${part}.json`)

/** A line for each member, and for each element of a list: what changed between two runs can be seen. */
export const textOf = (results: object): string => {
  const members = Object.entries(results)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const text =
        Array.isArray(value) && value.length > 0
          ? `[\n${value.map((each) => `    ${JSON.stringify(each)}`).join(',\n')}\n  ]`
          : JSON.stringify(value)
      return `  ${JSON.stringify(name)}: ${text}`
    })
  return `{\n${members.join(',\n')}\n}\n`
}

export const writeResults = (file: string, results: object): void => {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, textOf(results))
}

export const readResults = (folder: string): Results =>
  Object.fromEntries(
    partNames
      .filter((part) => existsSync(fileOf(folder, part)))
      .map((part) => [part, JSON.parse(readFileSync(fileOf(folder, part), 'utf8'))]),
  )
