import { mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../../src/config/load.ts'
import { startDirectory } from '../../../src/config/sources.ts'
import { useProject } from './project.ts'

const project = useProject()

describe('precedence', () => {
  test('whoever is highest of those who give a value wins, and is named as its origin', async () => {
    project.write({ 'with/gunicorn.conf.json': '{ "workers": 3 }' })
    mkdirSync(project.path('without'))
    const sources = fc.record({
      env: fc.boolean(),
      file: fc.boolean(),
      variable: fc.boolean(),
      line: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(sources, async ({ env, file, variable, line }) => {
        const { config, origins } = await project.load({
          directory: project.path(file ? 'with' : 'without'),
          env: env ? { WEB_CONCURRENCY: '2' } : {},
          commandVariable: variable ? { workers: 4 } : {},
          commandLine: line ? { workers: 5 } : {},
        })
        const [workers, kind] = line
          ? [5, 'command-line']
          : variable
            ? [4, 'command-variable']
            : file
              ? [3, 'file']
              : env
                ? [2, 'environment']
                : [1, 'default']
        expect([config['workers'], origins['workers']?.kind]).toEqual([workers, kind])
      }),
      { numRuns: 40 },
    )
  })

  test('a wrong variable is an error that names it; an empty one is none', async () => {
    const { code, message } = await project.fault({ env: { WEB_CONCURRENCY: 'many' } })
    expect(code).toBe('TSG_ENVIRONMENT')
    expect(message).toMatch(/WEB_CONCURRENCY is 'many'.*workers.*0 or more/)
    expect((await project.load({ env: { WEB_CONCURRENCY: '' } })).config['workers']).toBe(1)
  })

  test("PORT is an address of the server's own table", async () => {
    const request = { directory: project.directory, commandLine: {}, commandVariable: {}, needsApp: false }
    const { config, origins } = await loadConfig({ ...request, env: { PORT: '81' } })
    expect(config.bind).toEqual(['0.0.0.0:81'])
    expect(origins['bind']).toEqual({ kind: 'environment', variable: 'PORT' })
    await expect(loadConfig({ ...request, env: { PORT: 'x' } })).rejects.toMatchObject({
      code: 'TSG_ENVIRONMENT',
    })
  })
})

describe('the application', () => {
  test('of the command line beats those of the file, under both names', async () => {
    project.write({ 'gunicorn.conf.json': '{ "wsgi_app": "a", "app": "b" }' })
    const { config } = await project.load({ app: './c.js' })
    expect([config['wsgi_app'], config['app']]).toEqual(['./c.js', './c.js'])
  })

  test('is called app or wsgi_app, and app wins; wsgi_app tells the one that is run', async () => {
    project.write({ 'gunicorn.conf.json': '{ "wsgi_app": "a",\n "app": "b" }' })
    const { config, origins } = await project.load({ needsApp: true })
    expect(config['wsgi_app']).toBe('b')
    expect(origins['wsgi_app']).toMatchObject({ kind: 'file', line: 2 })
  })

  test('may come from the file', async () => {
    project.write({ 'gunicorn.conf.json': '{ "wsgi_app": "a" }' })
    expect((await project.load({ needsApp: true })).config['wsgi_app']).toBe('a')
  })

  test('has to be named somewhere', async () => {
    const error = await project.fault({ needsApp: true })
    expect(error.message).toMatch(/^No application module specified\. Name one/)
    expect(error.exitStatus).toBe(1)
  })
})

describe('finding the file', () => {
  test('no file is no fault', async () => {
    const loaded = await project.load()
    expect([loaded.file, loaded.files, loaded.warnings]).toEqual([undefined, [], []])
  })

  test('parents are not searched', async () => {
    project.write({ 'gunicorn.conf.json': '{ "workers": 9 }', 'sub/x': '' })
    expect((await project.load({ directory: project.path('sub') })).config['workers']).toBe(1)
  })

  test('of several the first by extension is used, and a warning names them', async () => {
    project.write({
      'gunicorn.conf.yaml': 'workers: 2',
      'gunicorn.conf.json': '{ "workers": 3 }',
      'gunicorn.conf.mjs': 'export const workers = 4',
    })
    const { config, warnings } = await project.load()
    expect(config['workers']).toBe(4)
    expect(warnings).toEqual([
      expect.stringContaining('gunicorn.conf.mjs is used, gunicorn.conf.json, gunicorn.conf.yaml are not'),
    ])
  })

  test.each(['other.yaml', 'file:other.yaml', './sub/../other.yaml'])('-c %s', async (config) => {
    project.write({ 'other.yaml': 'workers: 7', 'gunicorn.conf.ts': 'this is not read' })
    expect((await project.load({ commandLine: { config } })).config['workers']).toBe(7)
  })

  test('-c of the command line beats that of the variable', async () => {
    project.write({ 'a.yaml': 'workers: 7', 'b.yaml': 'workers: 8' })
    const commandVariable = { config: 'b.yaml' }
    expect((await project.load({ commandVariable })).config['workers']).toBe(8)
    const both = await project.load({ commandVariable, commandLine: { config: 'a.yaml' } })
    expect(both.config['workers']).toBe(7)
  })

  test.each([
    ['gone.ts', 'TSG_CONFIG_NOT_FOUND', 'does not exist'],
    ['sub', 'TSG_CONFIG_NOT_FOUND', 'is not a file'],
    ['conf.toml', 'TSG_CONFIG_NOT_FOUND', "cannot end in '.toml'"],
    ['gone.py', 'TSG_CONFIG_NOT_FOUND', 'does not exist'],
    ['python:', 'TSG_CONFIG_NOT_FOUND', 'names no module'],
  ])('-c %s is refused', async (config, code, words) => {
    project.write({ 'conf.toml': '', 'sub/x': '' })
    const error = await project.fault({ commandLine: { config } })
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
  })

  test('gunicorn.conf.py comes last of several, and a warning says so', async () => {
    project.write({ 'gunicorn.conf.py': 'workers = 4', 'gunicorn.conf.yml': 'workers: 2' })
    const { config, warnings } = await project.load()
    expect(config['workers']).toBe(2)
    expect(warnings).toEqual([expect.stringContaining('gunicorn.conf.yml is used, gunicorn.conf.py is not')])
  })
})

describe('the working directory', () => {
  test('is entered as the file says, and the command line is above the file', async () => {
    project.write({ 'gunicorn.conf.json': '{ "chdir": "b" }', 'a/x': '', 'b/x': '' })
    const byFile = await project.load()
    expect([byFile.config['chdir'], process.cwd()]).toEqual([project.path('b'), project.path('b')])
    const byFlag = await project.load({ commandLine: { chdir: 'a' } })
    expect([byFlag.config['chdir'], process.cwd()]).toEqual([project.path('a'), project.path('a')])
  })

  test.each([
    ['searched', {}, 'gunicorn.conf.ts'],
    ['named', { config: 'my.conf.ts' }, 'my.conf.ts'],
  ])('does not tell where the file is, when it is %s', async (_how, flags, name) => {
    const text = 'export default { workers: 2, errorlog: process.cwd() }'
    project.write({ [name]: text, 'a/gunicorn.conf.ts': 'export default { workers: 9 }' })
    for (let reload = 0; reload < 2; reload += 1) {
      const { config, file } = await project.load({ commandLine: { ...flags, chdir: 'a' } })
      expect([file, config['workers']]).toEqual([project.path(name), 2])
      expect([config['errorlog'], process.cwd()]).toEqual([project.directory, project.path('a')])
    }
  })

  test('is all that is needed when the directory of the start has been removed since', async () => {
    project.write({ 'a/x': '', 'my.conf.json': '{ "workers": 2 }' })
    const commandLine = { chdir: project.path('a') }
    const directory = project.path('gone')
    const { config, file } = await project.load({ directory, commandLine })
    expect([config['chdir'], file]).toEqual([project.path('a'), undefined])
    const named = { ...commandLine, config: project.path('my.conf.json') }
    expect((await project.load({ directory, commandLine: named })).config['workers']).toBe(2)
    const relative = { directory, commandLine: { ...commandLine, config: 'my.conf.json' } }
    expect((await project.fault(relative)).code).toBe('TSG_CONFIG_NOT_FOUND')
    expect((await project.fault({ directory })).code).toBe('TSG_CHDIR')
  })

  test('is the same when the same request is loaded again', async () => {
    project.write({ 'a/x': '' })
    const chdir = async () => (await project.load({ commandLine: { chdir: 'a' } })).config['chdir']
    expect([await chdir(), await chdir()]).toEqual([project.path('a'), project.path('a')])
  })

  test.each(['gone', 'file'])('that cannot be entered is an error: %s', async (chdir) => {
    project.write({ file: '' })
    const { code, message } = await project.fault({ commandLine: { chdir } })
    expect(code).toBe('TSG_CHDIR')
    expect(message).toContain(project.path(chdir))
  })

  test('is what it was when loading fails', async () => {
    project.write({ 'gunicorn.conf.json': '{ "workers": "x" }', 'a/x': '' })
    const before = process.cwd()
    await project.fault({ commandLine: { chdir: 'a' } })
    expect(process.cwd()).toBe(before)
  })

  test('that has been removed is told in words', () => {
    project.write({ 'gone/x': '' })
    process.chdir(project.path('gone'))
    rmSync(project.path('gone'), { recursive: true })
    expect(() => startDirectory({ PWD: project.path('gone') })).toThrow(
      expect.objectContaining({ code: 'TSG_CHDIR', message: expect.stringContaining('has been removed') }),
    )
  })

  test('is named as PWD names it, when that is the same directory', () => {
    project.write({ 'release/x': '' })
    symlinkSync('release', project.path('current'))
    process.chdir(project.path('current'))
    expect(startDirectory({ PWD: project.path('current') })).toBe(project.path('current'))
    const real = realpathSync(project.path('release'))
    for (const PWD of ['/', 'relative', project.path('gone'), undefined]) {
      expect(startDirectory({ PWD })).toBe(real)
    }
  })
})
