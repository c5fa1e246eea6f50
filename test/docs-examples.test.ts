/** Configurations in the documents are accepted, and what is said of mistakes is what is printed. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import { settings } from '../src/config/settings/index.ts'
import { messageOf } from '../src/errors.ts'
import { pageAt } from './support/markdown.ts'

describe('configurations', () => {
  let directory = ''
  const before = process.cwd()
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'docs-')))
    writeFileSync(join(directory, 'package.json'), '{ "name": "shop" }')
  })
  afterEach(() => {
    process.chdir(before)
    rmSync(directory, { recursive: true, force: true })
  })

  const load = (name: string, text: string) => {
    writeFileSync(join(directory, name), text)
    return loadConfig({ directory, env: {}, commandLine: {}, commandVariable: {}, needsApp: false }, settings)
  }

  /** Blocks that say which file they are in their first line, and JSON. */
  const examples = ['configuration', 'hooks'].flatMap((page) =>
    pageAt(`docs/${page}.md`)
      .blocks.filter(({ language, text }) => language === 'json' || /^(\/\/|#) gunicorn\.conf\./.test(text))
      .map(({ language, text }) => [page, `gunicorn.conf.${language}`, text] as const),
  )

  test('there are examples', () => expect(examples.length).toBeGreaterThan(9))

  test.each(examples)(
    'docs/%s.md: an example of %s is accepted, and sets something',
    async (_page, name, text) => {
      const { origins, warnings } = await load(name, text)
      expect(warnings).toEqual([])
      expect(Object.values(origins).filter(({ kind }) => kind === 'file').length).toBeGreaterThan(0)
    },
  )

  test('every block of code in these pages is such an example', () => {
    const blocks = ['configuration', 'hooks'].flatMap((page) => pageAt(`docs/${page}.md`).blocks)
    expect(blocks.filter(({ language }) => /^(ts|js|json|yaml)$/.test(language)).length).toBe(examples.length)
  })

  test('the mistakes that are shown are told in these words', async () => {
    const shown = pageAt('docs/configuration.md').blocks.find(({ text }) => text.startsWith('Error: '))
    const told = await load(
      'gunicorn.conf.ts',
      "export default {\n  wrokers: 4,\n  timeout: 'soon',\n}\n",
    ).then(() => undefined, messageOf)
    expect(`Error: ${told}`).toBe(shown?.text)
  })
})
