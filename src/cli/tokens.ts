/**
 * Makes Gunicorn's command lines (argparse's) ones that commander reads alike: `-w=4`, flags whose value may be left
 * out, values that look like flags. It knows flags, and nothing of their meaning.
 */

import { ServerError } from '../errors.ts'

/** How a flag takes a value. */
export interface FlagForm {
  readonly takes: 'switch' | 'append' | 'value' | 'optional'
  /** Whether a text can be the value of an optional one; if not, it is the next argument. */
  readonly accepts: (text: string) => boolean
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

/** The same command line with every value attached to its flag. Throws TSG_USAGE for a flag without its value. */
export function attachValues(argv: readonly string[], forms: FlagForms): string[] {
  const out: string[] = []
  for (let at = 0; at < argv.length; at += 1) {
    const token = argv[at] ?? ''
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

/** Stands for the value that an optional flag was not given: no argument of a process can hold it. */
export const absent = '\0'

const attached = (flag: string, value: string): string =>
  flag.startsWith('--') ? `${flag}=${value}` : flag + value

/** `-w=4` -> `-w`, `4`: argparse drops the equals sign of short flags, commander takes it as part of the value. */
function withoutShortEquals(token: string, forms: FlagForms): readonly string[] {
  const found = /^(-[^-])=(.*)$/s.exec(token)
  const [, flag = '', value = ''] = found ?? []
  const form = forms.get(flag)
  if (found === null || form === undefined) return [token]
  if (form.takes === 'switch') throw new ServerError('TSG_USAGE', `${flag} takes no value. Write it alone.`)
  return form.takes === 'optional' ? [attached(flag, value)] : [flag, value]
}

function isFlag(token: string, forms: FlagForms): boolean {
  const [name = token] = token.split('=', 1)
  return forms.has(token) || forms.has(name)
}

const needsValue = (flag: string): ServerError =>
  new ServerError('TSG_USAGE', `${flag} needs a value. 'tsgunicorn --help' shows which.`)
