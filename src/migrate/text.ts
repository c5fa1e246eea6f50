/** The text of a gunicorn.conf.ts: settings as TypeScript writes them, and comments between them. It knows no setting. */

/** One thing that a translation says; it may take several lines. */
export type Entry =
  | {
      readonly set: string
      readonly value: unknown
      /** Stands above it as a comment. */
      readonly note?: string | undefined
      /** How the value is written, where it is no literal: an octal number, something that is computed. */
      readonly code?: string
      /** The name that `code` imports from `node:os`. */
      readonly needs?: string
    }
  | { readonly comment: string }

/** The whole file. `about` is a comment, sentences on what it was written from. */
export const render = (about: string, entries: readonly Entry[]): string =>
  `/// <reference path="./.tsgunicorn/config.d.ts" />
${importsOf(entries)}import { defineConfig } from 'tsgunicorn'

${comment(folded(about))}
export default defineConfig({
${entries.map((entry) => entryText(entry).replaceAll(/^(?=.)/gmu, '  ')).join('\n')}
})
`

const importsOf = (entries: readonly Entry[]): string => {
  const names = new Set(entries.flatMap((entry) => ('needs' in entry && entry.needs ? [entry.needs] : [])))
  return names.size === 0 ? '' : `import { ${[...names].join(', ')} } from 'node:os'\n`
}

const entryText = (entry: Entry): string => {
  if ('comment' in entry) return comment(entry.comment)
  const line = `${entry.set}: ${entry.code ?? literal(entry.value)},`
  return entry.note === undefined ? line : `${comment(entry.note)}\n${line}`
}

const comment = (text: string): string => text.replaceAll(/^/gmu, '// ').replaceAll(/[ \t]+$/gmu, '')

const longestLine = 113

/** Sentences on lines that fit into a comment. */
export const folded = (line: string): string => {
  if (line.length <= longestLine) return line
  const at = line.lastIndexOf(' ', longestLine)
  return at <= 0 ? line : `${line.slice(0, at)}\n${folded(line.slice(at + 1))}`
}

/** Plain data as TypeScript writes it, on several lines when it is long. */
export const literal = (value: unknown): string => {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return enclosed('[', '', value.map(literal), ']')
  const entries = Object.entries(value).map(([name, one]) => `${keyText(name)}: ${literal(one)}`)
  return entries.length === 0 ? '{}' : enclosed('{', ' ', entries, '}')
}

export const octal = (value: number): string => `0o${value.toString(8)}`

const longest = 80

const enclosed = (open: string, space: string, items: readonly string[], close: string): string => {
  const line = `${open}${space}${items.join(', ')}${space}${close}`
  if (line.length <= longest && !line.includes('\n')) return line
  return `${open}\n${items.map((item) => `${item},\n`.replaceAll(/^(?=.)/gmu, '  ')).join('')}${close}`
}

const keyText = (name: string): string => (/^[A-Za-z_$][\w$]*$/u.test(name) ? name : quoted(name))

const quoted = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`

/** A word of a command line. */
export const shellWord = (text: string): string =>
  /^[\w./@:=-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
