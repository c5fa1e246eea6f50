/** The tables of `docs/migrate`: what becomes of each option of another server. */
import type { Option, Options } from '../migrate/option.ts'
import { code, table } from './markdown.ts'

/** One row an option, in the order of the table that `init --from` translates by. */
export const migrationTable = <Facts>(head: string, options: Options<Facts>): string =>
  table(
    [head, 'becomes', ''],
    Object.entries(options).map(([name, option]) => [
      [name, ...(option.aliases ?? [])].map(code).join(', '),
      becomes(option),
      option.words,
    ]),
  )

const becomes = <Facts>({ becomes: names, needless }: Option<Facts>): string => {
  if (names !== undefined) return names.map((name) => `[\`${name}\`](../settings.md#${name})`).join(', ')
  return needless ? 'nothing' : 'by hand'
}
