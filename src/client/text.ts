/**
 * Text on a terminal: how wide it is, how it is cut and filled, and made harmless. What a server tells may be a
 * client's words (a path, a method): no control character of theirs reaches the terminal.
 */

/** Wide in East Asian fonts, and pictures (Unicode 15, TR11: W and F; in ranges that terminals agree on). */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u
const marks = /\p{Mn}|\p{Me}|[\u200b-\u200f]/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const colours = /\x1b\[[\d;]*m/g
const plain = /^[\x20-\x7e]*$/

/** Columns that the text takes; its colours take none. */
export const widthOf = (text: string): number => {
  if (plain.test(text)) return text.length
  let columns = 0
  for (const letter of text.replace(colours, '')) columns += columnsOf(letter)
  return columns
}

const columnsOf = (letter: string): number => (marks.test(letter) ? 0 : wide.test(letter) ? 2 : 1)

/** Cut to at most `columns`, with an ellipsis when something is missing. The text has no colours. */
export const cut = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text
  let taken = ''
  let left = columns - 1
  for (const letter of text) {
    left -= columnsOf(letter)
    if (left < 0) break
    taken += letter
  }
  return columns < 1 ? '' : `${taken}…`
}

/** Filled with spaces to `columns`. */
export const fill = (text: string, columns: number, align: 'left' | 'right'): string => {
  const space = ' '.repeat(Math.max(0, columns - widthOf(text)))
  return align === 'left' ? text + space : space + text
}

/** One line without control characters: they are shown as escapes. Direction marks are among them. */
export const harmless = (text: string): string =>
  plain.test(text)
    ? text
    : text.replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, escapeOf)

const escapeOf = (letter: string): string => {
  const code = letter.codePointAt(0) ?? 0
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** Several lines, each harmless; tabs are spaces. */
export const harmlessLines = (text: string): readonly string[] =>
  text
    .replace(/\n+$/, '')
    .split('\n')
    .map((line) => harmless(line.replaceAll('\t', '    ')))
