import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { appOf } from '../support/apps.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually, steadily } from '../support/eventually.ts'
import { sharedFolder } from '../support/shared-folder.ts'

const importing = `import { word } from './word.mjs'\nexport default (req, res) => res.end('hello ' + word)\n`
const wordOf = (word: string) => `export const word = '${word}'\n`
/**
 * Writes with ever another comment until the change is served: what is written before the master watches the file
 * may go by unseen, and nothing tells when it does.
 */
const editUntilServed = async (server: Daemon, file: string, text: string, answer: string): Promise<void> => {
  let edits = 0
  const edit = () => writeFileSync(file, `${text}// ${edits++}\n`)
  edit()
  await eventually(
    async () => {
      if ((await server.get()) === answer) return true
      edit()
      return false
    },
    { within: 15_000, every: 700, what: () => `${answer}; log:\n${server.log()}` },
  )
}

const answers = (server: { get: () => Promise<string> }, text: string) =>
  eventually(async () => (await server.get()) === text, { within: 15_000, what: text })

test('--reload: an edited file that the application imports is served soon after, each time', async () => {
  const server = await start({ app: importing, files: { 'word.mjs': wordOf('one') }, args: ['--reload'] })
  expect(await server.get()).toBe('hello one')
  await editUntilServed(server, server.path('word.mjs'), wordOf('two'), 'hello two')
  for (const word of ['three', 'four']) {
    server.write('word.mjs', wordOf(word))
    await answers(server, `hello ${word}`)
  }
  await server.hasWorkers(1)
  await server.assertClean({ allows: [/reload|changed/i] })
})

test('--reload: one edit is one reload', async () => {
  const server = await start({ app: importing, files: { 'word.mjs': wordOf('one') }, args: ['--reload'] })
  await editUntilServed(server, server.path('word.mjs'), wordOf('two'), 'hello two')
  const end = server.logEnd()
  server.write('word.mjs', wordOf('three'))
  await answers(server, 'hello three')
  await server.hasWorkers(1)
  const count = () =>
    server
      .log()
      .slice(end)
      .match(/Worker reloading/g)?.length
  await steadily(() => count() === 1, { during: 1000, what: 'one reload' })
  await server.assertClean({ allows: [/reload|changed/i] })
})

test('--reload: an edit right after the first answer is not missed', async () => {
  const server = await start({ app: importing, files: { 'word.mjs': wordOf('one') }, args: ['--reload'] })
  server.write('word.mjs', wordOf('two'))
  await answers(server, 'hello two')
  await server.assertClean({ allows: [/reload|changed/i] })
})

test('--reload: a mistake does not stop the server, mending it is seen', async () => {
  const server = await start({ app: importing, files: { 'word.mjs': wordOf('one') }, args: ['--reload'] })
  await editUntilServed(server, server.path('word.mjs'), wordOf('two'), 'hello two')
  const after = server.logEnd()
  server.write('word.mjs', 'export const word = (')
  await server.logged(/\[ERROR\].*not reloaded/, { after })
  expect(await server.get()).toBe('hello two')
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
  const server = await start({ appArgument: `${base}/current/main.mjs`, args: ['--reload'] })
  await editUntilServed(server, `${base}/1/main.mjs`, appOf('1, edited'), 'hello 1, edited')
  symlinkSync(`${base}/2`, `${base}/next`)
  renameSync(`${base}/next`, `${base}/current`)
  await answers(server, 'hello 2')
  await server.assertClean({ allows: [/reload|changed/i] })
})

test('--reload-extra-file: a file that nobody imports is watched, too', async () => {
  const app = `import { readFileSync } from 'node:fs'
const text = readFileSync('data.txt', 'utf8')
export default (req, res) => res.end('hello ' + text.split('//')[0].trim())`
  const args = ['--reload', '--reload-extra-file', '*.txt']
  const server = await start({ app, files: { 'data.txt': 'a' }, args })
  expect(await server.get()).toBe('hello a')
  await editUntilServed(server, server.path('data.txt'), 'b', 'hello b')
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
