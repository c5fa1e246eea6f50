/** Markdown, as the report of `npm run bench` needs it. Pure. */

/** Breaks prose at 118 columns; words are never broken. */
export const wrap = (text: string, first = '', indent = ''): string => {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (!isEmpty && line.length + 1 + word.length > 118) {
      lines.push(line)
      line = indent + word
    } else line = isEmpty ? line + word : `${line} ${word}`
    isEmpty = false
  }
  return [...lines, line].join('\n')
}

export const bullet = (text: string): string => wrap(text, '- ', '  ')

export const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
  [
    `| ${titles.join(' | ')} |`,
    `|${' --- |'.repeat(titles.length)}`,
    ...rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '/')).join(' | ')} |`),
  ].join('\n')

export const number = (value: number, digits = 0): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })

/** `1 request`, `2 requests`. */
export const plural = (count: number, word: string): string =>
  `${number(count)} ${word}${count === 1 ? '' : 's'}`
