/**
 * Which Python runs the applications: the setting, the active virtual environment, one that lies here, or python3.
 * It asks the interpreter for its version and for nothing else: what is installed in it is not looked at.
 */
import { accessSync, constants, lstatSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { hasCode, messageOf, ServerError } from '../errors.ts'
import { runPython } from './run.ts'

export interface Interpreter {
  /** Absolute; symbolic links as they are, or a virtual environment would not be found. */
  readonly path: string
  /** As `3.11.7`. */
  readonly version: string
  /** As `CPython`. */
  readonly implementation: string
  /** Why it was chosen: `python`, `VIRTUAL_ENV`, `.venv`, `venv` or `python3`. */
  readonly from: string
}

export interface InterpreterRequest {
  /** The setting `python`. */
  readonly python: string | undefined
  /** Absolute: where `.venv` and `venv` are looked for, and what relative paths start from. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** An interpreter that may be there. */
interface Candidate {
  readonly path: string
  readonly from: string
  /** On PATH: what lies there may be a shim, a slow script that finds the interpreter itself. */
  readonly named: boolean
}

/** What came of asking one. */
type Asked =
  | { readonly kind: 'usable'; readonly interpreter: Interpreter }
  | { readonly kind: 'unusable'; readonly words: string; readonly detail: string }

const oldest = [3, 9] as const

/**
 * The interpreter for `request`, asked for its version (one run of it, at most 10 s).
 *
 * The setting alone is tried when it is given, and an environment that is there is used or refused: another Python
 * would not have its packages. On PATH the first one that can be used is taken.
 * Rejects with TSG_PYTHON: none was found (the message tells what was tried), or the one that is meant cannot be
 * executed, does not run (its stderr is the detail), or is older than 3.9.
 */
export const findInterpreter = async (request: InterpreterRequest): Promise<Interpreter> => {
  const tried: string[] = []
  const meant =
    request.python === undefined ? environment(request, tried) : given(request.python, request, tried)
  if (meant !== undefined) return usable(meant, await ask(meant, request))
  if (request.python !== undefined) throw notThere(request.python, tried)
  const faults: string[] = []
  for (const candidate of ['python3', 'python'].flatMap((name) => onPath(name, 'python3', request, tried))) {
    const asked = await ask(candidate, request)
    if (asked.kind === 'usable') return asked.interpreter
    faults.push(`${candidate.path} ${asked.words}${asked.detail === '' ? '' : `\n${indented(asked.detail)}`}`)
  }
  throw faults.length === 0 ? noneFound(tried) : noneUsable(faults)
}

// --- where it may be ---

/** The setting: a path, a name on PATH, or the folder of a virtual environment. */
const given = (python: string, request: InterpreterRequest, tried: string[]): Candidate | undefined => {
  const path = resolve(request.directory, python)
  if (python.includes('/')) return at(path, 'python', tried)
  return onPath(python, 'python', request, tried)[0] ?? at(path, 'python', tried)
}

const at = (path: string, from: string, tried: string[]): Candidate | undefined => {
  const kind = kindOf(path)
  if (kind === 'folder') return inFolder(path, from, tried)
  tried.push(path)
  return kind === 'nothing' ? undefined : { path, from, named: false }
}

const environment = ({ env, directory }: InterpreterRequest, tried: string[]): Candidate | undefined => {
  const active = env['VIRTUAL_ENV']
  return (
    (active ? inFolder(resolve(directory, active), 'VIRTUAL_ENV', tried) : undefined) ??
    inFolder(join(directory, '.venv'), '.venv', tried) ??
    inFolder(join(directory, 'venv'), 'venv', tried)
  )
}

const inFolder = (folder: string, from: string, tried: string[]): Candidate | undefined => {
  const path = join(folder, 'bin', 'python')
  tried.push(path)
  return kindOf(path) === 'nothing' ? undefined : { path, from, named: false }
}

const onPath = (
  name: string,
  from: string,
  { env, directory }: InterpreterRequest,
  tried: string[],
): readonly Candidate[] => {
  tried.push(`${name} on PATH`)
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(resolve(directory, folder), name))
    .filter((path) => kindOf(path) === 'file' && isExecutable(path))
    .map((path) => ({ path, from, named: true }))
}

/** A link that leads nowhere counts as a file: an environment whose Python was removed is to be told of. */
const kindOf = (path: string): 'file' | 'folder' | 'nothing' => {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return 'folder'
  try {
    lstatSync(path)
    return 'file'
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return 'nothing'
    throw error
  }
}

const isExecutable = (path: string): boolean => faultOfAccess(path) === undefined

/** Why `path` cannot be executed, in words that follow its name. */
const faultOfAccess = (path: string): string | undefined => {
  try {
    accessSync(path, constants.X_OK)
    return undefined
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'is a link that leads nowhere'
    return hasCode(error, 'EACCES') ? 'is not executable' : `cannot be executed: ${messageOf(error)}`
  }
}

// --- what it says of itself ---

// As text and not as JSON: it has to be understood by any Python, and without importing anything.
const question = `import sys
sys.stdout.write("\\ntsgunicorn %d.%d.%d %s %s" % (sys.version_info[:3] + (
    getattr(getattr(sys, "implementation", None), "name", "python"), sys.executable or "")))`
const answer = /\ntsgunicorn (\d+\.\d+\.\d+) (\S+) (.*)$/u

const ask = async (candidate: Candidate, { directory, env }: InterpreterRequest): Promise<Asked> => {
  const unusable = (words: string, detail = ''): Asked => ({ kind: 'unusable', words, detail })
  const noAccess = faultOfAccess(candidate.path)
  if (noAccess !== undefined) return unusable(noAccess)
  const said = await runPython({
    path: candidate.path,
    args: ['-I', '-S', '-c', question],
    cwd: directory,
    env,
  })
  // Python 2 knows no -I.
  if (/Unknown option: -I/u.test(said.stderr)) return unusable('is older than Python 3.9')
  const [, version, name, executable] = answer.exec(said.stdout) ?? []
  if (said.code !== 0 || version === undefined || name === undefined)
    return unusable(`does not run: ${said.fault ?? `it exits with ${said.code}`}`, said.stderr.trim())
  if (isOld(version)) return unusable(`is Python ${version}, older than 3.9`)
  const path = candidate.named && executable && isAbsolute(executable) ? executable : candidate.path
  const interpreter = { path, version, implementation: implementations[name] ?? name, from: candidate.from }
  return { kind: 'usable', interpreter }
}

const implementations: Readonly<Record<string, string>> = { cpython: 'CPython', pypy: 'PyPy' }

const isOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1])
}

// --- words ---

const usable = ({ path, from }: Candidate, asked: Asked): Interpreter => {
  if (asked.kind === 'usable') return asked.interpreter
  throw new ServerError(
    'TSG_PYTHON',
    `The Python of ${origins[from]}, ${path}, ${asked.words}. ${cures[from]}`,
    {
      ...(asked.detail === '' ? {} : { detail: asked.detail }),
    },
  )
}

const origins: Readonly<Record<string, string>> = {
  python: 'the setting python',
  VIRTUAL_ENV: 'the active virtual environment',
  '.venv': 'the virtual environment .venv',
  venv: 'the virtual environment venv',
}

const remake =
  'Make the environment anew with Python 3.9 or newer, or name another interpreter with --python.'
const cures: Readonly<Record<string, string>> = {
  python: 'Give a path, a name on PATH or the folder of a virtual environment, of Python 3.9 or newer.',
  VIRTUAL_ENV: remake,
  '.venv': remake,
  venv: remake,
}

const notThere = (python: string, tried: readonly string[]): ServerError =>
  new ServerError(
    'TSG_PYTHON',
    `There is no Python interpreter '${python}' (the setting python). Tried: ${tried.join(', ')}.`,
  )

const noneFound = (tried: readonly string[]): ServerError =>
  new ServerError(
    'TSG_PYTHON',
    `There is no Python interpreter. Tried: ${tried.join(', ')}. Install Python 3.9 or newer, or name one with --python.`,
  )

const noneUsable = (faults: readonly string[]): ServerError =>
  new ServerError(
    'TSG_PYTHON',
    'No Python interpreter on PATH can be used: version 3.9 or newer is needed. Name one with --python.',
    { detail: faults.join('\n') },
  )

const indented = (text: string): string => text.replaceAll(/^/gmu, '  ')
