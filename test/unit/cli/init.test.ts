import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { readArguments } from '../../../src/cli/arguments.ts'
import { writeStarter } from '../../../src/cli/init.ts'
import { ambient } from '../../../src/config/ambient.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { settings } from '../../../src/config/settings/index.ts'
import { translate } from '../../../src/migrate/translate.ts'
import { useProject } from '../config/project.ts'

vi.mock('../../../src/python/package.ts', async () => ({
  pythonPackage: (await import('../python/folder.ts')).sidePackage,
}))

const project = useProject()
const init = (force = false) => writeStarter({ directory: project.directory, force })
const textOf = (name: string) => readFileSync(project.path(name), 'utf8')
const load = () =>
  loadConfig({
    directory: project.directory,
    env: {},
    commandLine: {},
    commandVariable: {},
    needsApp: false,
  })

test('init writes a starter that changes nothing, and the declarations it refers to', async () => {
  expect(await init()).toEqual(['gunicorn.conf.ts', '.tsgunicorn/config.d.ts'])
  expect(textOf('.tsgunicorn/config.d.ts')).toBe(ambient)
  const { origins } = await load()
  expect(Object.values(origins).every(({ kind }) => kind === 'default')).toBe(true)
})

test('what the starter proposes is understood once it is no comment', async () => {
  await init()
  const settingLines = textOf('gunicorn.conf.ts').replace(/^ {2}\/\/ (?=[a-z_]+: |[a-z_]+\(| {2}|\})/gm, '  ')
  project.write({ 'gunicorn.conf.ts': settingLines })
  const { origins } = await load()
  const given = Object.keys(origins).filter((name) => origins[name]?.kind === 'file')
  const proposed = [...settingLines.matchAll(/^ {2}([a-z_]+)[:(]/gm)].map(([, name]) => name)
  expect(given.sort()).toEqual(proposed.sort())
  expect(given.length).toBeGreaterThan(8)
  expect(given.every((name) => name in settings)).toBe(true)
})

test.each(['gunicorn.conf.ts', '.tsgunicorn/config.d.ts'])('init does not overwrite %s', async (name) => {
  project.write({ [name]: 'mine' })
  await expect(init()).rejects.toThrow(/already there. Use --force/)
  expect(textOf(name)).toBe('mine')
})

test('init --force does', async () => {
  project.write({ 'gunicorn.conf.ts': 'mine' })
  await init(true)
  expect(textOf('gunicorn.conf.ts')).toContain('defineConfig')
})

describe('--from gunicorn.conf.py', () => {
  const source = `import multiprocessing
bind = ["0.0.0.0:8000"]
cores = 2
workers = cores * 2 + 1
raw_env = [
    "A=it's (1",  # a bracket in a text
    "B=\\"2\\"",
]
umask = 0o22
chdir = None
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
spew = True
if cores > 1:
    timeout = 60

def pre_fork(server, worker):
    # cores
    server.log.info("*/ %s" % worker.age)

    return None

def post_fork(server, worker): pass
def ssl_context(config, factory): pass
class logger_class: pass
`
  const translated = async (text = source) => {
    project.write({ 'gunicorn.conf.py': text })
    const env = { ...process.env, VIRTUAL_ENV: undefined }
    return translate({ from: 'gunicorn.conf.py', directory: project.directory, env })
  }

  test('values stand there, computed ones with how; hooks stay behind as comments', async () => {
    expect(await translated()).toBe(`/// <reference path="./.tsgunicorn/config.d.ts" />
import { defineConfig } from 'tsgunicorn'

// Written from gunicorn.conf.py. What that file computes has the value that it had here; the comment shows how.
export default defineConfig({
  bind: ['0.0.0.0:8000'],
  // Computed: workers = cores * 2 + 1
  workers: 5,
  raw_env: ['A=it\\'s (1', 'B="2"'],
  umask: 0o22,
  secure_scheme_headers: { 'X-FORWARDED-PROTO': 'https' },
  // TODO: it comes with the tracing of Python.
  // spew: true,
  // Computed: timeout = 60
  timeout: 60,
  // It has no meaning here.
  // logger_class: 'logger_class',
  // TODO: gunicorn.conf.py:23: ssl_context is a Python function. TLS is spoken by Node here, which takes no context of Python: use certfile, keyfile, ciphers and cert_reqs, or ssl_context in a gunicorn.conf.ts.
  // TODO: the hook pre_fork (in the master):
  // def pre_fork(server, worker):
  //     # cores
  //     server.log.info("*/ %s" % worker.age)
  //
  //     return None
  // TODO: the hook post_fork (in the workers; with a Python application it has to stay in a gunicorn.conf.py):
  // def post_fork(server, worker): pass
})
`)
  })

  test('what is written is read as what Python said', async () => {
    const text = await translated()
    await writeStarter({ directory: project.directory, force: false, text })
    const { config, warnings } = await load()
    expect(config).toMatchObject({ workers: 5, timeout: 60, umask: 0o22, raw_env: ["A=it's (1", 'B="2"'] })
    expect(warnings).toEqual([expect.stringContaining('gunicorn.conf.ts is used, gunicorn.conf.py is not')])
  })

  test.each(['django.py', 'flask.py', 'logging.py', 'hooks.py'])(
    'what a %s says is what its translation says',
    async (name) => {
      const folder = new URL('../../fixtures/gunicorn-conf/', import.meta.url)
      const text = await translated(readFileSync(new URL(name, folder), 'utf8'))
      await writeStarter({ directory: project.directory, force: false, text })
      const env = { ...process.env, VIRTUAL_ENV: undefined }
      const [mine, theirs] = [
        await valuesOf('gunicorn.conf.ts', env),
        await valuesOf('gunicorn.conf.py', env),
      ]
      expect(mine).toEqual(theirs)
      expect(text.match(/TODO: the hook \w+/g)?.length ?? 0).toBe(hooksIn[name] ?? 0)
    },
  )

  const hooksIn: Readonly<Record<string, number>> = { 'hooks.py': 8 }

  const valuesOf = async (file: string, env: NodeJS.ProcessEnv) => {
    const { directory } = project
    const request = { directory, env, commandVariable: {}, commandLine: { config: file } }
    const { config, close } = await loadConfig({ ...request, needsApp: false })
    close?.()
    const data = Object.entries(config).filter(
      ([key, value]) => typeof value !== 'function' && key !== 'config',
    )
    return Object.fromEntries(data)
  }

  test('what a file does to its environment and its path is not lost', async () => {
    const text = await translated(
      "import os, sys\nos.environ['TSG_DJANGO'] = 'mysite.settings'\nsys.path.insert(0, '/srv/lib')\n",
    )
    expect(text).toContain("  // raw_env: ['TSG_DJANGO=mysite.settings'],")
    expect(text).toContain("  // pythonpath: '/srv/lib',")
  })

  test('a file that is not Python is refused, and one that is broken is told of', async () => {
    project.write({ 'a.json': '{}' })
    await expect(translate({ from: 'a.json', directory: project.directory, env: {} })).rejects.toMatchObject({
      code: 'TSG_USAGE',
    })
    await expect(translated('workers = (')).rejects.toMatchObject({ code: 'TSG_CONFIG_SYNTAX' })
  })

  test.each([
    [['init', '--from', 'a.py'], { from: 'a.py', force: false }],
    [['init', '--force', '--from=a.py'], { from: 'a.py', force: true }],
  ])('%j is understood', async (argv, expected) => {
    expect(await readArguments(argv)).toMatchObject({ action: 'init', ...expected })
  })

  test.each([[['init', '--from']], [['init', '--from=']], [['init', 'a.py']]])('%j is not', async (argv) => {
    await expect(readArguments(argv)).rejects.toMatchObject({ code: 'TSG_USAGE' })
  })
})
