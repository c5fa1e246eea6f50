/**
 * A JS or TS configuration file and its local imports, made into one text in memory by esbuild.
 *
 * Always from the disk, so that a reload sees every change; packages are left to Node. It evaluates nothing.
 * esbuild is imported here alone, and only the master comes here: workers are given the text.
 */

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as Esbuild from 'esbuild'
import type { BuildFailure, BuildOptions, Loader, Location, Message, Plugin } from 'esbuild'
import { ServerError } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'

/** The text of a bundle: JSON-safe, so that it can be handed to workers. */
export interface ConfigModule {
  /** `esm` when the file awaits at top level, or imports a package that cannot be required. */
  readonly format: 'cjs' | 'esm'
  /** The configuration file, absolute. */
  readonly file: string
  readonly code: string
  /** Source map, version 3, without sources' contents, as JSON. */
  readonly map: string
}

export interface Bundle {
  readonly module: ConfigModule
  /** Every local file in it, absolute: what to watch. The configuration file comes first. */
  readonly files: readonly string[]
  /** How the file itself was written; `none` has neither imports nor exports. */
  readonly style: 'esm' | 'cjs' | 'none'
}

/** Turns of the build service: `stop` ends it for everybody, so two bundles are never made at once. */
let turn: Promise<unknown> = Promise.resolve()

/** Bundles `file`. Throws TSG_CONFIG_SYNTAX with code frames. */
export function bundleConfig(file: string, format: 'cjs' | 'esm' = 'cjs'): Promise<Bundle> {
  const mine = turn.then(() => bundleAlone(file, format))
  turn = mine.catch(() => undefined)
  return mine
}

async function bundleAlone(file: string, format: 'cjs' | 'esm'): Promise<Bundle> {
  const esbuild = bundler()
  try {
    return await attempt(esbuild, file, format)
  } catch (thrown) {
    if (!isBuildFailure(thrown)) throw thrown
    if (format === 'cjs' && thrown.errors.every(isTopLevelAwait)) return await attempt(esbuild, file, 'esm')
    const errors = thrown.errors.map(withoutPrelude)
    const frames = await esbuild.formatMessages(errors, { kind: 'error' })
    throw new ServerError('TSG_CONFIG_SYNTAX', syntaxMessage(file, errors), {
      cause: thrown,
      detail: frames
        .map((frame, index) => inOurColumns(frame, errors[index]))
        .join('')
        .trimEnd(),
    })
  } finally {
    // The build service is a child process of 28 MB that would stay below the master and hold its descriptors.
    await esbuild.stop()
  }
}

/**
 * esbuild starts its service in the directory that was current when it was loaded, and fails for ever when that is
 * removed, as releases are at deployments. So it is loaded from `/`, in one go: nobody sees the directory change.
 */
function bundler(): typeof Esbuild {
  const before = process.cwd()
  process.chdir('/')
  try {
    return createRequire(import.meta.url)('esbuild')
  } finally {
    process.chdir(before)
  }
}

async function attempt(esbuild: typeof Esbuild, file: string, format: 'cjs' | 'esm'): Promise<Bundle> {
  const { outputFiles, metafile } = await esbuild.build(options(file, format))
  const textOf = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ''
  const inputs = Object.entries(metafile.inputs).map(
    ([path, input]) => [resolve(dirname(file), path), input] as const,
  )
  const local = inputs.map(([path]) => path).filter((path) => !path.includes(`${namespace}:`))
  return {
    module: { format, file, code: textOf('.js'), map: textOf('.js.map') },
    files: [file, ...local.filter((path) => path !== file)],
    style: inputs.find(([path]) => path === file)?.[1].format ?? 'none',
  }
}

const options = (file: string, format: 'cjs' | 'esm') =>
  ({
    entryPoints: [file],
    absWorkingDir: dirname(file),
    outdir: dirname(file),
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: `node${process.versions.node}`,
    format,
    write: false,
    metafile: true,
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'silent',
    preserveSymlinks: true,
    define: preludeNames,
    banner: format === 'esm' ? { js: requireForEsm(file) } : {},
    plugins: [thisPackage, ...(format === 'esm' ? [absolutePackages] : []), places],
  }) satisfies BuildOptions

// --- import.meta and __dirname of each file ---

/** In a bundle there is one `import.meta`; so every file that asks gets constants of its own, which esbuild keeps apart. */
const preludeNames = {
  'import.meta.url': '__tsg_url',
  'import.meta.dirname': '__tsg_dirname',
  'import.meta.filename': '__tsg_filename',
  __dirname: '__tsg_dirname',
  __filename: '__tsg_filename',
} as const

const loaders: Readonly<Record<string, Loader>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.jsx': 'jsx',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
}

const places: Plugin = {
  name: 'places',
  setup(build) {
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const loader = loaders[extname(path)] ?? 'js'
      return /\bimport\.meta\b|\b__(?:dir|file)name\b/.test(source)
        ? { contents: withPrelude(path, source), loader }
        : { contents: source, loader }
    })
  },
}

const preludeEnd = '/*tsg*/'

/** On the first line, so that no line number changes; below `#!`, which has to stay first. */
function withPrelude(path: string, source: string): string {
  const constants = `const __tsg_url=${JSON.stringify(pathToFileURL(path).href)},__tsg_dirname=${JSON.stringify(
    dirname(path),
  )},__tsg_filename=${JSON.stringify(path)};${preludeEnd}`
  if (!source.startsWith('#!')) return constants + source
  const end = source.indexOf('\n') + 1
  return end === 0 ? source : source.slice(0, end) + constants + source.slice(end)
}

/** The same message as if the prelude were not there: code frames show what the user wrote. */
const withoutPrelude = (message: Message): Message => ({
  ...message,
  location: asWritten(message.location),
  notes: message.notes.map((note) => ({ ...note, location: asWritten(note.location) })),
})

function asWritten(location: Location | null): Location | null {
  const cut = location?.lineText.indexOf(preludeEnd) ?? -1
  if (location === null || cut < 0) return location
  const length = cut + preludeEnd.length
  const bytes = Buffer.byteLength(location.lineText.slice(0, length))
  return { ...location, column: location.column - bytes, lineText: location.lineText.slice(length) }
}

// --- packages ---

const namespace = 'tsgunicorn'

/** `import { defineConfig } from 'tsgunicorn'` works without a local install, and loads nothing of the server. */
const thisPackage: Plugin = {
  name: 'this-package',
  setup(build) {
    build.onResolve({ filter: /^tsgunicorn$/ }, () => ({ path: 'index', namespace }))
    build.onLoad({ filter: /.*/, namespace }, () => ({
      contents: 'export const defineConfig = (config) => config\n',
      loader: 'js',
    }))
  },
}

/** An ES module may have to run from another directory (see evaluate.ts): its packages are found from the file's own. */
const absolutePackages: Plugin = {
  name: 'absolute-packages',
  setup(build) {
    build.onResolve({ filter: /^[^./]/, namespace: 'file' }, async ({ path, importer, kind }) => {
      if (kind === 'entry-point' || kind === 'require-call' || path.startsWith('node:')) return undefined
      const { resolveModulePath } = await import('exsolve')
      const found = resolveModulePath(path, { from: pathToFileURL(importer), try: true })
      // A built-in module, an alias of tsconfig.json: esbuild knows better.
      return found?.includes(sep) === true ? { path: pathToFileURL(found).href, external: true } : undefined
    })
  },
}

const requireForEsm = (file: string): string =>
  `import{createRequire as __tsg_require}from'node:module';const require=__tsg_require(${JSON.stringify(file)});`

// --- failures ---

const isBuildFailure = (thrown: unknown): thrown is BuildFailure =>
  thrown instanceof Error && isRecord(thrown) && Array.isArray(thrown['errors'])

const isTopLevelAwait = ({ text }: Message): boolean => text.startsWith('Top-level await')

function syntaxMessage(file: string, errors: readonly Message[]): string {
  const [first] = errors
  const place = first?.location
  const where =
    place == null ? file : `${resolve(dirname(file), place.file)}:${place.line}:${columnOf(place)}`
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const shownPath = relative(process.cwd(), where)
  return `${shownPath.startsWith('..') ? where : shownPath}: ${first?.text ?? 'the file cannot be parsed'}${more}.`
}

/** As editors count: characters, from 1. esbuild counts bytes, from 0. */
const columnOf = ({ column, lineText }: Location): number =>
  Buffer.from(lineText).subarray(0, column).toString().length + 1

/** esbuild's frame with the column that the message names; its caret stands under the right one as it is. */
function inOurColumns(frame: string, message: Message | undefined): string {
  const places = [message?.location, ...(message?.notes.map(({ location }) => location) ?? [])]
  return places.reduce<string>(
    (text, place) =>
      place == null
        ? text
        : text.replace(
            `${place.file}:${place.line}:${place.column}:\n`,
            () => `${place.file}:${place.line}:${columnOf(place)}:\n`,
          ),
    frame,
  )
}
