/**
 * The Python world of `bench:wsgi`: virtual environments of its own in a cache folder, and what Debian has installed.
 * What cannot be had is missing, with the reason; nothing fails but a machine without Python.
 *
 * Frameworks and servers have an environment each: Debian's servers get the frameworks by PYTHONPATH, and must not
 * find the newer Gunicorn beside them. All use one interpreter: builds differ in speed by half.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, realpathSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface PythonWorld {
  /** The environment of the frameworks: its python, and its site-packages for servers that have another one. */
  readonly python: string
  readonly packages: string
  /** A program of the servers' environment, or undefined. */
  readonly server: (program: string) => string | undefined
  /** Debian's Gunicorn with the words before it, and whether gevent is beside it; undefined when not installed. */
  readonly debianGunicorn: readonly string[] | undefined
  readonly debianGevent: boolean
  /** uWSGI with the options that load Python: Debian's, else pyuwsgi's. */
  readonly uwsgi: readonly string[] | undefined
  /** A Node of the benchmark's own: its pages are shared with no other program, so that PSS counts all of them. */
  readonly node: string
  /** Where bytecode is kept: the sources' folders stay clean. */
  readonly bytecode: string
  readonly versions: Readonly<Record<string, string>>
  /** Package -> what pip said. */
  readonly failures: ReadonlyMap<string, string>
}

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tsgunicorn-bench')
const frameworks = ['django', 'flask'] as const
const servers = ['gunicorn', 'gunicorn_h1c', 'gevent', 'granian', 'waitress'] as const

/** Packages that have no wheel for every machine, and are built in seconds where there is a compiler. */
const built: readonly string[] = ['gunicorn_h1c']

/** What a package needs beside itself for what it is used for here. */
const companions: Readonly<Record<string, readonly string[]>> = { gevent: ['packaging'] }

const output = (...[program = '', ...args]: readonly string[]): string | undefined => {
  const { error, status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 })
  return error === undefined && status === 0 ? stdout.trim() : undefined
}

/** Debian's uWSGI and Gunicorn are bound to Debian's python3, so that is the first choice. */
const interpreter = (asked: string | undefined): string => {
  const able = (asked === undefined ? ['/usr/bin/python3', 'python3'] : [asked]).find(
    (python) =>
      output(python, '-c', 'import ensurepip, sys; assert sys.version_info >= (3, 9)') !== undefined,
  )
  if (able !== undefined) return able
  throw new Error(
    `no Python of 3.9 or newer that can make environments: install python3-venv, or give --python`,
  )
}

const versionOf = (python: string, name: string): string | undefined =>
  output(python, '-c', `from importlib.metadata import version; print(version(${JSON.stringify(name)}))`)

/** Makes an environment, once, and gives its python. */
const environment = (base: string, name: string): string => {
  const build = output(base, '-c', 'import platform, sys; print(platform.python_version(), sys.base_prefix)')
  const folder = join(cache, `${name}-${(build ?? '').replaceAll(/[^\w.]+/g, '-')}`)
  const python = join(folder, 'bin/python')
  if (existsSync(python)) return python
  mkdirSync(cache, { recursive: true })
  const { status, stderr } = spawnSync(base, ['-m', 'venv', folder], { encoding: 'utf8', timeout: 120_000 })
  if (status !== 0) throw new Error(`${base} could not make ${folder}: ${stderr.trim()}`)
  return python
}

/** Installs the newest, as wheels where it can: a compiler's minutes are not ours. Undefined when it is there, or the reason. */
const install = (python: string, name: string, fresh: boolean): string | undefined => {
  const all = [name, ...(companions[name] ?? [])]
  const isThere = () => all.every((each) => versionOf(python, each) !== undefined)
  if (!fresh && isThere()) return undefined
  const wheels = built.includes(name) ? ['--prefer-binary'] : ['--only-binary', ':all:']
  const how = ['-q', '--disable-pip-version-check', ...wheels, '-U']
  const { status, stderr } = spawnSync(python, ['-m', 'pip', 'install', ...how, ...all], {
    encoding: 'utf8',
    timeout: 120_000,
  })
  if (status === 0 || isThere()) return undefined
  return `pip could not install it: ${stderr?.trim().split('\n').at(-1) || 'no answer within 120 s'}`
}

const debianGunicorn = (): readonly string[] | undefined =>
  existsSync('/usr/bin/gunicorn') && output('/usr/bin/python3', '-c', 'import gunicorn') !== undefined
    ? ['/usr/bin/python3', '/usr/bin/gunicorn']
    : undefined

const debianUwsgi = (): readonly string[] | undefined =>
  output('uwsgi', '--version') === undefined ? undefined : ['uwsgi', '--plugins', 'python3,http']

/**
 * A copy has pages of its own in memory, however many other programs run on the machine's Node. It is called `node`:
 * pm2 has no cluster mode for a program of another name.
 */
export const ownNode = (node: string): string => {
  const folder = join(cache, `own-node-${output(node, '--version') ?? 'unknown'}`)
  const copy = join(folder, 'node')
  if (existsSync(copy)) return realpathSync(copy)
  mkdirSync(folder, { recursive: true })
  // Under its name only when it is whole.
  copyFileSync(node, `${copy}.part`)
  renameSync(`${copy}.part`, copy)
  return realpathSync(copy)
}

const compact = (versions: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(versions).flatMap(([name, version]) => (version ? [[name, version]] : [])),
  )

/**
 * Takes what there is and fetches what is missing, some minutes at most; `fresh` asks pip for newer versions, too.
 * Throws when there is no usable Python or the frameworks cannot be had: then there is nothing to measure.
 */
export const obtainPython = (asked: {
  readonly python?: string | undefined
  readonly node: string
  readonly fresh: boolean
}): PythonWorld => {
  const base = interpreter(asked.python)
  const [apps, rivals] = [environment(base, 'apps'), environment(base, 'servers')]
  const failures = new Map<string, string>()
  const wanted = (debianUwsgi() === undefined ? [...servers, 'pyuwsgi'] : servers).map(
    (name) => [rivals, name] as const,
  )
  for (const [python, name] of [...frameworks.map((name) => [apps, name] as const), ...wanted]) {
    const why = install(python, name, asked.fresh)
    if (why !== undefined) failures.set(name, why)
  }
  const packages = output(apps, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))') ?? ''
  const server = (program: string) => {
    const file = join(rivals, '..', program)
    return existsSync(file) ? file : undefined
  }
  const pyuwsgi = server('uwsgi')
  const uwsgi = debianUwsgi() ?? (pyuwsgi === undefined ? undefined : [pyuwsgi])
  const names = Object.fromEntries(servers.map((name) => [name, versionOf(rivals, name)]))
  return {
    python: apps,
    packages,
    server,
    debianGunicorn: debianGunicorn(),
    debianGevent: output('/usr/bin/python3', '-c', 'import gevent') !== undefined,
    uwsgi,
    node: ownNode(asked.node),
    bytecode: join(cache, 'bytecode'),
    versions: compact({
      Python: output(apps, '-c', 'import platform; print(platform.python_version())'),
      Node: output(asked.node, '--version')?.slice(1),
      ...Object.fromEntries(frameworks.map((name) => [name, versionOf(apps, name)])),
      ...names,
      'gunicorn (Debian)': debianGunicorn() && versionOf('/usr/bin/python3', 'gunicorn'),
      uWSGI: uwsgi && output(uwsgi[0] ?? '', '--version'),
    }),
    failures,
  }
}
