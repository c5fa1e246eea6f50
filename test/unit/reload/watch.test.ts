import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { expandGlobs, globToRegExp } from '../../../src/reload/globs.ts'
import { trailOf } from '../../../src/reload/trail.ts'
import { type Watch, watchFiles } from '../../../src/reload/watch.ts'

let directory = ''
let watching: Watch | undefined
let changes: string[][] = []
let wake = (): void => undefined

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'tsg-watch-')))
  changes = []
  wake = () => undefined
})

afterEach(async () => {
  await watching?.close()
  watching = undefined
  rmSync(directory, { recursive: true })
})

const at = (name: string): string => join(directory, name)
const write = (name: string, text: string): void => writeFileSync(at(name), text)

const start = async (files: string[], poll = false): Promise<void> => {
  watching = await watchFiles(files.map(at), {
    poll,
    pollMs: 20,
    debounceMs: 20,
    onChange: (changed) => {
      changes.push(changed.map((path) => path.slice(directory.length + 1)))
      wake()
    },
  })
}

const changed = async (): Promise<string[]> => {
  if (changes.length === 0)
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  return changes.shift() ?? []
}

/** Links are replaced as deployments do it: a new one is renamed over the old one. */
const relink = (target: string, name: string): void => {
  symlinkSync(target, at('new-link'))
  renameSync(at('new-link'), at(name))
}

describe.each([
  ['told by the system', false],
  ['polling', true],
])('%s', (_, poll) => {
  test('a file written in place, and one renamed over, are changes', async () => {
    write('a.js', '1')
    await start(['a.js'], poll)
    write('a.js', 'two')
    expect(await changed()).toEqual(['a.js'])
    write('a.tmp', 'three!')
    renameSync(at('a.tmp'), at('a.js'))
    expect(await changed()).toEqual(['a.js'])
  })

  test('a file that is only touched, or not ours, is no change', async () => {
    write('a.js', '1')
    write('b.js', '1')
    await start(['a.js', 'b.js'], poll)
    utimesSync(at('a.js'), 1, 1)
    write('c.js', 'new')
    write('b.js', 'changed')
    expect(await changed()).toEqual(['b.js'])
    expect(changes).toEqual([])
  })

  test('a file that comes, and one that goes, are changes', async () => {
    write('a.js', '1')
    await start(['a.js', 'later.js'], poll)
    write('later.js', '1')
    expect(await changed()).toEqual(['later.js'])
    rmSync(at('a.js'))
    expect(await changed()).toEqual(['a.js'])
  })

  test('a file in a directory that comes later is a change', async () => {
    await start(['sub/deep/a.js'], poll)
    mkdirSync(at('sub/deep'), { recursive: true })
    write('sub/deep/a.js', '1')
    expect(await changed()).toEqual(['sub/deep/a.js'])
  })

  test('a deployment that swaps `current` is a change, twice', async () => {
    for (const release of ['1', '2', '3']) {
      mkdirSync(at(`releases/${release}`), { recursive: true })
      write(`releases/${release}/a.js`, release)
    }
    symlinkSync('releases/1', at('current'))
    await start(['current/a.js'], poll)
    relink('releases/2', 'current')
    expect(await changed()).toEqual(['current/a.js'])
    relink(at('releases/3'), 'current')
    expect(await changed()).toEqual(['current/a.js'])
    write('releases/3/a.js', 'in place')
    expect(await changed()).toEqual(['current/a.js'])
  })

  test('a Kubernetes volume that swaps `..data` is a change', async () => {
    for (const version of ['..1', '..2']) {
      mkdirSync(at(version))
      write(`${version}/conf.json`, version)
    }
    symlinkSync('..1', at('..data'))
    symlinkSync('..data/conf.json', at('conf.json'))
    await start(['conf.json'], poll)
    relink('..2', '..data')
    expect(await changed()).toEqual(['conf.json'])
  })
})

test.each([
  ['told by the system', false],
  ['polling', true],
])('%s: a file that is taken up later is watched, also where others were before', async (_, poll) => {
  write('a.js', '1')
  write('b.js', '1')
  await start(['a.js'], poll)
  await watching?.setFiles([at('a.js'), at('b.js')])
  write('b.js', 'two')
  expect(await changed()).toEqual(['b.js'])
})

test('a file that was read, and changes at any moment of its being taken up, has changed', async () => {
  await start([])
  const names: string[] = []
  for (let round = 0; round < 60; round++) {
    const name = `${round}.js`
    names.push(name)
    write(name, 'as it was read')
    utimesSync(at(name), 1, 1)
    const readAt = new Map([[at(name), Date.now()]])
    const taken = watching?.setFiles(names.map(at), readAt)
    // Some turns of the loop later.
    for (let turn = 0; turn < round / 3; turn++) await new Promise(setImmediate)
    write(name, 'as it is')
    await taken
    expect(await changed()).toContain(name)
  }
})

test('the files can be replaced', async () => {
  mkdirSync(at('other'))
  write('a.js', '1')
  write('other/b.js', '1')
  await start(['a.js'])
  await watching?.setFiles([at('other/b.js')])
  write('a.js', '2')
  write('other/b.js', '2')
  expect(await changed()).toEqual(['other/b.js'])
  expect(changes).toEqual([])
})

test('a trail has the links, and ends at the file or at what is missing', () => {
  mkdirSync(at('releases/1'), { recursive: true })
  write('releases/1/a.js', '')
  symlinkSync('releases/1', at('current'))
  symlinkSync('loop', at('loop'))
  expect(trailOf(at('current/a.js'))).toEqual([at('current'), at('releases/1/a.js')])
  expect(trailOf(at('none/a.js'))).toEqual([at('none')])
  expect(new Set(trailOf(at('loop')))).toEqual(new Set([at('loop')]))
})

test.each([
  ['/a/*.js', '/a/b.js', true],
  ['/a/*.js', '/a/b/c.js', false],
  ['/a/**/*.js', '/a/c.js', true],
  ['/a/**/*.js', '/a/b/d/c.js', true],
  ['/a/**', '/a/b/c', true],
  ['/a/?.{js,ts}', '/a/b.ts', true],
  ['/a/?.{js,ts}', '/a/bb.ts', false],
  ['/a/[!b].js', '/a/b.js', false],
  ['/a/[a-c].js', '/a/b.js', true],
  ['/a/(x).js', '/a/(x).js', true],
  ['/a/{x.js', '/a/{x.js', true],
])('%s and %s: %s', (glob, path, matches) => {
  expect(globToRegExp(glob).test(path)).toBe(matches)
})

test('patterns become files, not those of node_modules', () => {
  mkdirSync(at('src/node_modules/x'), { recursive: true })
  for (const name of ['src/a.html', 'src/b.txt', 'src/node_modules/x/c.html']) write(name, '')
  const find = (...patterns: string[]) =>
    expandGlobs(patterns, directory).map((path) => path.slice(directory.length + 1))
  expect(find('src/**/*.html', 'plain.txt')).toEqual(['src/a.html', 'plain.txt'])
  expect(find('src/node_modules/**/*.html')).toEqual(['src/node_modules/x/c.html'])
  expect(find('none/*.js')).toEqual([])
})
