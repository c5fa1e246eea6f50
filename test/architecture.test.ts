/**
 * The source obeys its own map: who may import whom (the table is read from src/README.md), how long a file may
 * be, and the invariants that a search can check.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Setting } from '../src/config/setting.ts'
import { settings } from '../src/config/settings/index.ts'
import { repository } from './support/machine.ts'
import { type Import, layers, type SourceFile, sourceFiles } from './support/source.ts'

const files = sourceFiles()
const rows = layers()
const merged = existsSync(join(repository, 'src/cli/tsgunicorn.ts'))

/** What every module may import. */
const commons = new Set(['util', 'errors.ts', 'version.ts'])

const folderOf = (path: string): string => path.split('/')[0] ?? path

const isForbidden = (file: SourceFile, { target, ours, typeOnly }: Import): boolean => {
  const folder = folderOf(target)
  if (!ours || folder === file.folder || commons.has(folder)) return false
  const may = rows.find((row) => row.folder === file.folder)?.may
  if (may === undefined || may.has('*')) return false
  const kind = may.get(folder) ?? may.get(folder.replace(/\.ts$/, ''))
  return kind === undefined || (kind === 'types' && !typeOnly)
}

/** `path: line` of every line of code that matches, except in files that may. */
const linesWith = (pattern: RegExp, mayHaveIt: (path: string) => boolean): string[] =>
  files
    .filter(({ path }) => !mayHaveIt(path))
    .flatMap(({ path, code }) =>
      code
        .split('\n')
        .filter((line) => pattern.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    )

/** What Python workers run, name -> text: they are given all settings, too. */
const pythonSources = (): ReadonlyMap<string, string> => {
  const folder = join(repository, 'src/python/tsgunicorn_wsgi')
  const names = readdirSync(folder).filter((name) => name.endsWith('.py'))
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

/** A file and everything of ours that it imports, values only, directly or not. */
const reachableFrom = (path: string, seen = new Set<string>()): Set<string> => {
  if (seen.has(path)) return seen
  seen.add(path)
  const file = files.find((candidate) => candidate.path === path)
  for (const { target, ours, typeOnly } of file?.imports ?? []) {
    if (ours && !typeOnly) reachableFrom(target, seen)
  }
  return seen
}

describe('layers', () => {
  test('the table in src/README.md is read, and names every folder', () => {
    expect(rows.length).toBeGreaterThan(10)
    const folders = new Set(files.filter(({ path }) => path.includes('/')).map(({ folder }) => folder))
    const named = new Set(rows.map(({ folder }) => folder))
    expect([...folders].filter((folder) => !named.has(folder))).toEqual([])
  })

  test('a module imports only from the rows that its own row names', () => {
    const offences = files.flatMap((file) =>
      file.imports
        .filter((one) => isForbidden(file, one))
        .map(({ target }) => `${file.path} imports ${target}`),
    )
    expect(offences).toEqual([])
  })

  test('worker and arbiter never import each other, not even types', () => {
    const pairs = [
      ['worker', 'arbiter'],
      ['arbiter', 'worker'],
    ] as const
    const offences = pairs.flatMap(([from, to]) =>
      files
        .filter(({ folder }) => folder === from)
        .flatMap(({ path, imports }) =>
          imports
            .filter(({ target, ours }) => ours && folderOf(target) === to)
            .map(({ target }) => `${path}: ${target}`),
        ),
    )
    expect(offences).toEqual([])
  })
})

describe('files', () => {
  test('none written by hand is longer than 350 lines', () => {
    expect(
      files
        .filter(({ lines, generated }) => lines > 350 && !generated)
        .map(({ path, lines }) => `${path}: ${lines}`),
    ).toEqual([])
    const pythons = [...pythonSources()].map(([name, text]) => [name, text.split('\n').length - 1] as const)
    expect(pythons.filter(([, lines]) => lines > 350)).toEqual([])
    expect(pythons.length).toBeGreaterThan(20)
  })
})

describe('invariants', () => {
  test('process.env and process.argv are read only where it is said', () => {
    const may = /^(cli|systemd|worker)\/|^config\/sources\.ts$|^sockets\/inherit\.ts$|^generate\//
    expect(linesWith(/\bprocess\.(env|argv)\b/, (path) => may.test(path))).toEqual([])
  })

  test('process.exit stands only in exit.ts of cli and worker, and in programs', () => {
    const may = /^(cli|worker)\/exit\.ts$|-main\.ts$|\/main\.ts$/
    expect(linesWith(/\bprocess\.(exit|reallyExit|abort)\(/, (path) => may.test(path))).toEqual([])
  })

  test.runIf(files.some(({ path }) => path === 'arbiter/decide.ts'))(
    'the judgement of the arbiter touches no operating system',
    () => {
      const judgement = reachableFrom('arbiter/decide.ts')
      const offences = files
        .filter(({ path }) => judgement.has(path))
        .flatMap(({ path, code, imports }) => [
          ...imports
            .filter(({ ours, typeOnly }) => !ours && !typeOnly)
            .map(({ target }) => `${path} imports ${target}`),
          ...(/\b(process|performance|setTimeout|setInterval|Date\.now|Math\.random)\b/.test(code)
            ? [`${path} reads the outside`]
            : []),
        ])
      expect(offences).toEqual([])
    },
  )

  test.runIf(merged)('every setting is read by someone outside config', () => {
    const readers = files.filter(({ folder }) => !['config', 'generate', 'index.ts'].includes(folder))
    const text = [...readers.map(({ code }) => code), ...pythonSources().values()].join('\n')
    const unread = Object.entries(settings)
      .filter(([, setting]: [string, Setting]) => setting.later === undefined && !setting.inert)
      .map(([name]) => name)
      .filter((name) => !new RegExp(`\\b${name}\\b`).test(text))
    expect(unread).toEqual([])
  })
})

describe('the map', () => {
  const between = (text: string, from: string, to: string) => text.split(from)[1]?.split(to)[0] ?? ''
  const map = readFileSync(join(repository, 'src/README.md'), 'utf8')
  const contributing = readFileSync(join(repository, 'CONTRIBUTING.md'), 'utf8')
  /** What is written as code and has a slash or an ending is a path. */
  const pathsIn = (text: string) =>
    [...text.matchAll(/`([\w./-]+)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => /\/|\.(ts|py|md|json)$/.test(path))

  test('says where things live, and they do', () => {
    const named = pathsIn(between(map, '## Where things live', '## Layers'))
    expect(named.length).toBeGreaterThan(60)
    expect(named.filter((path) => !existsSync(join(repository, 'src', path)))).toEqual([])
  })

  test('leads to every folder but those that only help others', () => {
    const named = pathsIn(between(map, '## Where things live', '## Layers')).map((path) => folderOf(path))
    const helpers = ['util', 'ipc', 'reload', 'systemd', 'system', 'index.ts', 'version.ts']
    const folders = new Set(files.map(({ folder }) => folder))
    expect([...folders].filter((folder) => !helpers.includes(folder) && !named.includes(folder))).toEqual([])
  })

  test("the contributing guide's checklists name files that are there", () => {
    const named = pathsIn(contributing)
    expect(named.length).toBeGreaterThan(40)
    expect(named.filter((path) => !existsSync(join(repository, path)))).toEqual([])
  })
})
