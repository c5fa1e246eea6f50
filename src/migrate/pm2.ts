/** pm2's ecosystem file: which application of it is meant, and what is written for it. */
import { basename, extname } from 'node:path'
import { ServerError } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'
import { translateOptions } from './option.ts'
import { pm2Command } from './pm2-command.ts'
import type { Pm2App } from './pm2-entries.ts'
import { pm2Options } from './pm2-options.ts'
import { type Entry, render, shellWord } from './text.ts'
import type { Translation } from './translation.ts'

type App = Readonly<Record<string, unknown>>

/** The text of gunicorn.conf.ts. Rejects with TSG_USAGE and TSG_CONFIG_SHAPE. */
export async function fromPm2(config: unknown, translation: Translation): Promise<string> {
  const { from, directory, env, environment } = translation
  const apps = appsOf(config, from)
  const app = chosen(apps, translation)
  const { given, blocks } = splitEnvironments(app)
  if (environment !== undefined && !(environment in blocks)) throw noEnvironment(environment, blocks, from)
  const chosenBlock = environment === undefined ? {} : asRecord(blocks[environment])
  const values = { ...asRecord(app['env']), ...chosenBlock }
  const facts: Pm2App = {
    directory,
    home: env['HOME'] ?? '',
    app,
    values,
    command: pm2Command(app, directory),
  }
  const { env: own, ...others } = given
  const hasValues = Object.keys(values).length > 0
  const odd = own === undefined || isRecord(own) ? {} : { env: own }
  const known = hasValues ? { ...others, env: values } : { ...others, ...odd }
  const entries = await translateOptions(pm2Options, known, facts)
  return render(aboutText(translation, apps.length), [
    ...entries,
    ...portEntry(entries),
    ...Object.keys(environment === undefined ? blocks : {}).map((name) => leftOut(name, translation)),
    ...(isRecord(config) && 'deploy' in config ? [deployment] : []),
  ])
}

/** As pm2 reads it: a list, one application, or an object with one of these in `apps` or `pm2`. */
const appsOf = (config: unknown, from: string): readonly App[] => {
  if (typeof config === 'function') throw shape(from, 'exports a function, which pm2 does not call')
  const inner = isRecord(config) ? (config['apps'] ?? config['pm2'] ?? config) : config
  const apps = (Array.isArray(inner) ? inner : [inner]).filter(isRecord)
  if (apps.length === 0) throw shape(from, 'has no apps')
  const runnable = apps.filter((app) => commandOf(app) !== undefined)
  if (runnable.length === 0) throw shape(from, 'names no script')
  return runnable
}

const commandOf = (app: App): unknown => app['script'] ?? app['exec']

const shape = (from: string, what: string): ServerError =>
  new ServerError(
    'TSG_CONFIG_SHAPE',
    `${from} ${what}. An ecosystem file of pm2 exports { apps: [{ name: 'shop', script: './server.js' }] }.`,
  )

const nameOf = (app: App): string => {
  const name = app['name']
  if (typeof name === 'string' && name !== '') return name
  const script = String(commandOf(app))
  return basename(script, extname(script))
}

const chosen = (apps: readonly App[], { app: wanted, from }: Translation): App => {
  const [first] = apps
  const found = wanted === undefined ? apps : apps.filter((app) => nameOf(app) === wanted)
  if (first !== undefined && found.length === 1) return found[0] ?? first
  const why =
    wanted === undefined
      ? `${from} has ${apps.length} apps, and one server runs one.`
      : `${from} has ${found.length === 0 ? 'no app' : 'more than one app'} of the name '${wanted}'.`
  throw new ServerError('TSG_USAGE', `init: ${why} Choose one, each in a folder of its own:`, {
    detail: [...new Set(apps.map(nameOf))]
      .map((name) => `  tsgunicorn init --from ${from} --app ${shellWord(name)}`)
      .join('\n'),
  })
}

interface Split {
  readonly given: App
  /** NAME of `env_NAME` -> what it sets. */
  readonly blocks: App
}

const splitEnvironments = (app: App): Split => {
  const names = Object.keys(app).filter((name) => name.startsWith('env_'))
  return {
    given: Object.fromEntries(Object.entries(app).filter(([name]) => !names.includes(name))),
    blocks: Object.fromEntries(names.map((name) => [name.slice('env_'.length), app[name]])),
  }
}

const asRecord = (value: unknown): App => (isRecord(value) && !Array.isArray(value) ? value : {})

const noEnvironment = (name: string, blocks: App, from: string): ServerError => {
  const there = Object.keys(blocks)
  const words =
    there.length === 0
      ? 'It has no env_NAME at all: leave --env out.'
      : `There is ${there.map((each) => `--env ${each}`).join(', ')}.`
  return new ServerError('TSG_USAGE', `init: the app in ${from} has no env_${name}. ${words}`)
}

const aboutText = ({ from, app, environment }: Translation, count: number): string => {
  const which = app === undefined || count === 1 ? '' : `, app ${app}`
  const env = environment === undefined ? '' : `, with env_${environment}`
  return `Written from ${from}${which}${env}. What stands below TODO is yours to decide: docs/migrate/pm2.md.`
}

const leftOut = (name: string, { from, app }: Translation): Entry => {
  const choice = app === undefined ? '' : ` --app ${shellWord(app)}`
  const command = `tsgunicorn init --force --from ${from}${choice} --env ${shellWord(name)}`
  return { comment: `env_${name} was left out. To take it:\n${command}` }
}

/** The one thing that everybody has to know who comes from pm2, said where nothing else settles it. */
const portEntry = (entries: readonly Entry[]): readonly Entry[] =>
  entries.some((entry) => 'set' in entry && entry.set === 'bind')
    ? []
    : [
        {
          comment:
            "TODO: bind: the port that the application gives to listen() is not looked at. Write it here:\nbind: ['0.0.0.0:3000'],",
        },
      ]

const deployment: Entry = {
  comment:
    "TODO: deploy: pm2 deploy has no counterpart. Keep what copies the code, and end it with 'tsgunicornc reload --wait'.",
}
