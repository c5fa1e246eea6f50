/**
 * Pages that are written by hand, and have parts that a table knows: what stands between the marks
 * `<!-- generated: NAME, do not edit -->` and `<!-- end -->` is written anew, the rest stays.
 */
import { readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

type Parts = Readonly<Record<string, () => string>>

/** Writes the page at `path` (from the root of the project) with its parts as they are now. */
export const filled = (path: string, parts: Parts) => (): string =>
  withParts(readFileSync(new URL(path, root), 'utf8'), parts)

/** The text with every part in it; throws when one has no place, has two, or a mark names none. */
export const withParts = (text: string, parts: Parts): string => {
  const found: string[] = []
  const result = text.replaceAll(marked, (_whole, head: string, name: string, end: string) => {
    const write = parts[name]
    if (write === undefined) throw new Error(`no part is called '${name}'`)
    found.push(name)
    return `${head}\n\n${write()}\n\n${end}`
  })
  const wrong = Object.keys(parts).filter((name) => found.filter((other) => other === name).length !== 1)
  if (wrong.length > 0) throw new Error(`not there exactly once: ${wrong.join(', ')}`)
  return result
}

const marked = /(<!-- generated: ([\w-]+), do not edit -->)[\s\S]*?(<!-- end -->)/g
