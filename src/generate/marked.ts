/**
 * Pages that are written by hand and hold tables that are not: what stands between the marks
 * `<!-- table: NAME. ... -->` and `<!-- /table -->` is written anew, the rest is left as it is.
 */
import { readFileSync } from 'node:fs'
import { doNotEdit } from './words.ts'

const root = new URL('../../', import.meta.url)

/** The page at `path`, from the root of the project, with its tables. Throws when the page has no mark for one. */
export const markedPage = (path: string, tables: Readonly<Record<string, () => string>>) => (): string =>
  Object.entries(tables).reduce(
    (page, [name, text]) => filled(page, name, text(), path),
    readFileSync(new URL(path, root), 'utf8'),
  )

const filled = (page: string, name: string, text: string, path: string): string => {
  const start = page.indexOf(`<!-- table: ${name}.`)
  const end = page.indexOf(endMark, start)
  if (start < 0 || end < 0) throw new Error(`${path} has no marks for the table ${name}`)
  return `${page.slice(0, start)}<!-- table: ${name}. ${doNotEdit} -->\n\n${text}\n\n${page.slice(end)}`
}

const endMark = '<!-- /table -->'
