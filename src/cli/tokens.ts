/**
 * Makes Gunicorn's command lines (argparse's) ones that commander reads alike: `-w=4`, shortened flags, flags whose
 * value may be left out, values that look like flags. It knows flags, and nothing of their meaning.
 */

import { ServerError } from '../errors.ts'

/** How a flag takes a value. */
export interface FlagForm {
  readonly takes: 'switch' | 'append' | 'value' | 'optional'
  /** Whether a text can be the value of an optional one; if not, it is the next argument. */
  readonly accepts: (text: string) => boolean
  /** The same for all flags of one meaning. */
  readonly means: unknown
  /** Whether Gunicorn has the flag: among several that a shortened one may mean, its own comes first. */
  readonly gunicorn: boolean
}

export type FlagForms = ReadonlyMap<string, FlagForm>

/** The two halves of a command line; `--` itself is in neither. */
export interface SplitArguments {
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/** Splits at the first `--`. */
export function splitAtDashes(argv: readonly string[]): SplitArguments {
  const at = argv.indexOf('--')
  return at < 0 ? { before: argv, after: [] } : { before: argv.slice(0, at), after: argv.slice(at + 1) }
}

/**
 * The same command line with every flag in full and every value attached to its flag. Throws TSG_USAGE for a flag
 * without its value, and for a shortened one that may mean several.
 */
export function attachValues(argv: readonly string[], forms: FlagForms): string[] {
  const out: string[] = []
  for (let at = 0; at < argv.length; at += 1) {
    const token = inFull(argv[at] ?? '', forms)
    const form = forms.get(token)
    if (form === undefined || form.takes === 'switch') {
      out.push(...withoutShortEquals(token, forms))
      continue
    }
    const next = argv[at + 1]
    if (form.takes === 'optional') {
      const takesNext = next !== undefined && !isFlag(next, forms) && form.accepts(next)
      out.push(takesNext ? attached(token, next) : attached(token, absent))
      if (takesNext) at += 1
      continue
    }
    if (next === undefined || isFlag(next, forms)) throw needsValue(token)
    out.push(token, next)
    at += 1
  }
  return out
}

/**
 * `--log-lev=debug` -> `--log-level=debug`: argparse takes the beginning of a long flag for the flag, when no other
 * begins so. What begins no flag is left as it is.
 */
function inFull(token: string, forms: FlagForms): string {
  const [name = token] = token.split('=', 1)
  if (!/^--./.test(name) || forms.has(name)) return token
  const all = [...forms].filter(([flag]) => flag.startsWith(name))
  const theirs = all.filter(([, { gunicorn }]) => gunicorn)
  const candidates = theirs.length > 0 ? theirs : all
  const [first] = candidates
  if (first === undefined) return token
  if (candidates.some(([, { means }]) => means !== first[1].means)) {
    throw ambiguous(
      name,
      candidates.map(([flag]) => flag),
    )
  }
  return first[0] + token.slice(name.length)
}

/** Stands for the value that an optional flag was not given: no argument of a process can hold it. */
export const absent = '\0'

const attached = (flag: string, value: string): string =>
  flag.startsWith('--') ? `${flag}=${value}` : flag + value

/**
 * `-w=4` -> `-w`, `4`: argparse drops the equals sign of short flags, commander takes it as part of the value. Throws
 * TSG_USAGE for a switch that is given one.
 */
function withoutShortEquals(token: string, forms: FlagForms): readonly string[] {
  const found = /^(-[^-]|--[^=]+)=(.*)$/s.exec(token)
  const [, flag = '', value = ''] = found ?? []
  const form = forms.get(flag)
  if (found === null || form === undefined) return [token]
  if (form.takes === 'switch') throw new ServerError('TSG_USAGE', `${flag} takes no value. Write it alone.`)
  if (flag.startsWith('--')) return [token]
  return form.takes === 'optional' ? [attached(flag, value)] : [flag, value]
}

function isFlag(token: string, forms: FlagForms): boolean {
  const [name = token] = token.split('=', 1)
  return forms.has(token) || forms.has(name)
}

const ambiguous = (name: string, flags: readonly string[]): ServerError =>
  new ServerError('TSG_USAGE', `${name} may mean ${flags.join(', ')}. Write the one that is meant in full.`)

const needsValue = (flag: string): ServerError =>
  new ServerError('TSG_USAGE', `${flag} needs a value. 'tsgunicorn --help' shows which.`)
