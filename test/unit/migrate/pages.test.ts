/** The pages of docs/migrate are true: their configurations are what `init --from` makes of one another, word for word. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readArguments } from '../../../src/cli/arguments.ts'
import { readArguments as readClientArguments } from '../../../src/client/arguments.ts'
import { repository } from '../../support/machine.ts'
import { pageBlocks, pageFiles, pageText } from '../../support/pages.ts'
import { useMigration } from './project.ts'

const project = useMigration()
const pages = readdirSync(join(repository, 'docs/migrate')).map((name) => `docs/migrate/${name}`)

test.each([
  ['docs/migrate/pm2.md', 'ecosystem.config.cjs', { environment: 'production' }],
  ['docs/migrate/uwsgi.md', 'uwsgi.ini', {}],
  ['docs/migrate/unit.md', 'unit.json', {}],
])('%s: the configuration after is made of the one before', async (page, before, asked) => {
  const { [before]: text = '', 'gunicorn.conf.ts': after } = pageFiles(page)
  expect(text).not.toBe('')
  project.write({ [before]: text })
  expect(await project.translated(before, asked)).toBe(after)
})

test.each(pages.filter((page) => !page.endsWith('README.md')))('%s has all its parts', (page) => {
  const titles = [...pageText(page).matchAll(/^## (.*)$/gmu)].map(([, title]) => title)
  expect(titles).toEqual(
    expect.arrayContaining(['Before', 'After', 'What changes', 'What to check', 'How to go back']),
  )
})

/** Command lines in blocks of shell, and in code in the text. */
const commandsOf = (page: string, program: string): readonly string[] => {
  const shell = pageBlocks(page).filter(({ language }) => language === 'sh')
  const lines = shell.flatMap(({ text }) => text.split('\n')).map((line) => line.replace(/\s#.*$/u, ''))
  const inText = [...pageText(page).matchAll(/`([^`\n]+)`/gu)].map(([, code = '']) => code)
  const form = new RegExp(`^npx ${program}(?: |$)`, 'u')
  return [...lines, ...inText].map((line) => line.trim()).filter((line) => form.test(line))
}

describe.each(pages)('%s', (page) => {
  test('the command lines of tsgunicorn are understood', async () => {
    const commands = commandsOf(page, 'tsgunicorn')
    expect(commands.length).toBeGreaterThan(0)
    for (const command of commands) await readArguments(command.split(/ +/u).slice(2))
  })

  test('the command lines of tsgunicornc are understood', async () => {
    for (const command of commandsOf(page, 'tsgunicornc')) {
      const words = command.split(/ +/u).slice(2)
      await readClientArguments(words.map((word) => (word === 'PID' ? '1' : word)))
    }
  })
})
