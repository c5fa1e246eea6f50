/** What is written from the results: the files of docs/benchmarks/ and a block in README.md. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withBlock } from './block.ts'
import { documentOf } from './document.ts'
import { picturesOf } from './pictures.ts'
import { readResults } from './results.ts'

export const reportFolder = 'docs/benchmarks'
export const resultsFolder = `${reportFolder}/results`

/** Path from the root of the project -> text. */
export const reportProducts = (root: string): Readonly<Record<string, string>> => {
  const results = readResults(join(root, resultsFolder))
  return {
    [`${reportFolder}/README.md`]: documentOf(results),
    ...Object.fromEntries(
      Object.entries(picturesOf(results)).map(([name, svg]) => [`${reportFolder}/${name}.svg`, svg]),
    ),
    'README.md': withBlock(readFileSync(join(root, 'README.md'), 'utf8'), results),
  }
}

/** Pictures that are there and should not be. */
export const strayPictures = (root: string): string[] => {
  const wanted = reportProducts(root)
  return readdirSync(join(root, reportFolder))
    .filter((name) => name.endsWith('.svg'))
    .map((name) => `${reportFolder}/${name}`)
    .filter((path) => wanted[path] === undefined)
}
