/** A configuration file that was read and judged, whatever it is written in. Reads those that are not Python's. */
import type { Inherited } from '../python/inherited.ts'
import type { Lodging } from '../python/lodging.ts'
import { nameOf } from './find.ts'
import { readConfigFile } from './read.ts'
import type { Environment } from './sources.ts'
import type { TransferSource } from './transfer.ts'
import { type Judged, judge, type SettingsTable } from './validate.ts'

/** The text of a configuration in Python; `module` when it is one, as `pkg.conf`. */
export interface HookText {
  readonly file: string
  readonly source: string
  readonly module?: string
}

/** Where a load leaves the process of a file in Python for the next one; empty until there is such a file. */
export interface LodgingPlace {
  kept?: Lodging
}

export interface GivenFile {
  /** Absolute. */
  readonly file: string
  /** Every local file it is made of, itself first, absolute. */
  readonly files: readonly string[]
  readonly judged: Judged
  /** The code of hooks for JavaScript workers. */
  readonly code?: TransferSource['code']
  /** The text of hooks for Python workers. */
  readonly python?: HookText
  /** What Python workers have of a file that is Python's, as if they were forked of who ran it. */
  readonly inherited?: (age: number) => Inherited
  /** Ends what stays behind. */
  readonly close?: () => void
}

export interface Judging {
  readonly table: SettingsTable
  /** Names in messages are relative to it. */
  readonly directory: string
  readonly env: Environment
}

/** Reads and judges `file` (absolute). Rejects with TSG_CONFIG_*; wrong values are in `judged`. */
export async function readGivenFile(file: string, { table, directory, env }: Judging): Promise<GivenFile> {
  const { module, style, files, ...exported } = await readConfigFile(file, { env })
  const judged = await judge(table, exported, { place: nameOf(file, directory), source: exported.source })
  const code = module === undefined ? {} : { code: { module, style: style ?? 'none' } }
  return { file, files, judged, ...code }
}
