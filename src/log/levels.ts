/**
 * The levels of the error log: their names, their order and their severities in syslog (RFC 5424, 6.2.1).
 * It knows no logger.
 */
import { ServerError } from '../errors.ts'

export const levels = {
  debug: { rank: 20, severity: 7 },
  info: { rank: 30, severity: 6 },
  warning: { rank: 40, severity: 4 },
  error: { rank: 50, severity: 3 },
  critical: { rank: 60, severity: 2 },
} as const satisfies Record<string, { readonly rank: number; readonly severity: number }>

export type Level = keyof typeof levels

/** What is counted: a level, or `exception` for an error logged with its stack (Gunicorn counts it apart). */
export type RecordKind = Level | 'exception'

const isLevel = (text: string): text is Level => Object.hasOwn(levels, text)

/** A level by its name in any case; TSG_SETTING_INVALID, which lists the names, for any other text. */
export function parseLevel(text: string): Level {
  const name = text.trim().toLowerCase()
  if (isLevel(name)) return name
  throw new ServerError(
    'TSG_SETTING_INVALID',
    `loglevel: '${text}' is not a level. Use one of ${Object.keys(levels).join(', ')}.`,
  )
}
