/** The documents say what is true: links, flags, names, configurations and promises are compared with what there is. */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { flagForms, ownFlags } from '../src/cli/flags.ts'
import { commandNames, globalFlags, isCommandName, specOf } from '../src/client/commands.ts'
import { loadConfig } from '../src/config/load.ts'
import type { Setting } from '../src/config/setting.ts'
import { hookParameters } from '../src/config/setting-kinds.ts'
import { settings } from '../src/config/settings/index.ts'
import { messageOf } from '../src/errors.ts'
import { withParts } from '../src/generate/parts.ts'
import { timesNamed } from '../src/generate/timeouts-document.ts'
import { flagsOf, usesIn } from './support/commands.ts'
import { repository } from './support/machine.ts'
import { brokenLinks, isByHand, pageAt, pageOf, pages } from './support/markdown.ts'

const all = pages()
const byHand = all.filter(isByHand)
const table: Readonly<Record<string, Setting>> = settings

/** The pages that lead through the manual; the others are references of one thing each. */
const manual = [
  'README',
  'configuration',
  'hooks',
  'reload',
  'timeouts',
  'security',
  'design',
  'faq',
  'signals',
]

/** Pages that are named and not written yet. A name that is there is no exception. */
const awaited: ReadonlySet<string> = new Set([
  'quickstart.md',
  'deploy.md',
  'scale-out.md',
  'dependencies.md',
  'benchmarks/README.md',
  'migrate/gunicorn.md',
  'migrate/pm2.md',
  'migrate/cluster.md',
  'migrate/unit.md',
  'migrate/uwsgi.md',
  '../SECURITY.md',
])

describe('links', () => {
  test('every link within the repository leads to a file that is there, and to a heading of it', () => {
    expect(all.length).toBeGreaterThan(15)
    expect(all.flatMap(({ links }) => links).length).toBeGreaterThan(100)
    expect(brokenLinks(all).filter(({ link }) => !awaited.has(link))).toEqual([])
  })

  test('a wrong file, a wrong anchor, and a way out of the repository are found', () => {
    const page = pageOf(
      'docs/x.md',
      '# A `b` & c\n\n## A\n\n[1](#a-b--c) [2](#b) [3](y.md) [4](../../z.md) [5](https://x.org/#y) [6](#a)',
    )
    expect(brokenLinks([page], (path) => path === 'docs/x.md').map(({ link }) => link)).toEqual([
      '#b',
      'y.md',
      '../../z.md',
    ])
  })

  test('the index names every page of the manual', () => {
    const { links } = pageAt('docs/README.md')
    const files = all.map(({ path }) => path).filter((path) => /^docs\/[^/]+\.md$/.test(path))
    expect(files.length).toBeGreaterThan(12)
    expect(files.filter((path) => path !== 'docs/README.md' && !links.includes(path.slice(5)))).toEqual([])
  })
})

/** `tsgunicorn init` reads its few flags by itself: they stand in its source. */
const initSource = readdirSync(join(repository, 'src/cli'))
  .map((name) => readFileSync(join(repository, 'src/cli', name), 'utf8'))
  .join('\n')

const serverFlags: ReadonlySet<string> = new Set([...flagForms(table).keys(), ...Object.keys(ownFlags)])
const clientFlags: ReadonlySet<string> = new Set(
  [...globalFlags, ...commandNames.flatMap((name) => specOf(name).flags)].map(({ name }) => `--${name}`),
)

const isInit = (words: readonly string[]): boolean => words[0] === 'init'

describe('commands', () => {
  const codes = all.map(({ path, blocks, spans }) => ({
    path,
    uses: [...blocks.map(({ text }) => text), ...spans].flatMap(usesIn),
  }))

  test('every flag that is given to one of the two programs is one of its own', () => {
    const wrong = codes.flatMap(({ path, uses }) =>
      uses.flatMap(({ program, words }) =>
        flagsOf(words)
          .filter((flag) => {
            if (program === 'tsgunicornc') return !clientFlags.has(flag)
            return isInit(words) ? !initSource.includes(flag) : !serverFlags.has(flag)
          })
          .map((flag) => `${path}: ${program} ${flag}`),
      ),
    )
    expect(codes.flatMap(({ uses }) => uses).length).toBeGreaterThan(100)
    expect(wrong).toEqual([])
  })

  test('every command of tsgunicornc is one', () => {
    const words = codes.flatMap(({ path, uses }) =>
      uses
        .filter(({ program }) => program === 'tsgunicornc')
        .flatMap((use) => use.words.find((word) => /^[a-z]/.test(word)) ?? [])
        .map((word) => [path, word] as const),
    )
    expect(words.length).toBeGreaterThan(30)
    expect(words.filter(([, word]) => !isCommandName(word))).toEqual([])
  })

  test('a flag that stands alone in a page written by hand is one of the two programs', () => {
    // Pages about moving from another server name its flags, too.
    const ours = byHand.filter(
      ({ path }) => !path.startsWith('docs/migrate/') && /^(README|docs\/)/.test(path),
    )
    const alone = ours.flatMap(({ path, spans }) =>
      spans
        .filter((span) => /^--?[a-z]/.test(span))
        .flatMap((span) => flagsOf(span.split(' ')).slice(0, 1))
        .map((flag) => [path, flag] as const),
    )
    expect(alone.length).toBeGreaterThan(5)
    expect(
      alone.filter(([, flag]) => !ofNode.has(flag) && !serverFlags.has(flag) && !clientFlags.has(flag)),
    ).toEqual([])
  })
})

/** Flags that `node_options` may hold, `init`'s own, and docker's. */
const ofNode: ReadonlySet<string> = new Set([
  '--max-old-space-size',
  '--enable-source-maps',
  '--import',
  '--force',
  '--from',
  '--init',
])

describe('names', () => {
  test.each(manual)(
    'every name with an underscore in docs/%s.md is a setting, or known not to be one',
    (name) => {
      const words = pageAt(`docs/${name}.md`).spans.flatMap((span) => span.split(/[\s,:=()]+/))
      const names = words.filter((word) => /^[a-z]+(?:_[a-z0-9]+)+$/.test(word))
      expect(names.filter((word) => table[word] === undefined && !others.has(word))).toEqual([])
    },
  )

  test('settings that wait for a part of the server are not recommended', () => {
    const words = manual.flatMap((name) => pageAt(`docs/${name}.md`).spans)
    expect(words.filter((word) => table[word]?.later !== undefined)).toEqual([])
  })
})

/** Properties of what hooks are given, and words of others. */
const others: ReadonlySet<string> = new Set([
  ...Object.keys(hookParameters),
  'num_workers',
  'proc_name',
  'remote_addr',
  'req_number',
  'status_code',
  'stop_grace_period',
  'trust_proxy',
])

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

describe('times', () => {
  test('docs/timeouts.md names every setting that is a time', () => {
    const times = Object.entries(table).filter(([, { kind }]) => kind === 'seconds')
    expect(times.map(([name]) => name).filter((name) => !timesNamed.has(name))).toEqual([])
  })

  test('the pictures have the defaults', () => {
    const folder = join(repository, 'docs/images')
    const said = readdirSync(folder).flatMap((file) => [
      ...readFileSync(join(folder, file), 'utf8').matchAll(/class="name">([a-z_]+) (\d+) s</g),
    ])
    expect(said.length).toBeGreaterThan(6)
    const wrong = said.filter(([, name = '', seconds]) => table[name]?.default !== Number(seconds))
    expect(wrong.map(([, name]) => name)).toEqual([])
  })
})

describe('promises', () => {
  const { text } = pageAt('docs/reload.md')
  const unbroken = text.replace(/\s+/g, ' ')

  test('each names a test that there is', () => {
    const held = [...unbroken.matchAll(/\[`(test\/\S+\.test\.ts)`\]\([^)]+\): \*([^*]+)\*/g)]
    expect(held.length).toBeGreaterThan(15)
    const wrong = held.filter(
      ([, path = '', title = '']) => !readFileSync(join(repository, path), 'utf8').includes(title),
    )
    expect(wrong.map(([, , title]) => title)).toEqual([])
  })

  test('they are numbered, and each has its test', () => {
    const section = text.slice(text.indexOf('## The promises'), text.indexOf('What is not promised'))
    const promises = section.split(/^(?=\d+\. )/m).slice(1)
    expect(promises.map((promise) => Number.parseInt(promise, 10))).toEqual(
      promises.map((_, index) => index + 1),
    )
    expect(promises.filter((promise) => !promise.includes('.test.ts'))).toEqual([])
  })
})

describe('generated parts', () => {
  const page = 'a\n<!-- generated: x, do not edit -->\nold\n<!-- end -->\nb'

  test('are written anew between their marks, and nothing else is touched', () => {
    const made = withParts(page, { x: () => 'new' })
    expect(made).toBe('a\n<!-- generated: x, do not edit -->\n\nnew\n\n<!-- end -->\nb')
    expect(withParts(made, { x: () => 'new' })).toBe(made)
  })

  test('that have no place, or whose place nobody fills, are an error', () => {
    expect(() => withParts(page, { x: () => '', y: () => '' })).toThrow(/y/)
    expect(() => withParts(page, {})).toThrow(/x/)
  })
})

test('lines of the manual are at most 120 columns, but for tables, code and addresses', () => {
  const long = manual
    .map((name) => pageAt(`docs/${name}.md`))
    .flatMap(({ path, text }) =>
      text
        .replace(/```[\s\S]*?```/g, '')
        .split('\n')
        .filter((line) => line.length > 120 && !/^\||^ {4}|https?:/.test(line))
        .map((line) => `${path}: ${line}`),
    )
  expect(long).toEqual([])
})
