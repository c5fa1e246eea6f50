/** What a recipe has to know of the project at hand: from its configuration, and from the files in its folder. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { languageOf } from '../app/language.ts'
import { findJavaScript } from '../app/resolve.ts'
import { moduleOf } from '../app/spec.ts'
import type { Config } from '../config/config.ts'
import { speaksTls } from '../config/derived.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Environment } from '../config/sources.ts'
import { messageOf, ServerError } from '../errors.ts'
import type { Facts, Project } from '../recipes/facts.ts'
import { type Address, parseAddress } from '../sockets/address.ts'
import { groupName, resolveUser } from '../system/privileges.ts'
import { isRecord } from '../util/is-record.ts'
import { splitPair } from '../util/split-pair.ts'
import type { CommandLine } from './arguments.ts'

interface Gathering {
  readonly loaded: LoadedConfig
  readonly line: CommandLine
  readonly directory: string
  readonly env: Environment
}

/** Rejects with TSG_USAGE when the application is not there, and TSG_APP_NOT_FOUND when two answer to its name. */
export async function gatherFacts(gathering: Gathering): Promise<Facts> {
  const { loaded, line, directory, env } = gathering
  const { config } = loaded
  const manifest = readManifest(join(directory, 'package.json'))
  const at = (path: string | undefined) => (path === undefined ? undefined : resolve(config.chdir, path))
  const address = (text: string): Address => {
    const read = parseAddress(text)
    return read.kind === 'unix' ? { kind: 'unix', path: resolve(config.chdir, read.path) } : read
  }
  const language = await languageHere(gathering)
  const name = labelOf(projectName(manifest, directory))
  return {
    name,
    directory,
    language,
    program: [...programHere(directory), ...(language === 'python' ? environmentFlag(config, env) : [])],
    arguments: line.recipe?.arguments ?? [],
    given: Object.keys(line.values),
    bind: config.bind.map(address),
    adminBind: config.admin_bind === undefined ? undefined : address(config.admin_bind),
    agentBind: config.agent_check_bind === undefined ? undefined : address(config.agent_check_bind),
    tls: speaksTls(config),
    proxyProtocol: config.proxy_protocol,
    pidfile: at(config.pidfile),
    controlSocket: at(config.control_socket),
    logs: [config.errorlog, config.accesslog]
      .filter((file) => file !== undefined && file !== '-')
      .map((file) => resolve(config.chdir, file ?? '')),
    ...(await masterOf(config, directory, name)),
    daemon: config.daemon,
    python: config.python,
    workers: config.workers,
    timeout: config.timeout,
    bootTimeout: config.boot_timeout,
    gracefulTimeout: config.graceful_timeout,
    lameDuck: config.lame_duck,
    keepalive: config.keepalive,
    limitRequestBody: Number(config.limit_request_body),
    listen: line.recipe?.listen,
    project: projectHere(directory, manifest),
  }
}

async function languageHere({ loaded, env }: Gathering): Promise<Facts['language']> {
  const { wsgi_app: spec = '', app_type: type, chdir: cwd, pythonpath: pythonPath, python } = loaded.config
  const variables = { ...env, ...Object.fromEntries(loaded.config.raw_env.map(splitPair)) }
  const interpreter = async () => {
    const { findInterpreter } = await import('../python/interpreter.ts')
    return findInterpreter({ python, directory: cwd, env: variables })
  }
  const language = await languageOf({ spec, cwd, type, pythonPath, env: variables, interpreter })
  if (language === 'python') return 'python'
  const module = moduleOf(spec)
  if ((await findJavaScript(module, cwd)) !== undefined) return 'node'
  throw new ServerError(
    'TSG_USAGE',
    `init: there is no application '${spec}' in ${cwd}. Name one that is, as 'tsgunicorn init systemd ./server.js'.`,
  )
}

/**
 * The project's own program, for that is what is deployed with it; else the one that runs, unless npx has it in its
 * cache. Services have a short PATH: Node is named where that would not find it.
 */
function programHere(directory: string): readonly string[] {
  const own = join(directory, 'node_modules/.bin/tsgunicorn')
  const running = process.argv[1] ?? own
  const program = existsSync(own) || running.includes('/_npx/') ? own : running
  const alone = usual.includes(dirname(process.execPath)) && (!existsSync(program) || isExecutable(program))
  return alone ? [program] : [process.execPath, program]
}

/** Where programs are found without a shell's profile. */
const usual: readonly string[] = ['/usr/local/bin', '/usr/bin', '/bin']

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}

/** The virtual environment of this shell, which a service does not have. */
function environmentFlag({ python, chdir }: Config, env: Environment): readonly string[] {
  const active = env['VIRTUAL_ENV']
  if (python !== undefined || !active) return []
  const found = ['.venv', 'venv'].map((name) => join(chdir, name)).find((folder) => existsSync(folder))
  return found === resolve(chdir, active) ? [] : ['--python', resolve(chdir, active)]
}

/** Root when workers become somebody else; else who owns the project; a user of the project's name for root's. */
async function masterOf(
  { user, group }: Config,
  directory: string,
  name: string,
): Promise<Pick<Facts, 'user' | 'group' | 'dropsPrivileges'>> {
  if (user !== undefined || group !== undefined) return { user: 'root', group: 'root', dropsPrivileges: true }
  const { uid, gid } = statSync(directory)
  if (uid === 0) return { user: name, group: name, dropsPrivileges: false }
  const owner = (await resolveUser(uid)).name ?? String(uid)
  return { user: owner, group: await groupName(gid), dropsPrivileges: false }
}

const projectHere = (directory: string, manifest: Manifest): Project => {
  const has = (file: string) => existsSync(join(directory, file))
  return {
    locked: has('package-lock.json'),
    builds: manifest.scripts['build'] !== undefined,
    dependsOnServer: manifest.dependencies['tsgunicorn'] !== undefined,
    requirements: has('requirements.txt')
      ? 'requirements.txt'
      : has('pyproject.toml')
        ? 'pyproject.toml'
        : undefined,
    django: has('manage.py'),
  }
}

interface Manifest {
  readonly name: string | undefined
  readonly scripts: Readonly<Record<string, unknown>>
  readonly dependencies: Readonly<Record<string, unknown>>
}

function readManifest(file: string): Manifest {
  if (!existsSync(file)) return { name: undefined, scripts: {}, dependencies: {} }
  const text = parsed(file)
  const part = (name: string) => (isRecord(text) && isRecord(text[name]) ? text[name] : {})
  const name = isRecord(text) && typeof text['name'] === 'string' ? text['name'] : undefined
  return { name, scripts: part('scripts'), dependencies: part('dependencies') }
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new ServerError('TSG_USAGE', `init: ${file} cannot be read: ${messageOf(cause)}.`, { cause })
  }
}

/** package.json's, else pyproject.toml's, else the folder's. */
const projectName = ({ name }: Manifest, directory: string): string => {
  const file = join(directory, 'pyproject.toml')
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const [, project = ''] = /^\[project\]([^[]*)/m.exec(text) ?? []
  return name ?? /^name\s*=\s*["']([^"']+)["']/m.exec(project)?.[1] ?? basename(directory)
}

/** `@shop/Web_App` -> `web-app`: what DNS, systemd and nginx all take. */
const labelOf = (name: string): string => {
  const label = name
    .replace(/^@[^/]*\//, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '')
  return /^[a-z]/.test(label) ? label : `app${label === '' ? '' : `-${label}`}`
}
