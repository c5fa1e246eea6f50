/** The documents say what is true: links, names, paths, times and promises are compared with what there is. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Setting } from '../src/config/setting.ts'
import { hookParameters } from '../src/config/setting-kinds.ts'
import { settings } from '../src/config/settings/index.ts'
import { withParts } from '../src/generate/parts.ts'
import { timesNamed } from '../src/generate/timeouts-document.ts'
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

describe('links', () => {
  test('every link within the repository leads to a file that is there, and to a heading of it', () => {
    expect(all.length).toBeGreaterThan(15)
    expect(all.flatMap(({ links }) => links).length).toBeGreaterThan(100)
    expect(brokenLinks(all)).toEqual([])
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

describe('names', () => {
  test('every path of the repository that is named is there', () => {
    const named = byHand.flatMap(({ path, spans }) =>
      spans
        .filter((span) => /^(?:src|test|docs|examples|deploy|man|bench|schema|\.ci)\/[\w./-]+$/.test(span))
        .map((span) => [path, span] as const),
    )
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter(([, span]) => !existsSync(join(repository, span)))).toEqual([])
  })

  test('every script of npm that is named is one of the package', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(join(repository, 'package.json'), 'utf8'),
    )
    const own = byHand.filter(({ path }) => !/^docs\/(quickstart|migrate|deploy)/.test(path))
    const named = own.flatMap(({ path, text }) =>
      [...text.matchAll(/`[^`\n]*npm run (?:-s )?([\w:-]+)/g)].map(([, name = '']) => [path, name] as const),
    )
    expect(named.length).toBeGreaterThan(2)
    expect(named.filter(([, name]) => scripts[name] === undefined)).toEqual([])
  })

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
  'pidfd_getfd',
  'proc_name',
  'ptrace_scope',
  'remote_addr',
  'req_number',
  'status_code',
  'stop_grace_period',
  'trust_proxy',
])

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
