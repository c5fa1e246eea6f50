/** uWSGI's configuration of a Python application, and what it does without being told. */
import { resolve } from 'node:path'
import { namesOf, translateOptions } from './option.ts'
import { type Entry, folded, render } from './text.ts'
import type { Translation } from './translation.ts'
import { readUwsgi, type UwsgiValues } from './uwsgi-file.ts'
import { isOn, uwsgiOptions } from './uwsgi-options.ts'

/** The text of gunicorn.conf.ts. Rejects with TSG_CONFIG_*. */
export async function fromUwsgi(
  file: string,
  source: string,
  { from, directory }: Translation,
): Promise<string> {
  const { values, placeholders } = await readUwsgi(file, source, from)
  const chdir = values['chdir']?.at(-1)
  const facts = { directory, folder: resolve(directory, chdir ?? '.'), values }
  const names = namesOf(uwsgiOptions)
  const given = Object.entries(values).filter(([name]) => names.has(name) || !placeholders.has(name))
  const entries = await translateOptions(uwsgiOptions, Object.fromEntries(given), facts)
  return render(`Written from ${from}. What stands below TODO is yours to decide: docs/migrate/uwsgi.md.`, [
    ...entries,
    ...unsaid(values),
  ])
}

/** What uWSGI does where the file is silent, and this server does not. */
const unsaid = (values: UwsgiValues): readonly Entry[] => [
  ...(['lazy-apps', 'lazy'].some((name) => isOn(values[name]))
    ? []
    : [
        {
          set: 'preload_app',
          value: true,
          note: 'uWSGI loads the application before it forks, unless lazy-apps is set.',
        },
      ]),
  ...('harakiri' in values
    ? []
    : [
        {
          comment: folded(
            'uWSGI bounds no request without harakiri. Here a request has 30 seconds: raise timeout if that is too short.',
          ),
        },
      ]),
]
