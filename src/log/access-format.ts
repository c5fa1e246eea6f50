/**
 * Compiles an `access_log_format` to a function that makes one line of one exchange. Pure. Whatever a client sends,
 * the line stays one line and a quoted value ends at its own quote: every value is escaped, the format's own text is
 * not.
 */
import { ServerError } from '../errors.ts'
import type { ExchangeRecord } from '../http/exchange.ts'
import { type AtomReader, atoms, families } from './atoms.ts'
import { oneLine, quotable } from './escape.ts'

/** One line, with its end of line. */
export type LineMaker = (record: ExchangeRecord) => string

export const commonFormat = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'

const piece = /%%|%\(((?:\{[^}]*\})?[^()]*)\)([sd])|%/g

/**
 * The format's function. `%(name)s` and `%(name)d` are atoms, an unknown name gives `-` (as in Gunicorn), `%%` is a
 * percent sign. Errors: TSG_SETTING_INVALID for a percent sign that is neither.
 */
export function compileAccessFormat(format: string): LineMaker {
  const parts: AtomReader[] = []
  const text: string[] = []
  let plain = ''
  let from = 0
  for (const match of format.matchAll(piece)) {
    plain += oneLine(format.slice(from, match.index))
    from = match.index + match[0].length
    if (match[0] === '%%') {
      plain += '%'
      continue
    }
    if (match[1] === undefined) throw strayPercent(format, match.index)
    text.push(plain)
    plain = ''
    parts.push(readerOf(match[1]))
  }
  return lineMaker(parts, text, `${plain}${oneLine(format.slice(from))}\n`)
}

/** `text` stands before each part, `end` behind the last one. */
function lineMaker(parts: readonly AtomReader[], text: readonly string[], end: string): LineMaker {
  return (record) => {
    let line = ''
    for (let at = 0; at < parts.length; at += 1) {
      line += text[at]
      line += shown(parts[at]?.(record))
    }
    return line + end
  }
}

const shown = (value: string | undefined): string => (value === undefined ? '-' : quotable(value))

function readerOf(name: string): AtomReader {
  const [, inner, letter] = /^\{([^}]*)\}(.*)$/.exec(name) ?? []
  if (inner !== undefined && letter !== undefined && Object.hasOwn(families, letter)) {
    return families[letter]?.reader(inner) ?? (() => undefined)
  }
  return Object.hasOwn(atoms, name) ? (atoms[name]?.read ?? (() => undefined)) : () => undefined
}

const strayPercent = (format: string, at: number): ServerError =>
  new ServerError(
    'TSG_SETTING_INVALID',
    `access_log_format: '${format.slice(at, at + 12)}' (character ${at + 1}) is not an atom. ` +
      'Write atoms as %(name)s, and a percent sign as %%.',
  )
