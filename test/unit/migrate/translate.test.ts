/** Whose file it is, and what is refused. Files of Gunicorn: test/unit/cli/init.test.ts. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readArguments } from '../../../src/cli/arguments.ts'
import { pm2Options } from '../../../src/migrate/pm2-options.ts'
import { unitOptions } from '../../../src/migrate/unit-options.ts'
import { uwsgiOptions } from '../../../src/migrate/uwsgi-options.ts'
import { useMigration } from './project.ts'

const project = useMigration()

test.each([
  [
    'a file that is not there',
    'nowhere.config.js',
    undefined,
    'TSG_CONFIG_NOT_FOUND',
    /nowhere\.config\.js does not exist/,
  ],
  [
    'an ini that is not there',
    'nowhere.ini',
    undefined,
    'TSG_CONFIG_NOT_FOUND',
    /nowhere\.ini does not exist/,
  ],
  [
    'our own configuration',
    'gunicorn.conf.ts',
    'export default {}',
    'TSG_USAGE',
    /already.*-c gunicorn\.conf\.ts/,
  ],
  ['JSON of nobody', 'a.json', '{"name": "x"}', 'TSG_USAGE', /no configuration that is known/],
  ['a kind that nobody has', 'a.toml', '', 'TSG_USAGE', /no configuration that is known/],
  ["nginx's", 'nginx.conf', 'http {}', 'TSG_USAGE', /It stays as it is/],
  ['broken JSON', 'a.json', '{"apps": [', 'TSG_CONFIG_SYNTAX', /a\.json/],
  ['broken YAML', 'a.yaml', 'apps: [', 'TSG_CONFIG_SYNTAX', /a\.yaml/],
])('%s is refused in words', async (_, name, text, code, words) => {
  if (text !== undefined) project.write({ [name]: text })
  await expect(project.translated(name)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(words),
  })
})

test.each([
  ['uwsgi.ini', '[uwsgi]\nmodule = a\n', { app: 'x' }, /--app is for files of pm2 and Unit/],
  [
    'unit.json',
    '{"listeners": {}, "applications": {"a": {}}}',
    { environment: 'x' },
    /--env is for files of pm2/,
  ],
  ['gunicorn.conf.py', '', { environment: 'x' }, /--env is for files of pm2/],
])('%s takes no such choice', async (name, text, asked, words) => {
  project.write({ [name]: text })
  await expect(project.translated(name, asked)).rejects.toMatchObject({
    code: 'TSG_USAGE',
    message: expect.stringMatching(words),
  })
})

test('the command line names file, application and environment', async () => {
  const argv = ['init', '--app', 'web', '--from=e.config.cjs', '--env=production', '--force']
  expect(await readArguments(argv)).toMatchObject({
    action: 'init',
    from: 'e.config.cjs',
    fromApp: 'web',
    fromEnvironment: 'production',
    force: true,
  })
})

test.each([
  [['init', '--app', 'web'], /Name it with --from/],
  [['init', '--env=x'], /Name it with --from/],
  [['init', '--from', 'a.js', '--app'], /--app takes/],
])('%j is not understood', async (argv, words) => {
  await expect(readArguments(argv)).rejects.toMatchObject({
    code: 'TSG_USAGE',
    message: expect.stringMatching(words),
  })
})

test.each([
  ['pm2', pm2Options],
  ['uWSGI', uwsgiOptions],
  ['Unit', unitOptions],
])('the table of %s says of each option what becomes of it, under one name only', (_, options) => {
  const names = Object.entries(options).flatMap(([name, { aliases = [] }]) => [name, ...aliases])
  expect(new Set(names).size).toBe(names.length)
  for (const { words, becomes, needless, write } of Object.values(options)) {
    expect(words).toMatch(/^[A-Z`\d-].*\.$/u)
    expect(becomes !== undefined && needless === true).toBe(false)
    expect(becomes !== undefined && write === undefined).toBe(false)
  }
})

const line = fc.string().map((text) => text.replaceAll(/[\n\r\u2028\u2029]/gu, ' '))

test('whatever the options of uWSGI are, what is written loads', async () => {
  const options = fc.array(fc.tuple(fc.constantFrom(...Object.keys(uwsgiOptions)), line), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(options, async (pairs) => {
      project.write({ 'u.ini': `[uwsgi]\n${pairs.map(([name, text]) => `${name} = ${text}\n`).join('')}` })
      await project.given(await project.translated('u.ini'))
    }),
    { numRuns: 25 },
  )
}, 60_000)

test('whatever an application of Unit is, what is written loads', async () => {
  const names = Object.keys(unitOptions)
    .filter((name) => name.startsWith('applications/'))
    .map((name) => name.split('/')[1] ?? '')
  const application = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 2 }))
  await fc.assert(
    fc.asyncProperty(application, async (values) => {
      project.write({ 'u.json': JSON.stringify({ listeners: {}, applications: { a: values } }) })
      await project.given(await project.translated('u.json'))
    }),
    { numRuns: 25 },
  )
}, 60_000)
