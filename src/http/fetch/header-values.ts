/**
 * Names and values of fields as the Fetch standard has them: small letters, no white space around a value. Pure.
 */
import { isToken } from '../h1/grammar.ts'

/** Names seen before, to their small letters: applications use few. */
const known = new Map<string, string>()
const mostKnown = 1000

/** The name in small letters. Throws TypeError when it is not a token (RFC 9110, 5.6.2). */
export const normalName = (name: string): string => {
  const before = known.get(name)
  if (before !== undefined) return before
  const text = String(name)
  if (!isToken(text)) throw new TypeError(`Headers: ${JSON.stringify(text)} is not a header name.`)
  const lower = text.toLowerCase()
  if (known.size < mostKnown) known.set(text, lower)
  return lower
}

const isSpace = (code: number): boolean => code === 0x20 || code === 9 || code === 10 || code === 13

const trim = (text: string): string => {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start += 1
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1
  return end - start === text.length ? text : text.slice(start, end)
}

/** NUL, CR and LF would split a message; above 255 there is no byte to send. */
const checkValue = (text: string): void => {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code === 0 || code === 10 || code === 13 || code > 255)
      throw new TypeError(
        `Headers: ${JSON.stringify(text)} holds a character that a header value cannot have.`,
      )
  }
}

/** The value without white space around it. Throws TypeError for what no header can hold. */
export const normalValue = (value: string): string => {
  const text = trim(typeof value === 'string' ? value : String(value))
  checkValue(text)
  return text
}
