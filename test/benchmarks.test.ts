/** The published figures are those of the kept results: what is written from them is not written by hand. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reportProducts, strayPictures } from '../bench/report/products.ts'
import { repository } from './support/machine.ts'

const products = reportProducts(repository)

test.each(Object.keys(products))('%s says what the results say (else: npm run bench -- --render)', (path) => {
  expect(readFileSync(join(repository, path), 'utf8')).toBe(products[path])
})

test('there is no picture of what is not in the results', () => {
  expect(strayPictures(repository)).toEqual([])
})
