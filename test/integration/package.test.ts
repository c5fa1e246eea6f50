/** What `npm pack` makes, and that it works where it is installed and nothing else is. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, describe, expect, test } from 'vitest'
import { version } from '../../src/version.ts'
import { start } from '../support/daemon.ts'
import { repository, temporaryFolder } from '../support/machine.ts'
import { execute, npm, pack, reachable, writeProject } from '../support/package.ts'

const packed = pack()
const manifest = JSON.parse(readFileSync(join(packed.folder, 'package.json'), 'utf8'))
const paths = packed.files.map(({ path }) => path)
const programs = ['dist/cli/tsgunicorn.js', 'dist/cli/tsgunicornc.js', 'dist/worker/main.js']

/** Bounds in bytes. Who passes one has put something in that every user downloads, or every start reads. */
const sizes = { packed: 900_000, unpacked: 3_000_000, startModules: 50, startBytes: 420_000 }

describe('what is in it', () => {
  /** All that may be there, by its place. */
  const meant = [
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|gunicorn\.conf\.example\.ts)$/,
    /^dist\/chunks\/[\w.-]+\.js$/,
    /^dist\/(cli|worker|config)\/[\w.-]+\.(js|d\.ts)$/,
    /^dist\/(index|errors)\.(js|d\.ts)$/,
    /^dist\/licences\/\w+\.txt$/,
    /^dist\/python\/tsgunicorn_wsgi\/\w+\.py$/,
    /^schema\/gunicorn\.schema\.json$/,
    /^man\/[\w.]+\.[158]$/,
    /^docs\/[\w./-]+\.(md|svg)$/,
    /^deploy\/[\w./-]+$/,
    /^examples\/[\w./-]+$/,
  ]

  test('every file is of a kind that is meant to be there', () => {
    expect(paths.filter((path) => !meant.some((pattern) => pattern.test(path)))).toEqual([])
  })

  test('nothing of the development, no caches and no source maps', () => {
    const unwanted =
      /(^|\/)(test|bench|src|node_modules|__pycache__|\.ci)\/|\.(map|pyc|tgz|sqlite3)$|dist\/generate\//
    expect(paths.filter((path) => unwanted.test(path))).toEqual([])
  })

  test('the programs, the types, the Python package, the schema, manual pages and documents are there', () => {
    const expected = [
      ...programs,
      ...Object.values<string>(manifest.bin).map((path) => path.replace(/^\.\//, '')),
      'dist/index.js',
      'dist/index.d.ts',
      'dist/python/tsgunicorn_wsgi/__main__.py',
      'schema/gunicorn.schema.json',
      ...manifest.man.map((path: string) => path.replace(/^\.\//, '')),
      'docs/settings.md',
      'docs/errors.md',
    ]
    expect(expected.filter((path) => !paths.includes(path))).toEqual([])
  })

  test('each module that the programs import is there, and next to nothing besides', () => {
    const modules = paths.filter((path) => /^dist\/.*\.js$/.test(path))
    const reached = reachable(packed.folder, [...programs, 'dist/index.js'])
    expect([...reached].filter((path) => !modules.includes(path))).toEqual([])
    // The bundler leaves some small chunks behind whose only importers it has dropped.
    const others = packed.files.filter(({ path }) => modules.includes(path) && !reached.has(path))
    expect(others.filter(({ path }) => !path.startsWith('dist/chunks/'))).toEqual([])
    expect(others.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(10_000)
  })

  test('each declaration that the types import is there, and no other', () => {
    const declarations = paths.filter((path) => path.endsWith('.d.ts'))
    const rename = (path: string) => path.replace(/(?<!\.d)\.ts$/, '.d.ts')
    const reached = reachable(packed.folder, ['dist/index.d.ts'], { rename })
    expect([...reached].toSorted()).toEqual(declarations.toSorted())
  })

  test('every file of the Python package goes along', () => {
    const text = readFileSync(join(repository, 'dist/python/tsgunicorn_wsgi/__main__.py'), 'utf8')
    expect(readFileSync(join(packed.folder, 'dist/python/tsgunicorn_wsgi/__main__.py'), 'utf8')).toBe(text)
    const imported = paths
      .filter((path) => path.endsWith('.py') && path.startsWith('dist/'))
      .flatMap((path) => [
        ...readFileSync(join(packed.folder, path), 'utf8').matchAll(/^\s*from \.(\w+) import/gm),
      ])
      .map(([, name]) => `dist/python/tsgunicorn_wsgi/${name}.py`)
    expect(imported.length).toBeGreaterThan(50)
    expect(imported.filter((path) => !paths.includes(path))).toEqual([])
  })

  test('the licence of what is inside the programs goes along', () => {
    expect(paths.filter((path) => path.startsWith('dist/licences/')).length).toBeGreaterThan(0)
    expect(readFileSync(join(packed.folder, 'LICENSE'), 'utf8')).toMatch(/^MIT License/)
  })

  test('no larger than it has reason to be', () => {
    expect(packed.size).toBeLessThan(sizes.packed)
    expect(packed.unpackedSize).toBeLessThan(sizes.unpacked)
  })

  test('a start reads few modules, and few bytes of them', () => {
    const begun = paths.filter((path) => /^dist\/chunks\/(main|run)-\w+\.js$/.test(path))
    expect(begun.length).toBe(2)
    const read = [...reachable(packed.folder, ['dist/cli/tsgunicorn.js', ...begun], { lazily: false })]
    const bytes = read.reduce((sum, path) => sum + readFileSync(join(packed.folder, path)).length, 0)
    expect(read.length).toBeLessThan(sizes.startModules)
    expect(bytes).toBeLessThan(sizes.startBytes)
  })
})

describe('what others say of it', () => {
  test('publint finds nothing', async () => {
    const { messages } = await publint({
      pkgDir: packed.folder,
      level: 'suggestion',
      strict: true,
      pack: false,
    })
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([])
  })

  test('the types are right for every ES module that imports it', async () => {
    const archive = createPackageFromTarballData(new Uint8Array(readFileSync(packed.tarball)))
    const analysis = await checkPackage(archive)
    // It is an ES module: who requires it is told so by Node, or gets it from Node 20.19 on.
    const ours = { resolutionKind: /^(?:node16-esm|bundler)$/ }
    const problems = ('problems' in analysis ? analysis.problems : ['there are no types']) as readonly {
      readonly resolutionKind?: string
    }[]
    const applying = problems.filter(
      ({ resolutionKind }) => resolutionKind === undefined || ours.resolutionKind.test(resolutionKind),
    )
    expect(applying).toEqual([])
  })
})

afterAll(() => {
  for (const folder of [place, dirname(packed.tarball)]) rmSync(folder, { recursive: true, force: true })
})

/** Nothing here asks a registry: what npm has in its cache is enough, or it is said why not. */
const place = temporaryFolder()
writeProject(place, packed)
const installing = npm(['ci', '--offline', '--foreground-scripts'], place)
const prefix = join(place, 'global')
/** Anything else that npm says is a fault of the package, and fails. */
const uncached = /ENOTCACHED.*|.*only-if-cached.*/.exec(installing.stderr)?.[0]
const why = uncached === undefined ? '' : ` (skipped: npm's cache lacks a dependency: ${uncached})`

describe.skipIf(uncached !== undefined)(`installed from npm's cache into an empty folder${why}`, () => {
  test('npm installs it', () => {
    expect(installing).toMatchObject({ status: 0 })
  })

  test('no script of ours was run, and there is none to run', () => {
    expect(installing.stdout + installing.stderr).not.toMatch(/tsgunicorn@\S+ (prepare|build|\w*install)/)
    const scripts = Object.keys(manifest.scripts ?? {})
    expect(scripts.filter((name) => /^(pre|post)?(install|uninstall|publish)$/.test(name))).toEqual([])
  })

  test('npx runs both programs', () => {
    for (const program of ['tsgunicorn', 'tsgunicornc']) {
      const { status, stdout } = npm(['exec', '--offline', '--no', '--', program, '--version'], place)
      expect(stdout).toContain(version)
      expect(status).toBe(0)
    }
  })

  test('a configuration is checked by the compiler, and a wrong one is refused', () => {
    writeFileSync(
      join(place, 'gunicorn.conf.ts'),
      "import { defineConfig } from 'tsgunicorn'\n\nexport default defineConfig({ workers: 1, when_ready: (server) => server.log.info('up') })\n",
    )
    writeFileSync(
      join(place, 'wrong.ts'),
      "import { defineConfig } from 'tsgunicorn'\n\nexport default defineConfig({ workers: 'many', worker: 1 })\n",
    )
    const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', '']
    const tsc = join(repository, 'node_modules/typescript/bin/tsc')
    const check = (file: string) => execute(process.execPath, [tsc, ...options, file], place)
    expect(check('gunicorn.conf.ts')).toMatchObject({ status: 0, stdout: '' })
    const wrong = check('wrong.ts')
    expect(wrong.status).not.toBe(0)
    expect(wrong.stdout).toMatch(/wrong\.ts\(3,/)
  })

  test('it serves an application, with that configuration', async () => {
    const server = await start({
      program: [join(place, 'node_modules/.bin/tsgunicorn')],
      config: readFileSync(join(place, 'gunicorn.conf.ts'), 'utf8'),
    })
    expect(await server.get()).toBe('hello 1')
    await server.logged(/up/)
    await server.assertClean()
  })

  test('a global installation has both programs and the manual', (context) => {
    const { status, stderr } = npm(
      ['install', '--global', '--offline', '--prefix', prefix, packed.tarball],
      place,
    )
    // It reads no lock file: npm's cache may have the packages, and not the lists of their versions.
    context.skip(stderr.includes('ENOTCACHED'), "npm's cache lacks what a global installation asks for")
    expect({ status, stderr }).toMatchObject({ status: 0 })
    for (const program of ['tsgunicorn', 'tsgunicornc']) {
      const said = execute(join(prefix, 'bin', program), ['--version'], place)
      expect(said.stdout).toContain(version)
    }
    expect(existsSync(join(prefix, 'share/man/man8/tsgunicorn.8'))).toBe(true)
  })
})
