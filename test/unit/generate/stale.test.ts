import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { products } from '../../../src/generate/products.ts'

const root = new URL('../../../', import.meta.url)

test.each(Object.entries(products))('%s is what the tables say', (path, write) => {
  const committed = readFileSync(new URL(path, root), 'utf8')
  const current = committed === write()
  expect(current, `${path} is stale: run "npm run generate" and commit what it writes`).toBe(true)
})

test('nothing generated depends on when or where it is generated', () => {
  for (const write of Object.values(products)) {
    const text = write()
    expect(text).toBe(write())
    expect(text).not.toContain(process.cwd())
    expect(text).toMatch(/do not edit/)
    expect(text.endsWith('\n')).toBe(true)
  }
})
