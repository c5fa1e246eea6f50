/** The package as users get it: packed from the built tree, looked into, and installed where nothing else is. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
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
