/** What the README repeats of the source's tables is compared with them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { split } from 'shlex'
import { expect, test } from 'vitest'
import { signals } from '../src/arbiter/signals.ts'
import { readArguments } from '../src/cli/arguments.ts'
import { readArguments as readClientArguments } from '../src/client/arguments.ts'
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

/** What is given to one of our programs in a line of a shell block, without the comment behind it. */
const givenTo = (program: string): string[][] =>
  [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .map((line) => split(line.replace(/\s+#.*$/, '')))
    .filter(([npx, name]) => npx === 'npx' && name === program)
    .map(([, , ...args]) => args)

test('the command lines of the README are understood by the programs', async () => {
  const lines = givenTo('tsgunicorn')
  expect(lines.length).toBeGreaterThan(5)
  for (const line of lines) expect(await readArguments(line), line.join(' ')).toBeDefined()
  const orders = givenTo('tsgunicornc')
  expect(orders.length).toBeGreaterThan(1)
  for (const order of orders) expect(readClientArguments(order), order.join(' ')).toBeDefined()
})
