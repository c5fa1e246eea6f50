import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { appOf } from '../support/apps.ts'
import { start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { sharedFolder } from '../support/shared-folder.ts'

const importing = `import { word } from './word.mjs'\nexport default (req, res) => res.end('hello ' + word)\n`
const wordOf = (word: string) => `export const word = '${word}'\n`
const answers = (server: { get: () => Promise<string> }, text: string) =>
  eventually(async () => (await server.get()) === text, { within: 15_000, what: text })

test('--reload: an edited file that the application imports is served soon after', async () => {
  const server = await start({ app: importing, files: { 'word.mjs': wordOf('one') }, args: ['--reload'] })
  expect(await server.get()).toBe('hello one')
  server.write('word.mjs', wordOf('two'))
  await answers(server, 'hello two')
  await server.hasWorkers(1)
  await server.assertClean({ allows: [/reload|changed/i] })
})

test('--reload: a mistake does not stop the server, mending it is seen', async () => {
  const server = await start({ app: importing, files: { 'word.mjs': wordOf('one') }, args: ['--reload'] })
  server.write('word.mjs', 'export const word = (')
  await server.logged(/word\.mjs/)
  server.write('word.mjs', wordOf('three'))
  await answers(server, 'hello three')
  await server.assertClean({ allows: [/./] })
})

test('--reload: a symlink that is swapped, as deployments do, is a change', async () => {
  const base = sharedFolder()
  for (const version of ['1', '2']) {
    mkdirSync(`${base}/${version}`)
    writeFileSync(`${base}/${version}/main.mjs`, appOf(version))
  }
  symlinkSync(`${base}/1`, `${base}/current`)
  const watching = await start({ appArgument: `${base}/current/main.mjs`, args: ['--reload'] })
  expect(await watching.get()).toBe('hello 1')
  symlinkSync(`${base}/2`, `${base}/next`)
  renameSync(`${base}/next`, `${base}/current`)
  await answers(watching, 'hello 2')
  await watching.assertClean({ allows: [/reload|changed/i] })
})

test('--reload-extra-file: a file that nobody imports is watched, too', async () => {
  const app = `import { readFileSync } from 'node:fs'\nconst text = readFileSync('data.txt', 'utf8')\nexport default (req, res) => res.end('hello ' + text)\n`
  const server = await start({
    app,
    files: { 'data.txt': 'a' },
    args: ['--reload', '--reload-extra-file', '*.txt'],
  })
  expect(await server.get()).toBe('hello a')
  server.write('data.txt', 'b')
  await answers(server, 'hello b')
  await server.assertClean({ allows: [/reload|changed/i] })
})

test('without --reload an edit changes nothing until HUP', async () => {
  const server = await start({ app: appOf('1') })
  const old = await server.hasWorkers(1)
  server.write('app.mjs', appOf('2'))
  expect(await server.get()).toBe('hello 1')
  server.signal('SIGHUP')
  await server.hasWorkers(1, { not: old })
  await answers(server, 'hello 2')
  await server.assertClean()
})
