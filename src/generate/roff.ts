/**
 * Roff of manual pages (man(7)), and the Markdown of the declarations in it: paragraphs, `code`, tables of two
 * columns. It knows no setting.
 */

/** Text as roff prints it: nothing in it is taken for a request or an escape. */
export const escaped = (text: string): string => guarded(glyphs(text))

/** Roff would print a plain - as a hyphen, which cannot be copied into a command line. */
const glyphs = (text: string): string => text.replaceAll('\\', '\\e').replaceAll('-', '\\-')

/** A line that begins with . or ' would be a request. */
const guarded = (text: string): string => text.replace(/^(?=[.'])/gm, '\\&')

export const heading = (title: string): string => `.SH ${argument(title.toUpperCase())}`
export const subheading = (title: string): string => `.SS ${argument(title)}`

/** A term, in bold, and what is said about it: roff, a request or a line of text on each line. */
export const item = (term: string, body: string): string => `.TP\n.B ${argument(term)}\n${body}`

/** The lines of a page: a heading, and a list within a list, begin a paragraph by themselves. */
export const joined = (blocks: readonly string[]): string =>
  blocks
    .join('\n')
    .replaceAll(/^(\.S[HS] .*\n)\.PP\n/gm, '$1')
    .replaceAll(/^\.IP\n(?=\.RS)/gm, '')

/** A paragraph after another inside an item. */
export const furtherParagraph = '.IP'

/** A block of Markdown in roff. */
export const ofMarkdown = (block: string): string =>
  block.startsWith('|') ? table(block) : inline(block.replaceAll('\n', ' '))

/** Sentences each on a line of their own, as roff wants them; code in bold. */
const inline = (text: string): string => {
  const parts = text.replaceAll(/([.:;?]) (?=[A-Z`])/g, '$1\n').split(/(`[^`]*`)/)
  const fonts = parts.map((part) =>
    part.startsWith('`') ? `\\fB${glyphs(part.replaceAll('`', ''))}\\fR` : glyphs(part),
  )
  return guarded(fonts.join(''))
}

/** Rows under the head and its rule, as a nested list. */
const table = (block: string): string => {
  const rows = block
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').map((cell) => cell.trim()))
  return ['.RS', ...rows.map(([, term = '', text = '']) => item(term, inline(text))), '.RE'].join('\n')
}

/** An argument of a request: quotes around it, and quotes in it doubled. */
const argument = (text: string): string => `"${escaped(text).replaceAll('"', '""')}"`
