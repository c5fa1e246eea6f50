/**
 * The Pythons of this machine and what they can import: the newest frameworks, and the tools that look at Python
 * sources, in virtual environments that are made here once for all test files, and those that the system's own packages
 * bring. Where one cannot be had, it says why; tests then skip with these words. It knows nothing of servers.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { hasCode } from '../../src/errors.ts'
import { eventually } from './eventually.ts'
import { repository } from './machine.ts'
import { isAlive } from './processes.ts'

/** The last is no framework: it reads metrics. */
export type Framework = 'django' | 'flask' | 'bottle' | 'prometheus_client'

export interface Python {
  /** For a test's name: `Django 5.2.8, Python 3.11.7`, or `newest django (skipped: WHY)`. */
  readonly label: string
  /** Absolute path of the interpreter; '' when it is missing. */
  readonly python: string
  /** Why there is none. */
  readonly missing?: string
}

const frameworks: readonly Framework[] = ['django', 'flask', 'bottle', 'prometheus_client']

/** A virtual environment of the tests: what its folder is called, and what pip puts into it. */
interface Recipe {
  readonly name: string
  readonly packages: readonly string[]
}

const newest: Recipe = { name: 'venv', packages: ['--upgrade', ...frameworks] }

/** Apart from the frameworks: where these cannot be had, those still can. Other releases judge otherwise. */
const tools: Recipe = { name: 'tools', packages: ['ruff==0.17.*', 'mypy==2.4.*'] }

/** Debian installs for its own interpreter only. */
const systemPython = '/usr/bin/python3'

/** Making the environment, all of it; milliseconds. */
const patience = 180_000

interface Known {
  /** `sys.executable`: behind shims as pyenv's, which would look for their own files in HOME. */
  readonly executable: string
  readonly version: string
  /** Versions by framework, of those that can be imported. */
  readonly has: Readonly<Partial<Record<Framework, string>>>
}

const question = `
import importlib.metadata, importlib.util, json, platform, sys
def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return 'of unknown version'
has = {name: version(name) for name in ${JSON.stringify(frameworks)} if importlib.util.find_spec(name)}
if sys.version_info >= (3, 9):
    print(json.dumps({'executable': sys.executable, 'version': platform.python_version(), 'has': has}))
`

/** What an interpreter says of itself; `undefined` when it is missing, broken, or older than 3.9. */
const ask = (command: string): Known | undefined => {
  const { status, stdout } = spawnSync(command, ['-c', question], { encoding: 'utf8', timeout: 20_000 })
  return status === 0 && stdout.trim() !== '' ? JSON.parse(stdout) : undefined
}

/** The interpreter for tests that need no framework: `python3` of the path, 3.9 or newer. */
export const plainPython = (): Python => {
  const known = ask('python3')
  if (known !== undefined) return { python: known.executable, label: `Python ${known.version}` }
  return skipped('WSGI', 'there is no python3 in the path, or it is older than 3.9')
}

/**
 * The Pythons that can import a framework: the newest release in our own virtual environment, and the system's when
 * it is installed. There is always at least one entry; one with `missing` is for a test that is skipped. Makes the
 * environment when it is not there yet: up to three minutes.
 */
export const pythonWith = async (framework: Framework): Promise<readonly Python[]> => {
  const own = await environment(newest)
  const system = ask(systemPython)
  return [
    typeof own === 'string' ? skipped(`newest ${framework}`, own) : described(own, framework, ''),
    ...(system?.has[framework] ? [described(system, framework, "the system's ")] : []),
  ]
}

/** The interpreter of an environment in which `-m ruff` and `-m mypy` can be run. Made as above. */
export const pythonTools = async (): Promise<Python> => {
  const own = await environment(tools)
  if (typeof own === 'string') return skipped('ruff and mypy', own)
  return { python: own.executable, label: `Python ${own.version}` }
}

const described = ({ executable, version, has }: Known, framework: Framework, whose: string): Python =>
  has[framework] === undefined
    ? skipped(`newest ${framework}`, 'pip did not install it')
    : { python: executable, label: `${whose}${framework} ${has[framework]}, Python ${version}` }

const skipped = (what: string, why: string): Python => {
  console.warn(`tests with ${what} are skipped: ${why}`)
  return { python: '', label: `${what} (skipped: ${why})`, missing: why }
}

/** Where the environment is kept: with the installed packages, but not in those of another checkout. */
const cacheFolder = (): string => {
  const modules = join(repository, 'node_modules')
  const ours = existsSync(modules) && !lstatSync(modules).isSymbolicLink()
  return ours ? join(modules, '.cache') : tmpdir()
}

/** The environment's Python, made if need be, or why there is none. */
const environment = async (recipe: Recipe): Promise<Known | string> => {
  const base = ask('python3')
  if (base === undefined) return 'there is no python3 in the path, or it is older than 3.9'
  const folder = join(cacheFolder(), `tsgunicorn-${recipe.name}-${process.getuid?.() ?? 0}-${base.version}`)
  mkdirSync(dirname(folder), { recursive: true })
  // Several test files, and several runs, may ask at once: one makes it, the others wait for what comes of it.
  return await eventually(() => made(folder) ?? (claim(`${folder}.lock`) && make(base, folder, recipe)), {
    within: patience + 10_000,
    every: 200,
    what: `${folder}; remove ${folder}.lock if no test runs`,
  })
}

/** A failure is remembered as long as a run of the tests may take: each file would wait for the same timeout. */
const memory = 600_000

const made = (folder: string): Known | string | undefined => {
  if (existsSync(folder)) return ask(join(folder, 'bin/python')) ?? `${folder} does not work; remove it`
  const failure = `${folder}.failed`
  if (!existsSync(failure) || Date.now() - lstatSync(failure).mtimeMs > memory) return undefined
  return readFileSync(failure, 'utf8')
}

/** Whether the lock is ours now. One whose owner is dead is removed: the next try may have it. */
const claim = (lock: string): boolean => {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    const owner = readFileSync(lock, 'utf8')
    if (owner !== '' && !isAlive(Number(owner))) rmSync(lock, { force: true })
    return false
  }
}

/** Makes it beside its place and moves it there when it is whole: `bin/python` finds its packages by its own path. */
const make = (base: Known, folder: string, { packages }: Recipe): Known | string => {
  const draft = `${folder}.draft`
  try {
    // Somebody may have made it between our question and our lock.
    const there = made(folder)
    if (there !== undefined) return there
    rmSync(draft, { recursive: true, force: true })
    const failure =
      run(base.executable, ['-m', 'venv', draft]) ?? run(join(draft, 'bin/python'), [...pip, ...packages])
    if (failure === undefined) renameSync(draft, folder)
    else writeFileSync(`${folder}.failed`, failure)
    return made(folder) ?? 'it could not be made'
  } finally {
    rmSync(draft, { recursive: true, force: true })
    rmSync(`${folder}.lock`, { force: true })
  }
}

const pip = '-m pip install --quiet --no-input --disable-pip-version-check --retries 1 --timeout 15'.split(
  ' ',
)

/** Why it failed, in a line; `undefined` when it did not. */
const run = (command: string, args: readonly string[]): string | undefined => {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: patience / 2 })
  if (status === 0) return undefined
  const words = stderr?.trim().split('\n').at(-1) || error?.message || `exit status ${status}`
  return `'${args.slice(0, 3).join(' ')}' failed: ${words}`
}
