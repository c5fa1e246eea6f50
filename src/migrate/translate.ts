/**
 * `tsgunicorn init --from FILE`: what the configuration of Gunicorn or of another server says, as the text of a
 * gunicorn.conf.ts. Whose it is, is seen from the name of the file, else from what is in it.
 */
import { readFileSync } from 'node:fs'
import { basename, extname, resolve } from 'node:path'
import { findConfig, isPython } from '../config/find.ts'
import { hasCode, messageOf, ServerError } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'
import type { Translation } from './translation.ts'

type Server = 'gunicorn' | 'pm2' | 'uwsgi' | 'unit'

/** The text of gunicorn.conf.ts. Rejects with TSG_USAGE, TSG_PYTHON and TSG_CONFIG_*. */
export async function translate(translation: Translation): Promise<string> {
  const { from, directory } = translation
  if (/^gunicorn\.conf\.(?!py$)/u.test(basename(from))) throw oursAlready(from)
  const extension = from.startsWith('python:') ? '.py' : extname(from)
  if (codeExtensions.has(extension)) {
    const { exportedBy } = await import('./data.ts')
    refuseMissing(directory, from)
    return ofPm2(await exportedBy(resolve(directory, from)), translation)
  }
  if (extension === '.ini' || dataExtensions.has(extension)) return ofData(translation, extension)
  const found = refused(from, extension) ?? findConfig(directory, from)
  if (!isPython(found)) throw unknownFile(from)
  refuseChoices(translation, 'gunicorn', ['app', 'environment'])
  return (await import('./gunicorn.ts')).fromGunicorn(found, translation)
}

const codeExtensions: ReadonlySet<string> = new Set(['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts'])
const dataExtensions: ReadonlySet<string> = new Set(['.json', '.yaml', '.yml'])

async function ofData(translation: Translation, extension: string): Promise<string> {
  const { from, directory } = translation
  const file = resolve(directory, from)
  const source = read(directory, from)
  const { parseData } = await import('./data.ts')
  const data = extension === '.ini' ? { uwsgi: {} } : await parseData(file, source)
  if (isRecord(data) && 'uwsgi' in data) {
    refuseChoices(translation, 'uwsgi', ['app', 'environment'])
    return (await import('./uwsgi.ts')).fromUwsgi(file, source, translation)
  }
  if (isRecord(data) && ['listeners', 'applications', 'config'].some((name) => name in data)) {
    refuseChoices(translation, 'unit', ['environment'])
    return (await import('./unit.ts')).fromUnit(data, translation)
  }
  if (isRecord(data) && !Array.isArray(data) && !looksLikePm2(data)) throw unknownFile(from)
  return ofPm2(data, translation)
}

const looksLikePm2 = (data: object): boolean => ['apps', 'pm2', 'script', 'exec'].some((name) => name in data)

const ofPm2 = async (config: unknown, translation: Translation): Promise<string> =>
  (await import('./pm2.ts')).fromPm2(config, translation)

const read = (directory: string, from: string): string => {
  try {
    return readFileSync(resolve(directory, from), 'utf8')
  } catch (cause) {
    const what = hasCode(cause, 'ENOENT', 'ENOTDIR')
      ? 'does not exist'
      : `cannot be read: ${messageOf(cause)}`
    throw new ServerError('TSG_CONFIG_NOT_FOUND', `init: ${from} ${what}. Check --from.`, { cause })
  }
}

const refuseMissing = (directory: string, from: string): void => void read(directory, from)

const oursAlready = (from: string): ServerError =>
  new ServerError(
    'TSG_USAGE',
    `init: ${from} is a configuration of tsgunicorn already. Use it as it is, with -c ${from}.`,
  )

const unknownFile = (from: string): ServerError =>
  new ServerError('TSG_USAGE', `init: ${from} is no configuration that is known here. Known are:`, {
    detail: [
      '  Gunicorn   gunicorn.conf.py',
      "  pm2        ecosystem.config.cjs, also .js, .mjs, .json, .yaml: { apps: [{ script: './server.js' }] }",
      '  uWSGI      uwsgi.ini, also .json, .yaml',
      '  Unit       what curl --unix-socket /var/run/control.unit.sock http://localhost/config prints, as .json',
    ].join('\n'),
  })

/** Files of servers that are surely neither Python nor any of ours. */
const refused = (from: string, extension: string): undefined => {
  if (['.toml', '.xml', '.env', '.service'].includes(extension)) throw unknownFile(from)
  if (/nginx.*\.conf$/u.test(basename(from))) {
    throw new ServerError(
      'TSG_USAGE',
      `init: ${from} is nginx's. It stays as it is, before the server: its upstream is an address of bind.`,
    )
  }
  return undefined
}

const refuseChoices = (
  translation: Translation,
  server: Server,
  choices: ReadonlyArray<'app' | 'environment'>,
): void => {
  const given = choices.find((name) => translation[name] !== undefined)
  if (given === undefined) return
  const flag = given === 'app' ? '--app' : '--env'
  throw new ServerError(
    'TSG_USAGE',
    `init: ${flag} is for files of ${choices.includes('app') ? 'pm2 and Unit' : 'pm2'}, and ${translation.from} is one of ${server}. Leave it out.`,
  )
}
