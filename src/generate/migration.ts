/** The tables in the pages of `docs/migrate`: what becomes of each option of another server. */
import type { Option, Options } from '../migrate/option.ts'
import { pm2Options } from '../migrate/pm2-options.ts'
import { unitOptions } from '../migrate/unit-options.ts'
import { uwsgiOptions } from '../migrate/uwsgi-options.ts'
import { code, table } from './markdown.ts'
import { filled } from './parts.ts'

/** One row an option, in the order of the table that `init --from` translates by. */
const optionsTable = <Facts>(head: string, options: Options<Facts>): string =>
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

const page = <Facts>(path: string, head: string, options: Options<Facts>) => ({
  [path]: filled(path, { options: () => optionsTable(head, options) }),
})

export const migrationProducts: Readonly<Record<string, () => string>> = {
  ...page('docs/migrate/pm2.md', 'pm2', pm2Options),
  ...page('docs/migrate/uwsgi.md', 'uWSGI', uwsgiOptions),
  ...page('docs/migrate/unit.md', 'Unit', unitOptions),
}
