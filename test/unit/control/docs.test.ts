import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bounds } from '../../../src/control/bounds.ts'
import { commands } from '../../../src/control/commands.ts'
import { refusalCodes } from '../../../src/control/refusal.ts'
import { repository } from '../../support/machine.ts'

const text = readFileSync(join(repository, 'docs/control.md'), 'utf8')

/** Rows of the table of commands: name, arguments, HTTP, changes. */
const rows = text
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => cells.length === 6 && cells[1]?.startsWith('`'))
  .map(([, name = '', args = '', routes = '', changes = '']) => {
    const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1])
    return { name: words(name)[0], args: words(args), routes: words(routes), changes: changes === 'yes' }
  })

test('the document has each command with its arguments, its HTTP request, and whether it changes something', () => {
  const table = [...commands].map(([name, { args, routes, changes }]) => ({
    name,
    args: Object.keys(args),
    routes: routes.map(({ method, path }) => `${method} ${path}`),
    changes,
  }))
  expect(rows).toEqual(table)
})

test('the document has each code, and the bounds as they are', () => {
  for (const code of Object.keys(refusalCodes)) expect(text).toContain(`\`${code}\``)
  expect(text).toContain(
    `${bounds.connections} connections to a socket (more are closed at once); ${bounds.request / 1024} KiB for a request; ` +
      `${bounds.receiving / 1000} seconds`,
  )
})
