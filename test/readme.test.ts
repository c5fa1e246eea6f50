/** What the README repeats of the source's tables is compared with them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { signals } from '../src/arbiter/signals.ts'
import { repository } from './support/machine.ts'

const readme = readFileSync(join(repository, 'README.md'), 'utf8')

/** The cells of a Markdown table's rows; how wide its columns are drawn is the formatter's. */
const cellsOf = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .map((row) => row.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))

test('the signals of the README are those of the master, in their words', () => {
  const written = /<!-- signals:[\s\S]*?-->\s*([\s\S]*?)<!-- \/signals -->/.exec(readme)?.[1] ?? ''
  const [, , ...rows] = cellsOf(written)
  expect(rows).toEqual(
    Object.entries(signals).map(([name, { summary }]) => [`\`${name.slice(3)}\``, summary]),
  )
})

test('the commands of the README are scripts of the package', () => {
  const manifest: { scripts: Record<string, string> } = JSON.parse(
    readFileSync(join(repository, 'package.json'), 'utf8'),
  )
  const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name)
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter((name) => manifest.scripts[name ?? ''] === undefined)).toEqual([])
})
