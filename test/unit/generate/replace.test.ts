import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { replaceFolder, stepsTo } from '../../../src/generate/replace.ts'

/** Programs, and the chunk that each imports. */
type Build = Readonly<Record<string, string>>

const before: Build = {
  'cli/tsgunicorn.js': 'chunks/main-AAAA.js',
  'cli/gone.js': 'chunks/gone-AAAA.js',
  'worker/main.js': 'chunks/worker-AAAA.js',
}
const after: Build = {
  'cli/tsgunicorn.js': 'chunks/main-BBBB.js',
  'cli/new.js': 'chunks/worker-AAAA.js',
  'worker/main.js': 'chunks/worker-AAAA.js',
}
const pathsOf = (build: Build) => [...new Set([...Object.keys(build), ...Object.values(build)])]

test('after every step each program is there, and so is the chunk that it imports', () => {
  const folder = new Map(pathsOf(before).map((path) => [path, before[path] ?? '']))
  const steps = stepsTo(pathsOf(after), pathsOf(before))
  for (const step of steps) {
    if (step.do === 'remove') folder.delete(step.path)
    else folder.set(step.path, after[step.path] ?? '')
    for (const program of ['cli/tsgunicorn.js', 'worker/main.js'])
      expect(folder.has(folder.get(program) ?? ''), `${program} after ${step.do} ${step.path}`).toBe(true)
  }
  expect([...folder.keys()].sort()).toEqual(pathsOf(after).sort())
  expect(Object.fromEntries([...folder].filter(([, chunk]) => chunk !== ''))).toEqual(after)
})

test('what is the same in both builds is never removed', () => {
  expect(stepsTo(pathsOf(after), pathsOf(after)).filter((step) => step.do === 'remove')).toEqual([])
})

test.each([
  ['in the place of another', { 'a.js': 'old', 'chunks/old.js': 'old', 'python/x/stale.py': 'old' }],
  ['where there is none', undefined],
])('a folder is put %s, and nothing is left beside it', (_where, present) => {
  const place = mkdtempSync(join(tmpdir(), 'tsg-replace-'))
  onTestFinished(() => rmSync(place, { recursive: true }))
  const write = (folder: string, files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(place, folder, path)), { recursive: true })
      writeFileSync(join(place, folder, path), text)
    }
  }
  const built = { 'a.js': 'new', 'chunks/new.js': 'new', 'python/x/__main__.py': 'new' }
  if (present !== undefined) write('dist', present)
  write('dist.next', built)
  replaceFolder(join(place, 'dist'), join(place, 'dist.next'))
  expect(readdirSync(place)).toEqual(['dist'])
  const files = readdirSync(join(place, 'dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(place, 'dist/').length))
  expect(
    Object.fromEntries(files.map((path) => [path, readFileSync(join(place, 'dist', path), 'utf8')])),
  ).toEqual(built)
})
