/** uWSGI's configuration in ini, YAML or JSON: options with all their values, placeholders filled in. */
import { basename, dirname, extname } from 'node:path'
import { ServerError } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'
import { parseData } from './data.ts'

/** Option, as uWSGI spells it, -> its values in order: an option may be given again and again. */
export type UwsgiValues = Readonly<Record<string, readonly string[]>>

interface UwsgiFile {
  readonly values: UwsgiValues
  /** Names that are used as placeholders: they need not be options. */
  readonly placeholders: ReadonlySet<string>
}

/** Reads `file`, absolute, whose text is `source`. Rejects with TSG_CONFIG_SYNTAX and TSG_CONFIG_SHAPE. */
export async function readUwsgi(file: string, source: string, from: string): Promise<UwsgiFile> {
  const pairs = extname(file) === '.ini' ? pairsOfIni(source, from) : await pairsOfData(file, source)
  if (pairs.length === 0) {
    throw new ServerError(
      'TSG_CONFIG_SHAPE',
      `${from} has no options of uWSGI. They stand below the line [uwsgi], as 'module = shop.wsgi'.`,
    )
  }
  const used = pairs.flatMap(([, value]) => [...value.matchAll(placeholder)].map(([, name = '']) => name))
  return { values: filled(pairs, file), placeholders: new Set(used) }
}

const placeholder = /%\(([\w-]+)\)/gu

type Pair = readonly [name: string, value: string]

/** What stands in other sections is not uWSGI's. A line without `=` is an option that is true. */
const pairsOfIni = (source: string, from: string): readonly Pair[] => {
  const pairs: Pair[] = []
  let inside = false
  for (const [at, raw] of source.split('\n').entries()) {
    const line = raw.trim()
    const section = /^\[([^\]]*)\]/u.exec(line)
    if (section !== null) inside = section[1]?.split(':')[0] === 'uwsgi'
    else if (line.startsWith('[')) throw syntax(from, at, line)
    else if (inside && line !== '' && !/^[;#]/u.test(line)) pairs.push(pairOf(line))
  }
  return pairs
}

const syntax = (from: string, at: number, line: string): ServerError =>
  new ServerError('TSG_CONFIG_SYNTAX', `${from}:${at + 1}: the file cannot be parsed: ${line}`)

const pairOf = (line: string): Pair => {
  const at = line.indexOf('=')
  return at < 0 ? [line, 'true'] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
}

const pairsOfData = async (file: string, source: string): Promise<readonly Pair[]> => {
  const data = await parseData(file, source)
  const options = isRecord(data) && isRecord(data['uwsgi']) ? data['uwsgi'] : {}
  return Object.entries(options).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)] as const),
  )
}

/** `%(name)` is another option, `%d` the folder of the file and the like, `$(NAME)` stays: it is told of. */
const filled = (pairs: readonly Pair[], file: string): UwsgiValues => {
  const out: Record<string, string[]> = {}
  const folder = dirname(file)
  const magic: Readonly<Record<string, string>> = {
    d: `${folder}/`,
    p: file,
    s: basename(file),
    n: basename(file, extname(file)),
    c: basename(folder),
    '%': '%',
  }
  for (const [name, value] of pairs) {
    const text = value
      .replaceAll(placeholder, (whole, other) => out[other]?.at(-1) ?? whole)
      .replaceAll(/%([dpsnc%])/gu, (whole, letter) => magic[letter] ?? whole)
    out[name] = [...(out[name] ?? []), text]
  }
  return out
}
