/** The JSON of NGINX Unit (`curl --unix-socket CONTROL http://localhost/config`): one of its applications. */
import { ServerError } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'
import { translateOptions } from './option.ts'
import { type Entry, folded, render, shellWord } from './text.ts'
import type { Translation } from './translation.ts'
import { unitOptions } from './unit-options.ts'

type Values = Readonly<Record<string, unknown>>

/** The text of gunicorn.conf.ts. Rejects with TSG_USAGE and TSG_CONFIG_SHAPE. */
export async function fromUnit(given: Values, translation: Translation): Promise<string> {
  const { from } = translation
  // What the control socket gives as a whole has the configuration below `config`.
  const config = isRecord(given['config']) ? given['config'] : given
  const applications = asRecord(config['applications'])
  const name = chosen(Object.keys(applications), translation)
  const application = asRecord(applications[name])
  const { applications: _, listeners, settings, access_log: log, ...rest } = config
  const entries = await translateOptions(
    unitOptions,
    {
      ...listenerValues(asRecord(listeners), name),
      ...flat(application, 'applications'),
      ...flat(asRecord(settings), 'settings'),
      ...(log === undefined ? {} : { access_log: log }),
      ...rest,
    },
    { application },
  )
  return render(
    `Written from ${from}, application ${name}. What stands below TODO is yours to decide: docs/migrate/unit.md.`,
    [...entries, ...unsaid(application)],
  )
}

/** What Unit does where the configuration is silent, and this server does not. */
const unsaid = (application: Values): readonly Entry[] =>
  /^python/u.test(String(application['type'])) && asRecord(application['limits'])['timeout'] === undefined
    ? [
        {
          comment: folded(
            'Unit bounds no request without limits/timeout. Here a request has 30 seconds: raise timeout if that is too short.',
          ),
        },
      ]
    : []

const asRecord = (value: unknown): Values => (isRecord(value) && !Array.isArray(value) ? value : {})

const chosen = (names: readonly string[], { app, from }: Translation): string => {
  const [first] = names
  if (first === undefined) {
    throw new ServerError(
      'TSG_CONFIG_SHAPE',
      `${from} has no applications. Save what Unit says: curl --unix-socket /var/run/control.unit.sock http://localhost/config`,
    )
  }
  if (app === undefined ? names.length === 1 : names.includes(app)) return app ?? first
  const why =
    app === undefined
      ? `${from} has ${names.length} applications, and one server runs one`
      : `${from} has no application '${app}'`
  throw new ServerError('TSG_USAGE', `init: ${why}. Choose one, each in a folder of its own:`, {
    detail: names.map((each) => `  tsgunicorn init --from ${from} --app ${shellWord(each)}`).join('\n'),
  })
}

/** Options that have options of their own in the table. */
const nested = new Set(['applications/limits', 'settings/http'])

const flat = (values: Values, place: string): Values =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): ReadonlyArray<readonly [string, unknown]> => {
      const path = `${place}/${name}`
      return nested.has(path) ? Object.entries(flat(asRecord(value), path)) : [[path, value]]
    }),
  )

/** The listeners that pass to the application; those that pass to routes may lead anywhere, and count as well. */
const listenerValues = (listeners: Values, name: string): Values => {
  const mine = Object.entries(listeners).filter(([, listener]) => leadsTo(asRecord(listener)['pass'], name))
  const others = Object.assign({}, ...mine.map(([, listener]) => asRecord(listener)))
  const { pass: _, ...rest } = others
  return {
    ...(mine.length === 0 ? {} : { 'listeners/pass': mine.map(([address]) => address) }),
    ...flat(rest, 'listeners'),
  }
}

const leadsTo = (pass: unknown, name: string): boolean =>
  typeof pass === 'string' &&
  (pass.startsWith('routes') || new RegExp(`^applications/${escaped(name)}(?:/|$)`, 'u').test(pass))

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, '\\$&')
