import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { resolveApp } from '../../../src/app/resolve.ts'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsg-resolve-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const files = (...entries: ReadonlyArray<string | readonly [path: string, text: string]>): void => {
  for (const entry of entries) {
    const [path, text] = typeof entry === 'string' ? [entry, ''] : entry
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}
const found = async (module: string): Promise<string> => relative(folder, await resolveApp(module, folder))

test('an exact file comes before one with an extension', async () => {
  files('server', 'server.js')
  expect(await found('server')).toBe('server')
})

test('TypeScript comes before the JavaScript beside it', async () => {
  files('server.js', 'server.ts')
  expect(await found('server')).toBe('server.ts')
})

test('dots are folders when no file has them in its name', async () => {
  files('src/web/app.mjs')
  expect(await found('src.web.app')).toBe('src/web/app.mjs')
  files('src.web.app')
  expect(await found('src.web.app')).toBe('src.web.app')
})

test.each([
  ['{ "exports": "./a.mjs", "main": "b.js" }', 'site/a.mjs'],
  ['{ "exports": { ".": { "types": "./t.d.ts", "import": { "default": "./a.mjs" } } } }', 'site/a.mjs'],
  ['{ "module": "a.mjs", "main": "b.js" }', 'site/a.mjs'],
  ['{ "main": "b" }', 'site/b.js'],
  ['{ "main": "gone.js" }', 'site/index.js'],
  ['{}', 'site/index.js'],
])('a directory with package.json %s is %s', async (manifest, path) => {
  files(['site/package.json', manifest], 'site/a.mjs', 'site/b.js', 'site/index.js')
  expect(await found('site')).toBe(path)
})

test('a package that can only be imported is found', async () => {
  files(
    ['node_modules/site/package.json', '{ "name": "site", "exports": { "import": "./main.mjs" } }'],
    'node_modules/site/main.mjs',
  )
  expect(await found('site')).toBe('node_modules/site/main.mjs')
})

test('a file URL is a path', async () => {
  files('a b.mjs')
  expect(await found(pathToFileURL(join(folder, 'a b.mjs')).href)).toBe('a b.mjs')
})

test('Python files are not looked at', async () => {
  files('site/__init__.py', 'wsgi.py', 'wsgi.ts')
  expect(await found('wsgi')).toBe('wsgi.ts')
  await expect(resolveApp('site', folder)).rejects.toMatchObject({
    code: 'TSG_APP_NOT_FOUND',
    detail: expect.stringContaining('And as Python: site.py, a package'),
  })
})

test('nothing found: the paths in the order they were tried, and what was probably meant', async () => {
  files('server.ts')
  await expect(resolveApp('server.js', folder)).rejects.toMatchObject({
    code: 'TSG_APP_NOT_FOUND',
    message: expect.stringContaining("Did you mean 'server.ts'?"),
    detail: expect.stringMatching(/^Tried.*\n {2}server\.js\n {2}server\.js\.mts\n/u),
  })
  await expect(resolveApp('./gone/deep', folder)).rejects.toMatchObject({ code: 'TSG_APP_NOT_FOUND' })
})
