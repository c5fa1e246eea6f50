/**
 * Why each package is there that is installed with tsgunicorn, or put into its programs. docs/dependencies.md is written
 * from this table and the lock file; a test fails on a dependency without an entry, and on an entry without a dependency.
 */
import { readFileSync } from 'node:fs'
import { code, document, table } from './markdown.ts'

export interface Dependency {
  /** What the server does with it. */
  readonly use: string
  /** What there would not be without it. */
  readonly without: string
  /** Why it is not written here. */
  readonly notOurs: string
  /** Kilobytes installed (Linux x64), with what it brings along and nobody else here needs. A test measures. */
  readonly size: number
  /** When, and by whom. */
  readonly loaded: string
}

export const dependencies: Readonly<Record<string, Dependency>> = {
  chokidar: {
    use: 'Watches the files of `--reload`.',
    without: 'No reload when a file changes. Everything else stays.',
    notOurs:
      "What `fs.watch` tells differs by platform, editor and container; evening that out is the package's whole work.",
    size: 106,
    loaded: 'with `reload`, by the master',
  },
  cosmiconfig: {
    use: 'Reads `gunicorn.conf.json` and `gunicorn.conf.yaml`, with the place of a mistake.',
    without: 'No configuration in JSON or YAML.',
    notOurs: 'YAML is a large language; a parser of our own would be a source of surprises.',
    size: 1347,
    loaded: 'with such a file, by the master',
  },
  esbuild: {
    use: 'Makes one text of a configuration in TypeScript or JavaScript and its imports, read anew at every reload; draws the place of syntax errors.',
    without: 'No `gunicorn.conf.ts`, no reload that sees a changed import, no code frames.',
    notOurs: 'A compiler. tsx needs the same version, so it is installed once.',
    size: 11_305,
    loaded: 'with a configuration file, by the master alone; its service process ends with the load',
  },
  exsolve: {
    use: 'Finds packages as `import` does, from the directory of the application or of the configuration.',
    without:
      'No application that is named by a package, no package that only `import` can load in a configuration.',
    notOurs: 'The rules of `exports` and conditions are long, and Node offers them for the own module only.',
    size: 58,
    loaded: 'with such a name',
  },
  'fastest-levenshtein': {
    use: 'Finds the name that was meant: of a setting, a flag, a file, a command.',
    without: 'Errors that say what is wrong, and not what was meant.',
    notOurs: 'Twenty lines that are easy to get slow; it has no dependencies.',
    size: 21,
    loaded: 'when there is an error to explain',
  },
  pino: {
    use: 'Writes the error log where it is in JSON, once the start is over.',
    without: 'Every line by the plain writer that the first lines of a start have.',
    notOurs: 'Levels, time and fields come in the JSON that tools for logs know.',
    size: 1174,
    loaded: 'with `error_log_format: json` only, in master and workers',
  },
  shlex: {
    use: "Splits `GUNICORN_CMD_ARGS`, and the lines of Gunicorn's control client, as Python's shlex does.",
    without: 'Quotes in that variable would mean something else than for Gunicorn.',
    notOurs: 'It has to agree with Python to the letter, and does.',
    size: 21,
    loaded: 'when the variable is set',
  },
  tsx: {
    use: 'Runs applications in TypeScript as they are, on every version of Node.',
    without: 'Applications in JavaScript only, or what Node itself strips.',
    notOurs:
      "A module loader for two module systems. Node's own refuses enums, decorators and imports without an ending.",
    size: 388,
    loaded: 'in the workers of a TypeScript application',
  },
  koffi: {
    use: "Calls what Node has no function for: datagram sockets on a path (systemd, syslog, statsd), a peer's process id, memory that processes share, descriptors of a worker that hangs.",
    without:
      'Optional. Counters are written by the turn instead of at once; syslog goes by UDP; orders are logged without who gave them; idle connections of a worker that hangs end with it. The manual says where.',
    notOurs:
      'The alternative is an addon in C that would have to be compiled, or built for every platform, by us.',
    size: 4012,
    loaded: 'by the master, and by workers for their counters',
  },
}

/** In the programs: not installed beside them. Their licences are in `dist/licences/`. */
export const bundled: Readonly<Record<string, Pick<Dependency, 'use' | 'notOurs'>>> = {
  commander: {
    use: 'Reads the flags of `tsgunicorn`.',
    notOurs: 'Short flags in a row, values in every spelling, and the errors for them.',
  },
  picocolors: { use: 'Colours what `tsgunicornc` prints.', notOurs: 'Sixty lines that nest colours right.' },
}

interface Locked {
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lock: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(
  readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
)

/** Where the lock file has the package that `name` means in `folder`: beside it, or further up. */
const placeOf = (folder: string, name: string): string | undefined => {
  const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
  if (lock.packages[place] !== undefined) return place
  if (folder === '') return undefined
  return placeOf(folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/'))), name)
}

/** A package and all that it brings along, as places in the lock file, but for builds for a platform. */
export const closureOf = (place: string, seen = new Set<string>()): ReadonlySet<string> => {
  if (seen.has(place)) return seen
  seen.add(place)
  for (const name of Object.keys(lock.packages[place]?.dependencies ?? {})) {
    const next = placeOf(place, name)
    if (next !== undefined) closureOf(next, seen)
  }
  return seen
}

/** Some have a build for each platform, and npm installs the one that fits. */
const hasBuilds = (place: string): boolean =>
  Object.keys(lock.packages[place]?.optionalDependencies ?? {}).some((name) => name.includes('linux-x64'))

const brought = (name: string, others: number): string => {
  if (hasBuilds(`node_modules/${name}`)) return 'it brings along its build for the platform'
  return others === 0 ? 'it brings nothing along' : `it brings along ${others} more`
}

const licenceOf = (place: string): string => lock.packages[place]?.license ?? 'unknown'

const entry = ([name, { use, without, notOurs, size, loaded }]: [string, Dependency]): string => {
  const closure = [...closureOf(`node_modules/${name}`)]
  const others = closure.filter((place) => !(place.replace('node_modules/', '') in dependencies))
  const licences = [...new Set(closure.map(licenceOf))].toSorted()
  return [
    `## ${name}`,
    use,
    [
      `- Without it: ${without}`,
      `- Why not our own: ${notOurs}`,
      `- Loaded: ${loaded}.`,
      `- Licence: ${licenceOf(`node_modules/${name}`)}${licences.length > 1 ? ` (with what it brings along: ${licences.join(', ')})` : ''}`,
      `- Size: ${size} kB; ${brought(name, others.length)}`,
    ].join('\n'),
  ].join('\n\n')
}

export const dependenciesDocument = (): string => {
  const names = Object.keys(dependencies)
  const all = new Set(names.flatMap((name) => [...closureOf(`node_modules/${name}`)]))
  const total = Object.values(dependencies).reduce((sum, { size }) => sum + size, 0)
  return document([
    '# Dependencies',
    `What \`npm install tsgunicorn\` brings along, and why: ${names.length} packages, which bring along
${all.size - names.length} more; ${Math.round(total / 1000)} MB on Linux x64, of which esbuild's compiler is the most. The server's own work
(processes, sockets, HTTP, the bridge to Python, administration) is given to none of them.`,
    `tsgunicorn has no install script. Two of its dependencies have one: esbuild's checks the program that was downloaded
for the platform, koffi's builds what has no build ready. Both work where scripts are not run (newer npm asks before it
does, \`--ignore-scripts\` forbids it), on the platforms that they have builds for.`,
    table(
      ['package', 'licence', 'what it is for'],
      Object.entries(dependencies).map(([name, { use }]) => [
        `[${name}](#${name})`,
        licenceOf(`node_modules/${name}`),
        use,
      ]),
    ),
    ...Object.entries(dependencies).map(entry),
    '## Inside the programs',
    `These are put into the programs when they are built, and not installed beside them. Their licences are in
\`dist/licences/\`.`,
    table(
      ['package', 'licence', 'what it is for', 'why not our own'],
      Object.entries(bundled).map(([name, { use, notOurs }]) => [
        code(name),
        licenceOf(`node_modules/${name}`),
        use,
        notOurs,
      ]),
    ),
  ])
}
