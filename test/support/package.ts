/** The package as users get it: packed from the built tree, looked into, and installed where nothing else is. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { repository, temporaryFolder } from './machine.ts'

export interface PackedFile {
  readonly path: string
  readonly size: number
  readonly mode: number
}

export interface Packed {
  /** Absolute path of the archive. */
  readonly tarball: string
  /** Bytes of the archive, and of what is in it. */
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly PackedFile[]
  readonly integrity: string
  /** A folder with the archive's files in it. */
  readonly folder: string
}

export interface Said {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What npm was told of the project that runs the tests is not for the one that is tested. */
const environment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_package|npm_lifecycle|NODE_|VITEST)/.test(name)),
  ),
  NO_UPDATE_NOTIFIER: '1',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
})

export const execute = (program: string, args: readonly string[], cwd: string): Said => {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    env: environment(),
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 50_000_000,
  })
  if (error !== undefined) return { status: null, stdout, stderr: String(error) }
  return { status, stdout, stderr }
}

export const npm = (args: readonly string[], cwd: string): Said => execute('npm', args, cwd)

const succeed = ({ status, stdout, stderr }: Said, what: string): string => {
  if (status !== 0) throw new Error(`${what}: status ${status}\n${stdout}\n${stderr}`)
  return stdout
}

/** Packs what is built; `prepare` would build it again. */
export const pack = (): Packed => {
  const place = temporaryFolder()
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', place]
  const answer: unknown = JSON.parse(succeed(npm(args, repository), 'npm pack'))
  // A list, and in newer npm an object of names.
  const [told] = Object.values(
    answer as Record<string, Omit<Packed, 'tarball' | 'folder'> & { filename: string }>,
  )
  if (told === undefined) throw new Error('npm pack told of no package')
  const tarball = join(place, told.filename)
  const folder = join(place, 'files')
  mkdirSync(folder)
  succeed(execute('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder], place), 'tar')
  return { ...told, tarball, folder }
}

type Entry = Readonly<Record<string, unknown>> & {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** What our own lock file has of the packages that users get, as if they were installed by the user. */
const lockedEntries = (names: readonly string[], from: Readonly<Record<string, Entry>>) => {
  const entries: Record<string, Entry> = {}
  const visit = (name: string, beside: string): void => {
    const place = [`${beside}/node_modules/${name}`, `node_modules/${name}`].find((path) => path in from)
    const entry = place === undefined ? undefined : from[place]
    if (place === undefined || entry === undefined || place in entries) return
    const { dev, devOptional, ...plain } = entry
    entries[place] = plain
    for (const next of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }))
      visit(next, place)
  }
  for (const name of names) visit(name, '')
  return entries
}

/**
 * Makes `place` a project that depends on the archive, with the versions of our own lock file: npm's cache has those from
 * when this project was installed, and no registry has to be asked.
 */
export const writeProject = (place: string, { tarball, integrity, folder }: Packed): void => {
  const { version, dependencies, optionalDependencies, bin, engines } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  )
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'))
  const names = Object.keys({ ...dependencies, ...optionalDependencies })
  const project = { name: 'shop', version: '1.0.0', dependencies: { tsgunicorn: `file:${tarball}` } }
  const packages = {
    '': project,
    'node_modules/tsgunicorn': {
      ...{ version, resolved: `file:${tarball}`, integrity },
      ...{ dependencies, optionalDependencies, bin, engines },
    },
    ...lockedEntries(names, lock.packages),
  }
  const { name, version: own } = project
  const write = (file: string, value: unknown) => writeFileSync(join(place, file), JSON.stringify(value))
  write('package.json', { ...project, private: true, type: 'module' })
  write('package-lock.json', { name, version: own, lockfileVersion: 3, requires: true, packages })
}

const specifiers =
  /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s*)["'](\.{1,2}\/[\w./-]+)["']|new URL\(\s*["'](\.{1,2}\/[\w./-]+\.js)["']\s*,\s*import\.meta/g

/** The package's own files that are imported, directly or not, from `entries`, with them. `lazily`: also by import(). */
export const reachable = (
  folder: string,
  entries: readonly string[],
  { lazily = true, rename = (path: string) => path } = {},
): ReadonlySet<string> => {
  const seen = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    const text = readFileSync(join(folder, path), 'utf8')
    for (const [found, imported, named] of text.matchAll(specifiers)) {
      if (!lazily && (named !== undefined || /import\s*\(/.test(found))) continue
      visit(rename(normalize(join(dirname(path), imported ?? named ?? ''))))
    }
  }
  for (const entry of entries) visit(entry)
  return seen
}
