import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Loader, makeLoader } from './child.ts'

let loader: Loader
beforeAll(async () => {
  loader = await makeLoader()
})
afterAll(() => loader.close())

const errorOf = async (options: Parameters<Loader['load']>[0]) => {
  const { error } = await loader.load(options)
  if (error === undefined) throw new Error('it loaded')
  return error
}

test('a missing module lists what was tried, and names the file that was meant', async () => {
  const error = await errorOf({ spec: 'expres.mjs' })
  expect(error).toMatchObject({ code: 'TSG_APP_NOT_FOUND', exit: 3 })
  expect(error.message).toContain("Did you mean 'express.mjs'?")
  expect(error.detail).toMatch(/expres\.mjs\n.*expres\.mjs\.mts\n/u)
})

test('a missing attribute lists the exports and what each looks like', async () => {
  const error = await errorOf({ spec: 'shapeless.mjs:application' })
  expect(error).toMatchObject({ code: 'TSG_APP_ATTRIBUTE', exit: 4 })
  expect(error.message).toContain("Did you mean 'aplication'?")
  expect(error.detail.split('\n')).toEqual([
    'The module exports:',
    '  Site        class Site, not an instance of it',
    '  aplication  node handler',
    '  port        a number',
    '  settings    an object with port, name',
  ])
})

test('an attribute that is no application says what it is instead', async () => {
  const error = await errorOf({ spec: 'shapeless.mjs:settings' })
  expect(error).toMatchObject({ code: 'TSG_APP_SHAPE', exit: 4 })
  expect(error.message).toContain('but an object with port, name')
})

test('a module whose exports do not fit, and that never listens, lists them', async () => {
  const error = await errorOf({ spec: 'shapeless.mjs' })
  expect(error).toMatchObject({ code: 'TSG_APP_SHAPE', exit: 4 })
  expect(error.detail).toContain('aplication  node handler')
})

test('a module that throws is shown with its own frames only', async () => {
  const error = await errorOf({ spec: 'throws.mjs' })
  expect(error).toMatchObject({ code: 'TSG_APP_THREW', exit: 3 })
  expect(error.message).toContain('no database')
  expect(error.detail.split('\n').map((line) => line.replace(/\(?file:.*\//u, ''))).toEqual([
    'Error: no database',
    '    at connect throws.mjs:2:9)',
    '    at throws.mjs:4:1',
  ])
})

test('an ES module that is run as main and throws is reported once', async () => {
  expect(await errorOf({ spec: 'main-throws.mjs' })).toMatchObject({ code: 'TSG_APP_THREW' })
})

test('a factory that throws is named', async () => {
  const error = await errorOf({ spec: 'factory-throws.mjs:create_app()' })
  expect(error).toMatchObject({ code: 'TSG_APP_THREW', exit: 3 })
  expect(error.message).toMatch(/'create_app\(\)' of '.*' threw while it was loaded: no secret key/u)
  expect(error.detail).not.toMatch(/node:internal|load\.ts/u)
})

test.each(['syntax.mjs', 'syntax.cjs', 'syntax.ts'])('a syntax error in %s shows the line', async (spec) => {
  const error = await errorOf({ spec })
  expect(error).toMatchObject({ code: 'TSG_APP_THREW', exit: 3 })
  expect(error.detail).toMatch(/syntax\.[cm]?[jt]s:2\n/u)
  expect(error.detail).toMatch(/^const broken.*\n +\^$/mu)
  expect(error.detail).not.toContain('node:internal')
})

test('a Python file in a worker of Node is the fault of app_type, or of the server', async () => {
  const stated = await errorOf({ spec: 'python/wsgi.py:application', type: 'node' })
  expect(stated).toMatchObject({ code: 'TSG_SETTING_INVALID', exit: 1 })
  expect(stated.message).toMatch(/wsgi\.py' is a Python file, and app_type: 'node' says/u)
  await expect(errorOf({ spec: 'python/wsgi.py:application' })).rejects.toThrow('internal error')
})

test('what cannot be called is not called', async () => {
  const error = await errorOf({ spec: 'shapeless:port(1)' })
  expect(error).toMatchObject({ code: 'TSG_APP_ATTRIBUTE', exit: 4 })
})

test('a part of a module is not a script', async () => {
  const error = await errorOf({ spec: 'both.mjs:app', type: 'script' })
  expect(error).toMatchObject({ code: 'TSG_SETTING_INVALID', exit: 1 })
})

test('a dependency that is missing is the trouble of the application, not of the spec', async () => {
  const error = await errorOf({ spec: 'needs-missing.mjs' })
  expect(error).toMatchObject({ code: 'TSG_APP_THREW', exit: 3 })
  expect(error.message).toContain("'not-installed'")
})

test('what is named and is no application is an error, although a server listens', async () => {
  const error = await errorOf({ spec: 'listens-and-names.mjs:settings' })
  expect(error).toMatchObject({ code: 'TSG_APP_SHAPE', exit: 4 })
})
