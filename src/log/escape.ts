/**
 * What text may look like inside a log line. Bytes of a request reach the logs, so nothing that ends a line,
 * moves a terminal's cursor or closes a quote is printed as it is. It knows no format of line.
 */

const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0')
const byte = (value: number): string => `\\x${hex(value, 2)}`

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

// C0, DEL, C1 (NEL ends a line for Python's splitlines), line and paragraph separators, bidirectional overrides.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const unprintable = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

const spelled = (char: string): string => {
  const code = char.charCodeAt(0)
  return named[char] ?? (code > 0xff ? `\\u${hex(code, 4)}` : byte(code))
}

/** One line of text for people: control characters are spelled, other letters stay. */
export const oneLine = (text: string): string => text.replace(unprintable, spelled)

/**
 * Several lines, each indented by two spaces: none of them can be taken for a record, which starts in column one
 * with a bracket. Control characters within are spelled, tabs become spaces.
 */
export const block = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => `  ${oneLine(line.replaceAll('\t', '  '))}`)
    .join('\n')

const harmless = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
const harmful = /["\\]|[^\x20-\x7e]/gu

const bytesOf = (char: string): string =>
  char.charCodeAt(0) <= 0xff ? byte(char.charCodeAt(0)) : [...Buffer.from(char)].map(byte).join('')

/**
 * A value of the access log: printable ASCII stays, quotes, backslashes and all other bytes become `\xHH`
 * (as nginx writes them), so that the value ends where it seems to end. Characters up to U+00FF are taken for
 * bytes, as header values are; others are spelled by their bytes in UTF-8.
 */
export const quotable = (text: string): string =>
  harmless.test(text) ? text : text.replace(harmful, bytesOf)

const beyondAscii = /[\x7f-\uffff]/g

/** JSON of one line and of ASCII alone: the same value, with everything else as `\uHHHH`. */
export const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    beyondAscii,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
