/**
 * The last step of `npm run build`: the programs that tsc wrote are put together, module by module, into few files.
 * Nothing but time is won: Node takes about half a millisecond for each file it imports, and a start or a worker's
 * boot would pay for sixty. What is imported lazily stays in files of its own; packages stay outside.
 *
 * Chunks stand one folder deep, as the modules do, so that `new URL('../worker/main.js', import.meta.url)` means the
 * same file before and after.
 */
import { cpSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundled } from './dependencies.ts'
import { replaceFolder } from './replace.ts'

type Versions = Readonly<Record<string, string>>
const manifest: { readonly dependencies: Versions; readonly optionalDependencies: Versions } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)
const packages = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
/** Where tsc wrote to, and this module stands: beside dist, which servers run from meanwhile. */
const next = fileURLToPath(new URL('..', import.meta.url))
const dist = fileURLToPath(new URL('../../dist', import.meta.url))

const bundle = (program: string) =>
  build({
    absWorkingDir: next,
    entryPoints: [program],
    outdir: '.',
    outbase: '.',
    chunkNames: 'chunks/[name]-[hash]',
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // What is installed beside it stays outside; what a start needs at once is put in (generate/dependencies.ts).
    external: packages.flatMap((name) => [name, `${name}/*`]),
    // CommonJS packages call require for Node's modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    sourcemap: 'linked',
  })

// The Python package goes along as it is; what Python compiled of it beside it does not.
const source = fileURLToPath(new URL('../../src/python/tsgunicorn_wsgi', import.meta.url))
cpSync(source, `${next}/python/tsgunicorn_wsgi`, {
  recursive: true,
  filter: (path) => !path.endsWith('__pycache__'),
})

// One after the other: what master and worker share would otherwise become many small files for both.
for (const program of ['cli/tsgunicorn.js', 'worker/main.js', 'cli/tsgunicornc.js']) await bundle(program)

// What is inside is distributed with the package: so are its licences.
for (const name of Object.keys(bundled))
  cpSync(new URL(`../../node_modules/${name}/LICENSE`, import.meta.url), `${next}/licences/${name}.txt`)

replaceFolder(dist, next)
