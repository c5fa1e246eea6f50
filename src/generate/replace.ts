/**
 * The last of a build: the files that were built beside `dist` take the place of those in it. Servers run from it
 * meanwhile, start workers and import lazily, so it is whole after every step: a chunk, whose name is of its content, is
 * there before the first file that imports it, and those that nothing new imports go last. No file is ever missing or
 * half written: rename(2) puts one in the place of the other.
 *
 * Who read a program before its rename and imports a chunk after the removal still fails: a matter of milliseconds, and
 * only when the program has changed.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

interface Step {
  readonly do: 'move' | 'remove'
  /** From the folder on. */
  readonly path: string
}

/** How a folder with `present` becomes one with `built`. */
export function stepsTo(built: readonly string[], present: readonly string[]): readonly Step[] {
  const isNamedByContent = (path: string) => path.startsWith('chunks/')
  const wanted = new Set(built)
  const ordered = [...built.filter(isNamedByContent), ...built.filter((path) => !isNamedByContent(path))]
  return [
    ...ordered.map((path) => ({ do: 'move', path }) as const),
    ...present.filter((path) => !wanted.has(path)).map((path) => ({ do: 'remove', path }) as const),
  ]
}

/** `next` is gone afterwards. Both have to be on one file system. */
export function replaceFolder(folder: string, next: string): void {
  for (const { do: what, path } of stepsTo(filesIn(next), filesIn(folder))) {
    const place = join(folder, path)
    if (what === 'remove') {
      rmSync(place, { force: true })
      continue
    }
    mkdirSync(dirname(place), { recursive: true })
    renameSync(join(next, path), place)
  }
  rmSync(next, { recursive: true })
}

const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length))
    : []
