/**
 * How an application is named on the command line: `MODULE[:EXPR]`, as in Gunicorn.
 *
 * EXPR is a path of names (`app`, `web.app`) or a call with JSON arguments (`create_app("prod", 3)`). Python's EXPR has
 * Python's literals (`create_app(debug=True)`) and is read by Python: `moduleOf` judges nothing of it. Pure: it knows
 * no file system, so `MODULE` is any text (a file, a dotted name, a directory, a package).
 */

import { ServerError } from '../errors.ts'

export interface Expression {
  /** At least one name; each next one is looked up on the value of the one before. */
  readonly path: readonly string[]
  /** Present when the value is to be called with these. */
  readonly args?: readonly unknown[]
}

export interface AppSpec {
  readonly module: string
  readonly expression?: Expression
}

// A drive letter or `file:` owns the first colon; every later one may stand inside JSON arguments.
const specForm = /^(?<module>(?:[A-Za-z]:(?=[\\/])|file:(?=\/\/))?[^:]*)(?::(?<expression>.*))?$/su
const expressionForm =
  /^(?<path>[\p{ID_Start}$_][\p{ID_Continue}$]*(?:\.[\p{ID_Start}$_][\p{ID_Continue}$]*)*)\s*(?:\((?<args>.*)\))?$/su
const singleQuoted = /"(?:[^"\\]|\\.)*"|'((?:[^'\\]|\\.)*)'/gsu

/** The MODULE of a spec in either language, the empty text when none is named. EXPR is not looked at. */
export const moduleOf = (text: string): string => specForm.exec(text.trim())?.groups?.['module']?.trim() ?? ''

/**
 * Reads the spec of a JavaScript application. Throws `TSG_APP_NOT_FOUND` when no module is named, `TSG_APP_ATTRIBUTE` when EXPR is neither a
 * name nor a call with literal arguments.
 */
export const parseSpec = (text: string): AppSpec => {
  const module = moduleOf(text)
  if (module === '')
    throw new ServerError(
      'TSG_APP_NOT_FOUND',
      `The application '${text}' names no module. Use MODULE or MODULE:NAME, as 'server.js:app'.`,
    )
  const expression = specForm.exec(text.trim())?.groups?.['expression']?.trim()
  return expression === undefined ? { module } : { module, expression: parseExpression(expression) }
}

const parseExpression = (text: string): Expression => {
  const groups = expressionForm.exec(text)?.groups
  const path = groups?.['path']?.split('.')
  if (path === undefined)
    throw new ServerError(
      'TSG_APP_ATTRIBUTE',
      `The application's attribute '${text}' is neither a name nor a call. Use NAME, NAME.NAME or NAME("argument").`,
    )
  const args = groups?.['args']
  return args === undefined ? { path } : { path, args: parseArguments(args, text) }
}

const parseArguments = (text: string, expression: string): readonly unknown[] => {
  try {
    return JSON.parse(`[${text.replaceAll(singleQuoted, doubleQuoted)}]`)
  } catch (cause) {
    throw new ServerError(
      'TSG_APP_ATTRIBUTE',
      `The arguments of '${expression}' are not literals. Use JSON values, as create_app("prod", {"debug": false}).`,
      { cause },
    )
  }
}

/** A shell makes double quotes a nuisance, so `'prod'` is taken for `"prod"`. */
const doubleQuoted = (whole: string, inner: string | undefined): string =>
  inner === undefined ? whole : `"${inner.replaceAll("\\'", "'").replaceAll(/(?<!\\)"/g, '\\"')}"`

/** A spec as text again, for messages. */
export const expressionText = ({ path, args }: Expression): string =>
  path.join('.') + (args === undefined ? '' : `(${args.map((value) => JSON.stringify(value)).join(', ')})`)
