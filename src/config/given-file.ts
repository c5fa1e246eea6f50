/** A configuration file that was read and judged, whatever it is written in. Reads those that are not Python's. */
import { nameOf } from './find.ts'
import { readConfigFile } from './read.ts'
import type { Environment } from './sources.ts'
import type { TransferSource } from './transfer.ts'
import { type Judged, judge, type SettingsTable } from './validate.ts'

export interface GivenFile {
  /** Absolute. */
  readonly file: string
  /** Every local file it is made of, itself first, absolute. */
  readonly files: readonly string[]
  readonly judged: Judged
  /** The code of hooks for JavaScript workers. */
  readonly code?: TransferSource['code']
  /** The text of hooks for Python workers. */
  readonly python?: { readonly file: string; readonly source: string }
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
