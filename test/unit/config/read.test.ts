import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { useProject } from './project.ts'

const project = useProject()

describe('the forms of a configuration file', () => {
  const forms: ReadonlyArray<readonly [string, string, string]> = [
    ['an object', 'gunicorn.conf.ts', 'export default { workers: 4 }'],
    [
      'defineConfig',
      'gunicorn.conf.ts',
      "import { defineConfig } from 'tsgunicorn'\nexport default defineConfig({ workers: 4 })",
    ],
    [
      'types of the package',
      'gunicorn.conf.ts',
      "import type { UserConfig } from 'tsgunicorn'\nexport default { workers: 4 } satisfies UserConfig",
    ],
    ['a function', 'gunicorn.conf.ts', 'export default ({ env }) => ({ workers: Number(env.N) })'],
    [
      'an async function',
      'gunicorn.conf.mts',
      'export default async ({ env }) => ({ workers: Number(env.N) })',
    ],
    ['a promise', 'gunicorn.conf.js', 'export default Promise.resolve({ workers: 4 })'],
    ['named exports', 'gunicorn.conf.ts', 'export const workers: number = 4'],
    ['named exports in .js', 'gunicorn.conf.js', 'export const workers = 4'],
    ['named beside default', 'gunicorn.conf.mjs', 'export default { timeout: 3 }\nexport const workers = 4'],
    ['module.exports', 'gunicorn.conf.cjs', 'module.exports = { workers: 4 }'],
    ['module.exports in .js', 'gunicorn.conf.js', 'module.exports = { workers: 4 }'],
    ['a function as module.exports', 'gunicorn.conf.cjs', 'module.exports = (c) => ({ workers: +c.env.N })'],
    ['exports of CommonJS', 'gunicorn.conf.cjs', 'exports.workers = 4'],
    [
      'compiled CommonJS',
      'gunicorn.conf.cjs',
      "Object.defineProperty(exports, '__esModule', { value: true })\nexports.default = { workers: 4 }",
    ],
    ['an enum', 'gunicorn.conf.ts', 'enum E { Four = 4 }\nexport default { workers: E.Four }'],
    ['top-level await', 'gunicorn.conf.ts', 'export const workers: number = await Promise.resolve(4)'],
    ['a hashbang', 'gunicorn.conf.js', '#!/usr/bin/env node\nexport const workers = __dirname ? 4 : 0'],
    ['JSON', 'gunicorn.conf.json', '{ "$schema": "x", "workers": 4 }'],
    ['YAML', 'gunicorn.conf.yaml', '# comment\nworkers: 4\n'],
    ['YAML by its short name', 'gunicorn.conf.yml', 'workers: 4\n'],
  ]

  test.each(forms)('%s', async (_form, name, text) => {
    project.write({ [name]: text })
    const { config, file } = await project.load({ env: { N: '4' } })
    expect(config['workers']).toBe(4)
    expect(file).toBe(project.path(name))
  })

  test.each(['commonjs', 'module'])('.js and .ts mean the same in a package of type %s', async (type) => {
    project.write({
      'package.json': JSON.stringify({ type }),
      'gunicorn.conf.ts': "import { n } from './n.js'\nexport const workers = n",
      'n.js': 'export const n = 7',
    })
    expect((await project.load()).config['workers']).toBe(7)
  })

  test('-c reads .cts with export =', async () => {
    project.write({ 'c.cts': 'const c = { workers: 4 }\nexport = c' })
    expect((await project.load({ commandLine: { config: 'c.cts' } })).config['workers']).toBe(4)
  })

  test.each([
    ['a file of comments', 'gunicorn.conf.ts', '// workers: 4\n/* nothing */\n'],
    ['an empty YAML file', 'gunicorn.conf.yaml', '# nothing\n'],
    ['an empty JSON file', 'gunicorn.conf.json', ''],
    ['an empty object', 'gunicorn.conf.cjs', 'module.exports = {}'],
  ])('%s gives nothing, and is no fault', async (_what, name, text) => {
    project.write({ [name]: text })
    expect((await project.load()).config['workers']).toBe(1)
  })
})

describe('what a file is made of', () => {
  test('local files are bundled, and listed with the file itself first', async () => {
    project.write({
      'gunicorn.conf.ts':
        "import { n } from './lib/n.js'\nimport data from './data.json'\nexport const workers = n + data.more",
      'lib/n.ts': "import './side.cjs'\nexport const n: number = 3",
      'lib/side.cjs': 'exports.x = 1',
      'data.json': '{ "more": 4 }',
    })
    const { config, files } = await project.load()
    expect(config['workers']).toBe(7)
    expect(files[0]).toBe(project.path('gunicorn.conf.ts'))
    expect([...files].sort()).toEqual(
      ['data.json', 'gunicorn.conf.ts', 'lib/n.ts', 'lib/side.cjs'].map(project.path),
    )
  })

  test.each([
    ['CommonJS', ''],
    ['an ES module', 'await 0\n'],
  ])('every file knows its own place, bundled as %s', async (_format, head) => {
    const names = 'import.meta.url, import.meta.dirname, import.meta.filename, __dirname, __filename'
    project.write({
      'gunicorn.conf.ts': `${head}import { inner } from './lib/inner.ts'\nexport const bind = [${names}, ...inner]`,
      'lib/inner.ts': `export const inner = [${names}]`,
    })
    const placesOf = (name: string, directory: string) => {
      const file = project.path(name)
      return [pathToFileURL(file).href, directory, file, directory, file]
    }
    expect((await project.load()).config['bind']).toEqual([
      ...placesOf('gunicorn.conf.ts', project.directory),
      ...placesOf('lib/inner.ts', project.path('lib')),
    ])
  })

  const packages = {
    'node_modules/plain/package.json': '{ "main": "index.js" }',
    'node_modules/plain/index.js': 'exports.n = 4',
    'node_modules/modern/package.json': '{ "type": "module", "exports": { "import": "./index.js" } }',
    'node_modules/modern/index.js': 'export const n = 4',
  }

  test.each(['plain', 'modern'])("packages come from the file's own node_modules: %s", async (name) => {
    project.write({
      ...packages,
      'gunicorn.conf.ts': `import { n } from '${name}'\nimport { sep } from 'node:path'\nexport const workers = sep ? n : 0`,
    })
    expect((await project.load()).config['workers']).toBe(4)
  })

  test('top-level await leaves no temporary file behind, neither when it throws', async () => {
    project.write({ 'gunicorn.conf.ts': "await 0\nthrow new Error('no')\nexport {}" })
    expect((await project.fault()).code).toBe('TSG_CONFIG_THREW')
    expect(readdirSync(project.directory)).toEqual(['gunicorn.conf.ts'])
  })

  test('nothing of the working directory but the file is executed', async () => {
    project.write({
      '.config/config.cjs': "require('node:fs').writeFileSync(__dirname + '/ran', '')",
      '.config/config.js': "require('node:fs').writeFileSync(__dirname + '/ran', '')",
      'gunicorn.conf.yaml': 'workers: 4',
    })
    await project.load()
    expect(existsSync(project.path('.config/ran'))).toBe(false)
  })
})

describe('reading again', () => {
  test('sees changes of the file and of what it imports', async () => {
    project.write({
      'gunicorn.conf.mjs': "import { n } from './n.mjs'\nexport const workers = n",
      'n.mjs': 'export const n = 1',
    })
    const seen = [(await project.load()).config['workers']]
    project.write({ 'n.mjs': 'export const n = 2' })
    seen.push((await project.load()).config['workers'])
    project.write({ 'gunicorn.conf.mjs': 'export const workers = 3' })
    seen.push((await project.load()).config['workers'])
    expect(seen).toEqual([1, 2, 3])
  })

  test('works after the directory in which the first loading happened was removed', async () => {
    project.write({
      'old/gunicorn.conf.ts': 'export const workers = 1',
      'new/gunicorn.conf.ts': 'export const workers = 2',
    })
    const seen = [(await project.load({ directory: project.path('old') })).config['workers']]
    rmSync(project.path('old'), { recursive: true })
    seen.push((await project.load({ directory: project.path('new') })).config['workers'])
    expect(seen).toEqual([1, 2])
  })

  test('leaves no build service behind', async () => {
    project.write({ 'gunicorn.conf.ts': 'export const workers = 4' })
    await project.load()
    const children = () =>
      spawnSync('ps', ['-o', 'args=', '--ppid', String(process.pid)], { encoding: 'utf8' }).stdout
    // It has been told to end, and is reaped as soon as it did.
    await vi.waitFor(() => expect(children()).not.toContain('esbuild'), { timeout: 5000 })
  })

  test('also several at the same time', async () => {
    project.write({ 'gunicorn.conf.ts': 'export const workers = 4' })
    const all = await Promise.all([project.load(), project.load(), project.load()])
    expect(all.map(({ config }) => config['workers'])).toEqual([4, 4, 4])
  })
})

describe('what is wrong with a file', () => {
  test('a syntax error shows the place and the line', async () => {
    project.write({ 'gunicorn.conf.ts': 'export default {\n  workers: ,\n}' })
    const { code, message, detail } = await project.fault()
    expect(code).toBe('TSG_CONFIG_SYNTAX')
    expect(message).toContain('gunicorn.conf.ts:2:12')
    expect(detail).toContain('workers: ,')
  })

  test.each([
    ['a line', 'export default {\n  workers: ,\n}', ['2:12']],
    ['letters of more than a byte', "const name = 'zürich'; const bind = +;", ['1:38']],
    ['a line that is told its place', 'export const bind = __dirname +;', ['1:32']],
    ['a line that a note speaks of', 'const a = __dirname; const b = 1\nconst b = 2', ['2:7', '1:28']],
  ])(
    'message and code frame name the same column, counted in characters from 1: %s',
    async (_what, text, places) => {
      project.write({ 'gunicorn.conf.ts': text })
      const { message, detail } = await project.fault()
      expect(message).toContain(`gunicorn.conf.ts:${places[0]}:`)
      expect([...(detail ?? '').matchAll(/gunicorn\.conf\.ts:(.*):$/gm)].map(([, place]) => place)).toEqual(
        places,
      )
      expect(detail).not.toContain('__tsg')
    },
  )

  test('a local import that does not exist is named', async () => {
    project.write({ 'gunicorn.conf.ts': "import './gone.ts'\nexport default {}" })
    const { code, message } = await project.fault()
    expect(code).toBe('TSG_CONFIG_SYNTAX')
    expect(message).toContain('./gone.ts')
  })

  test('a package that is not installed is named, with what to do', async () => {
    project.write({ 'gunicorn.conf.ts': "import 'not-installed-anywhere'\nexport default {}" })
    const { code, message } = await project.fault()
    expect(code).toBe('TSG_CONFIG_THREW')
    expect(message).toMatch(/Cannot find module 'not-installed-anywhere'.*Install the package/)
    expect(message).not.toContain('Require stack')
  })

  test.each([
    ['an import', "\nimport x from 'missing-one'\nexport default { x }", ':2:15'],
    ['a require', "'use strict'\nmodule.exports = require('missing-one')", ':2:18'],
    ['an ES module', "await 0\nimport x from 'missing-one'\nexport default { x }", '(:2:1)?'],
  ])('the place of a missing package is the one in the file: %s', async (_what, text, place) => {
    project.write({ 'gunicorn.conf.ts': text })
    const { message, detail } = await project.fault()
    const file = project.path('gunicorn.conf.ts')
    expect(message).toMatch(new RegExp(`^${file}${place}: the configuration file threw: Cannot find `))
    expect(`${message}${detail}`).not.toMatch(/node:internal|\/loader|\.gunicorn\.conf/)
  })

  test('what Node throws is placed where the file called it', async () => {
    project.write({ 'gunicorn.conf.ts': "import { readFileSync } from 'node:fs'\nreadFileSync('/gone')" })
    expect((await project.fault()).message).toContain(`${project.path('gunicorn.conf.ts')}:2:1: the config`)
  })

  test.each([
    ['CommonJS', ''],
    ['an ES module', 'await 0\n'],
  ])('what it throws is shown with the stack of the source, as %s', async (_format, head) => {
    project.write({
      'gunicorn.conf.ts': `${head}import { boom } from './boom.ts'\ninterface Gone { a: 1 }\nboom()\nexport {}`,
      'boom.ts':
        "interface Gone { a: 1 }\nexport function boom(): never {\n  throw new TypeError('no such luck')\n}",
    })
    const { code, message, detail } = await project.fault()
    expect(code).toBe('TSG_CONFIG_THREW')
    expect(message).toContain(`${project.path('boom.ts')}:3:9: the configuration file threw: no such luck`)
    const line = head === '' ? 3 : 4
    expect(detail).toContain(`${project.path('gunicorn.conf.ts')}:${line}:1`)
    expect(detail).not.toContain('evaluate')
  })

  test.each([
    [
      'a function that throws',
      "export default () => {\n  throw new Error('inside')\n}",
      'gunicorn.conf.ts:2:9',
    ],
    ['a function that rejects', "export default async () => {\n  throw new Error('inside')\n}", 'ts:2:9'],
    ['something that is no error', "throw 'inside'", 'inside'],
  ])('%s', async (_what, text, words) => {
    project.write({ 'gunicorn.conf.ts': text })
    const { code, message } = await project.fault()
    expect(code).toBe('TSG_CONFIG_THREW')
    expect(message).toContain(words)
  })

  test.each([
    ['a list', 'gunicorn.conf.ts', 'export default []', 'is a list'],
    ['a text', 'gunicorn.conf.cjs', "module.exports = 'x'", 'is a string'],
    ['null', 'gunicorn.conf.ts', 'export default null', 'is null'],
    ['a function of nothing', 'gunicorn.conf.ts', 'export default () => {}', 'returns undefined'],
    ['a forgotten export', 'gunicorn.conf.ts', 'const config = { workers: 4 }', 'exports no settings'],
    [
      'a setting in both exports',
      'gunicorn.conf.ts',
      'export default { workers: 1 }\nexport const workers = 2',
      'workers',
    ],
    ['a list in YAML', 'gunicorn.conf.yaml', '- workers', 'not a mapping'],
    ['a number in JSON', 'gunicorn.conf.json', '4', 'not a mapping'],
  ])('the wrong shape: %s', async (_what, name, text, words) => {
    project.write({ [name]: text })
    const { code, message } = await project.fault()
    expect(code).toBe('TSG_CONFIG_SHAPE')
    expect(message).toContain(words)
  })

  test.each([
    ['gunicorn.conf.json', '{ "workers": 4, }', '> 1 |', /property name in JSON at position 16/],
    ['gunicorn.conf.yaml', 'workers: [4', '1 | workers: [4', /unexpected end of the stream.*\(2:1\)/],
  ])('%s that cannot be parsed shows where', async (name, text, frame, words) => {
    project.write({ [name]: text })
    const { code, message, detail } = await project.fault()
    expect(code).toBe('TSG_CONFIG_SYNTAX')
    expect(message).toMatch(words)
    expect(detail).toContain(frame)
  })
})
