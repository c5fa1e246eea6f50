/**
 * Rivals that are no dependencies of ours: what is installed is taken, the rest npm puts into a cache folder, once.
 * Where that cannot be done they are missing, with the reason; nothing fails.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Obtained {
  /** URL of @hono/node-server. */
  readonly serveHono: string | undefined
  /** Paths of programs. */
  readonly bun: string | undefined
  readonly deno: string | undefined
  readonly pm2: Pm2
  /** Name -> version, of what is here. */
  readonly versions: Readonly<Record<string, string>>
  /** Why something may be missing. */
  readonly why: string
}

const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tsgunicorn-bench')
const ours = createRequire(import.meta.url)

const versionAt = (file: string): string => JSON.parse(readFileSync(file, 'utf8')).version

/** The version of a package of our own tree. */
export const versionOf = (name: string): string => {
  // Not every package exports its package.json, so it is sought beside its modules.
  const base = ours.resolve.paths(name)?.find((path) => existsSync(join(path, name, 'package.json')))
  return base === undefined ? 'unknown' : versionAt(join(base, name, 'package.json'))
}

const programs = ['bun', 'deno'] as const

const installed = (program: string): string | undefined => {
  const { error, status } = spawnSync(program, ['--version'], { stdio: 'ignore', timeout: 10_000 })
  return error === undefined && status === 0 ? program : undefined
}

/** npm's launchers are scripts; what is measured is the program itself. */
const unpacked = (program: (typeof programs)[number]): string | undefined => {
  const names = { bun: ['@oven/bun-linux-x64/bin/bun', '@oven/bun-linux-aarch64/bin/bun'], deno: denoNames }
  return names[program].map((name) => join(folder, 'node_modules', name)).find((file) => installed(file))
}

const denoNames = ['@deno/linux-x64-glibc/deno', '@deno/linux-arm64-glibc/deno']

/** Installs packages into a folder, all that it has at once; gives the reason where that cannot be done, else ''. */
const ensure = (wanted: readonly string[], into = folder): string => {
  if (wanted.every((name) => existsSync(join(into, 'node_modules', name)))) return ''
  mkdirSync(into, { recursive: true })
  writeFileSync(join(into, 'package.json'), '{"private":true}\n')
  const specs = wanted.map((name) => (name === 'hono' ? `hono@${versionOf('hono')}` : name))
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...specs]
  const { status } = spawnSync('npm', args, { cwd: into, stdio: 'ignore', timeout: 180_000 })
  return status === 0 ? '' : `npm could not install it into ${into}`
}

const versionSaid = (program: string): string =>
  /\d+\.\d+\.\d+\S*/.exec(spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout)?.[0] ?? 'unknown'

const hono = (): Pick<Obtained, 'serveHono' | 'versions'> => {
  const manifest = join(folder, 'node_modules/@hono/node-server/package.json')
  if (!existsSync(manifest)) return { serveHono: undefined, versions: {} }
  const file = createRequire(join(folder, 'package.json')).resolve('@hono/node-server')
  const module = file.replace(/\.js$/, '.mjs')
  const url = pathToFileURL(existsSync(module) ? module : file).href
  return { serveHono: url, versions: { '@hono/node-server': versionAt(manifest) } }
}

/** Takes what there is, and fetches the rest when that is possible; takes up to three minutes the first time. */
export const obtain = (): Obtained => {
  const here = { bun: installed('bun'), deno: installed('deno') }
  const wanted = ['hono', '@hono/node-server', ...programs.filter((name) => here[name] === undefined)]
  const why = ensure(wanted)
  const bun = here.bun ?? unpacked('bun')
  const deno = here.deno ?? unpacked('deno')
  const { serveHono, versions } = hono()
  const pm2 = obtainPm2()
  return {
    serveHono,
    bun,
    deno,
    pm2,
    versions: {
      ...versions,
      ...('why' in pm2 ? {} : { pm2: pm2.version }),
      ...(bun === undefined ? {} : { Bun: versionSaid(bun) }),
      ...(deno === undefined ? {} : { Deno: versionSaid(deno) }),
    },
    why: why === '' ? 'not installed, and not to be had from npm for this machine' : why,
  }
}

export type Pm2 =
  | { readonly runtime: string; readonly cli: string; readonly version: string }
  | { readonly why: string }

/** pm2's two programs: `pm2-runtime`, which stays in the foreground, and `pm2`, which tells it what to do. */
export const obtainPm2 = (): Pm2 => {
  const into = join(folder, 'pm2')
  const why = ensure(['pm2'], into)
  if (why !== '') return { why: `not installed: ${why}` }
  const root = join(into, 'node_modules/pm2')
  return {
    runtime: join(root, 'bin/pm2-runtime'),
    cli: join(root, 'bin/pm2'),
    version: versionAt(join(root, 'package.json')),
  }
}
