/** docs/dependencies.md has each package that users get, and no other; what it says of sizes was measured. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundled, closureOf, dependencies } from '../src/generate/dependencies.ts'
import { repository } from './support/machine.ts'

type Versions = Readonly<Record<string, string>>

const manifest: {
  readonly dependencies: Versions
  readonly optionalDependencies: Versions
  readonly devDependencies: Versions
  readonly scripts: Versions
} = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))

const names = Object.keys(dependencies)
const installed = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })

test('every dependency has an entry, and every entry a dependency', () => {
  expect(names.toSorted()).toEqual(installed.toSorted())
})

test('what is put into the programs is installed for the build alone', () => {
  expect(Object.keys(bundled).filter((name) => !(name in manifest.devDependencies))).toEqual([])
  expect(Object.keys(bundled).filter((name) => installed.includes(name))).toEqual([])
})

test('no script of ours runs when the package is installed', () => {
  const scripts = ['preinstall', 'install', 'postinstall', 'preuninstall', 'uninstall', 'postuninstall']
  expect(scripts.filter((name) => name in manifest.scripts)).toEqual([])
})

const bytesIn = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .reduce((sum, entry) => {
      const path = join(folder, entry.name)
      return sum + (entry.isDirectory() ? bytesIn(path) : lstatSync(path).size)
    }, 0)

/** What a package brings for this platform: optional dependencies, of which one is installed. */
const forPlatform: Readonly<Record<string, string>> = {
  esbuild: 'node_modules/@esbuild/linux-x64',
  koffi: 'node_modules/@koromix/koffi-linux-x64',
}

const kilobytesOf = (name: string): number => {
  const others = names.filter((other) => other !== name).map((other) => `node_modules/${other}`)
  const places = [...closureOf(`node_modules/${name}`), ...(forPlatform[name] ? [forPlatform[name]] : [])]
  const own = places.filter((place) => !others.includes(place))
  return own.reduce((sum, place) => sum + bytesIn(join(repository, place)), 0) / 1024
}

const measurable = process.platform === 'linux' && process.arch === 'x64'

test.skipIf(!measurable)('sizes are what is said, by a fifth (skipped elsewhere than on Linux x64)', () => {
  const wrong = Object.entries(dependencies)
    .filter(([name]) => existsSync(join(repository, 'node_modules', name)))
    .map(([name, { size }]) => ({ name, size, measured: Math.round(kilobytesOf(name)) }))
    .filter(({ size, measured }) => Math.abs(measured - size) > size / 5)
  expect(wrong).toEqual([])
})
