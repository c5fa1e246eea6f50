import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { documentPath, readDocument, tableNames, withTables } from '../../conformance/document.ts'

test('the tables of docs/http.md are those of the code; UPDATE_DOCS=1 writes them', () => {
  const written = readDocument()
  const made = withTables(written)
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(documentPath, made)
  else expect(written).toBe(made)
})

test('docs/http.md has every table once', () => {
  const marks = [...readDocument().matchAll(/<!-- generated: ([^>]+) -->/g)].map(([, name]) => name)
  expect(marks.toSorted()).toEqual(tableNames.toSorted())
})
