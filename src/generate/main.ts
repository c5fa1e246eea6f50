/** `npm run generate`: writes every generated file. Development only. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { products } from './products.ts'

const root = new URL('../../', import.meta.url)

for (const [path, write] of Object.entries(products)) {
  const file = fileURLToPath(new URL(path, root))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, write())
  console.log(path)
}
