/**
 * Numbers as settings read them: whole numbers, seconds, octal modes and sizes. Text is read as Python reads it
 * (`int(text, 0)`), so that what works on Gunicorn's command line works here; it knows no setting by name.
 */
import { accepted, type Checked, type Kind, refused, unreadable } from './setting.ts'

export interface Bounds {
  readonly minimum?: number
  readonly maximum?: number
}

/** A whole number, by default of 0 or more; `0x10`, `0o22` and `1_000` are read in text. */
export const integerKind = (bounds: Bounds = {}): Kind<number> => {
  const { minimum = 0, maximum } = bounds
  const allowed =
    maximum === undefined
      ? `a whole number of ${minimum} or more`
      : `a whole number from ${minimum} to ${maximum}`
  return numeric({
    kind: 'integer',
    read: (text) => wholeNumber(text) ?? zeroPadded(text),
    fits: (value) => Number.isSafeInteger(value) && value >= minimum && value <= (maximum ?? value),
    allowed,
    schema: { type: 'integer', minimum, ...(maximum === undefined ? {} : { maximum }) },
  })
}

/** Seconds of 0 or more; Gunicorn takes whole ones only, fractions are ours. */
export const secondsKind: Kind<number> = numeric({
  kind: 'seconds',
  read: (text) => wholeNumber(text) ?? decimal(text),
  fits: (value) => Number.isFinite(value) && value >= 0,
  allowed: 'seconds: a number of 0 or more',
  schema: { type: 'number', minimum: 0 },
})

/** A file mode or umask. Text that begins with 0 is octal, as `0022`; other text is a decimal number. */
export const octalKind: Kind<number> = {
  ...numeric({
    kind: 'octal',
    read: (text) => wholeNumber(text.trim().replace(/^0(?=[0-7])/, '0o')),
    fits: (value) => Number.isInteger(value) && value >= 0 && value <= 0o777,
    allowed: "a mode from 0 to 0o777, as the text '0022' or the number 0o022",
    schema: { anyOf: [{ type: 'integer', minimum: 0, maximum: 0o777 }, octalText()] },
  }),
  accepts: 'number | string',
}

/** Bytes; text may end in K, M, G or T (powers of 1024). */
export const bytesKind: Kind<number> = {
  ...numeric({
    kind: 'bytes',
    read: sizeInBytes,
    fits: (value) => Number.isSafeInteger(value) && value >= 0,
    allowed: "bytes: a whole number of 0 or more, or text with a suffix, as '512M' or '1.5G'",
    schema: {
      anyOf: [
        { type: 'integer', minimum: 0 },
        { type: 'string', pattern: sizePattern().source },
      ],
    },
  }),
  accepts: 'number | string',
}

interface Numeric {
  readonly kind: string
  readonly read: (text: string) => number | undefined
  readonly fits: (value: number) => boolean
  readonly allowed: string
  readonly schema: Kind<number>['schema']
}

function numeric({ kind, read, fits, allowed, schema }: Numeric): Kind<number> {
  const judge = (value: number): Checked<number> => (fits(value) ? accepted(value) : refused(allowed))
  const parse = (text: string): Checked<number> => {
    const value = read(text)
    return value === undefined ? unreadable(allowed) : judge(value)
  }
  const check = (value: unknown): Checked<number> => {
    if (typeof value === 'number') return judge(value)
    // A file often passes on a variable of the environment, which is text.
    return typeof value === 'string' ? parse(value) : refused(allowed)
  }
  return { kind, type: 'number', schema, flag: 'value', parse, check }
}

/** Python's int(text, 0): decimal without leading zeros, or 0x, 0o, 0b. */
function wholeNumber(text: string): number | undefined {
  const [, sign, plain = ''] = /^([+-]?)(.*)$/s.exec(text.trim()) ?? []
  const decimalDigits = /^(?:0+|[1-9]\d*(?:_\d+)*)$/
  const prefixed = /^0(?:x[\da-f]+|o[0-7]+|b[01]+)$/i
  if (!decimalDigits.test(plain) && !prefixed.test(plain)) return undefined
  const value = Number(plain.replaceAll('_', ''))
  // Not -value: that would make -0 of 0.
  return sign === '-' ? 0 - value : value
}

/** Python's int(text), which flags are read with: leading zeros mean nothing. */
const zeroPadded = (text: string): number | undefined =>
  /^\s*\+?0\d+\s*$/.test(text) ? Number(text) : undefined

function decimal(text: string): number | undefined {
  return /^\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*$/.test(text) ? Number(text) : undefined
}

function sizePattern(): RegExp {
  return /^\s*(\d+(?:\.\d+)?)\s*([kKmMgGtT]?)(?:[iI]?[bB])?\s*$/
}

function sizeInBytes(text: string): number | undefined {
  const [, digits, suffix = ''] = sizePattern().exec(text) ?? []
  if (digits === undefined) return undefined
  return Math.round(Number(digits) * 1024 ** ' KMGT'.indexOf(suffix.toUpperCase() || ' '))
}

function octalText(): Kind<number>['schema'] {
  return { type: 'string', pattern: '^\\s*(?:0o?[0-7]{1,4}|[0-9]{1,3})\\s*$' }
}
