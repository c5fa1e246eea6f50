import { expect, test } from 'vitest'
import { type LanguageRequest, languageOf } from '../../../src/app/language.ts'
import { ServerError } from '../../../src/errors.ts'
import { useFolder } from '../python/folder.ts'

const folder = useFolder()

const language = (spec: string, request: Partial<LanguageRequest> = {}) =>
  languageOf({ spec, cwd: folder.path, type: 'auto', pythonPath: undefined, env: {}, ...request })

const pythons: Array<[file: string, spec: string, request?: Partial<LanguageRequest>]> = [
  ['app.py', 'app'],
  ['app.py', 'app:create(debug=True, names=("a",))'],
  ['app.py', './app.py:app'],
  ['my-site.py', 'my-site:app'],
  ['mysite/wsgi.py', 'mysite.wsgi'],
  ['mysite/wsgi.py', 'mysite/wsgi:application'],
  ['app/__init__.py', 'app'],
  ['lib/web/app.py', 'web.app:app', { pythonPath: 'elsewhere, lib' }],
  ['lib/web/app.py', 'web.app:app', { env: { PYTHONPATH: '/gone:lib' } }],
]

test.each(pythons)('%s answers to %s: Python', async (file, spec, request) => {
  folder.write(file)
  expect(await language(spec, request)).toBe('python')
})

test.each([
  ['app.ts', 'app'],
  ['web/app.mjs', 'web.app:create({"debug": true})'],
  ['app/index.js', 'app'],
  ['server', 'server'],
  ['node_modules/site/index.js', 'site'],
])('%s answers to %s: JavaScript', async (file, spec) => {
  folder.write(file)
  expect(await language(spec)).toBe('javascript')
})

test.each([
  ['app.py', 'app.js', 'app'],
  ['app.py', 'app.ts', 'app:app'],
  ['app/__init__.py', 'app/index.js', 'app'],
  ['app/__init__.py', 'app.mjs', 'app'],
  ['web/app.py', 'web/app.cjs', 'web.app'],
  ['site.py', 'node_modules/site/index.js', 'site'],
  ['lib/app.py', 'app.js', 'app'],
])('%s and %s both answer to %s: that is refused with both names', async (python, javascript, spec) => {
  folder.write(python)
  folder.write(javascript)
  await expect(language(spec, { pythonPath: 'lib' })).rejects.toMatchObject({
    code: 'TSG_APP_NOT_FOUND',
    message: expect.stringMatching(/^Both '.*' and '.*' answer.*app_type/u),
  })
  const error = await language(spec, { pythonPath: 'lib' }).catch(String)
  expect(error).toContain(folder.at(python))
  expect(error).toContain(folder.at(javascript))
})

test('an extension, or app_type, says which one is meant', async () => {
  folder.write('app.py')
  folder.write('app.js')
  expect(await language('app.py')).toBe('python')
  expect(await language('app.js:app')).toBe('javascript')
  expect(await language('app', { type: 'wsgi' })).toBe('python')
  for (const type of ['node', 'fetch', 'factory', 'script'] as const)
    expect(await language('app', { type })).toBe('javascript')
})

/** As python/has-module.ts asks: exit 0 when the name is known. */
const knowing = (name: string) => {
  const path = folder.script('python', `[ "$3" = ${name} ] && [ "$PYTHON_HERE" = yes ] && exit 0; exit 20`)
  return async () => ({ path, version: '3.11.7', implementation: 'CPython', from: 'python3' })
}

test('a name that no file has may be an installed Python module', async () => {
  const request = { interpreter: knowing('django_project'), env: { PYTHON_HERE: 'yes' } }
  expect(await language('django_project.wsgi', request)).toBe('python')
  expect(await language('django_project.wsgi')).toBe('javascript')
  expect(await language('other.wsgi', request)).toBe('javascript')
})

test('Python is not asked for names that exist, or that it cannot have', async () => {
  folder.write('app.js')
  const interpreter = () => Promise.reject(new Error('asked'))
  expect(await language('app', { interpreter })).toBe('javascript')
  expect(await language('./gone', { interpreter })).toBe('javascript')
  expect(await language('gone.js:app', { interpreter: async () => Promise.reject(noPython) })).toBe(
    'javascript',
  )
  await expect(language('gone', { interpreter })).rejects.toThrow('asked')
})

const noPython = new ServerError('TSG_PYTHON', 'There is none.')

test('who has no Python is told what a JavaScript application lacks', async () => {
  expect(await language('gone.app', { interpreter: async () => Promise.reject(noPython) })).toBe('javascript')
})

test('a Python that cannot answer is an error with its words', async () => {
  const path = folder.script('python', 'echo broken >&2; exit 1')
  const interpreter = async () => ({ path, version: '3.11.7', implementation: 'CPython', from: 'python3' })
  await expect(language('gone', { interpreter })).rejects.toMatchObject({
    code: 'TSG_PYTHON',
    detail: 'broken',
  })
})
