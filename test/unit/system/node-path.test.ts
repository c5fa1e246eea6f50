import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nodeAsTyped, nodeNow } from '../../../src/system/node-path.ts'

/** Executable files, and where their links lead. */
const files: Readonly<Record<string, string>> = {
  '/opt/node-22/bin/node': '/opt/node-22/bin/node',
  '/usr/local/bin/node': '/opt/node-22/bin/node',
  '/srv/app/tools/node': '/opt/node-22/bin/node',
  '/home/me/.volta/bin/node': '/home/me/.volta/bin/volta-shim',
  '/usr/bin/node': '/usr/bin/node',
}
const follow = (path: string) => files[path]
const running = '/opt/node-22/bin/node'
const typed = (name: string, path?: string) => nodeAsTyped({ name, cwd: '/srv/app', path, running }, follow)

describe('the path by which Node was found', () => {
  test.each([
    ['a name is looked for in PATH', 'node', '/nowhere:/usr/local/bin:/usr/bin', '/usr/local/bin/node'],
    ['an empty part of PATH is the directory', 'node', ':/usr/local/bin', '/usr/local/bin/node'],
    ['an absolute path is kept with its links', '/usr/local/bin/node', '', '/usr/local/bin/node'],
    ['a relative one is made absolute', './tools/node', '', '/srv/app/tools/node'],
    ['the file itself', running, '', running],
  ])('%s', (_what, name, path, found) => {
    expect(typed(name, path)).toBe(found)
  })

  test.each([
    ['a shim, which runs Node and is none', 'node', '/home/me/.volta/bin:/usr/local/bin'],
    ['another Node that is first in PATH', 'node', '/usr/bin:/usr/local/bin'],
    ['a name that somebody made up', 'shop-server', '/usr/local/bin'],
    ['nothing at all', '', undefined],
  ])('is the file that runs where argv[0] leads elsewhere: %s', (_what, name, path) => {
    expect(typed(name, path)).toBe(running)
  })
})

test('a link is followed at the time it is needed; one that leads nowhere gives the Node that runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsg-node-path-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const link = join(folder, 'node')
  symlinkSync(process.execPath, link)
  expect(nodeAsTyped({ name: 'node', cwd: '/', path: folder, running: process.execPath })).toBe(link)
  expect(nodeNow(link, process.execPath)).toBe(link)
  rmSync(link)
  expect(nodeNow(link, process.execPath)).toBe(process.execPath)
  mkdirSync(link)
  expect(nodeNow(link, process.execPath)).toBe(process.execPath)
  rmSync(link, { recursive: true })
  writeFileSync(link, '#!/bin/sh\n')
  chmodSync(link, 0o644)
  expect(nodeNow(link, process.execPath)).toBe(process.execPath)
})
