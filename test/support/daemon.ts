/**
 * One server under test: started from the built program in a folder of its own, watched through its log, /proc
 * and HTTP, ended and inspected for leftovers. It knows Gunicorn's interface (flags, signals, log messages) and
 * nothing of how the server is made.
 *
 * Every process started from here carries `TSG_TEST=<mark>` in its environment; by it we find daemons, upgraded
 * masters and orphans, and end exactly these.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { hasCode } from '../../src/errors.ts'
import type { Answer } from './answer.ts'
import { helloApp, isPythonApp, python } from './apps.ts'
import { eventually, type Patience } from './eventually.ts'
import { type Cleanliness, findFaults } from './leftovers.ts'
import { builtProgram, freePort, temporaryFolder } from './machine.ts'
import { childrenOf, isAlive, type ProcessFacts, processesMarked, signalEach } from './processes.ts'
import { RawClient, type RequestOptions, request, requestText, type Target } from './raw-client.ts'

export interface StartOptions {
  readonly workers?: number
  /** The application's source (`app.mjs`, or `app.py`) or the argument that names another file of `files`. */
  readonly app?: string
  readonly appArgument?: string
  /** Settings as an object, or the text of gunicorn.conf.ts; none: no configuration file. */
  readonly config?: string | Readonly<Record<string, unknown>>
  /** Further files: relative path -> text. */
  readonly files?: Readonly<Record<string, string>>
  /** Symbolic links in the folder: name -> where it points. */
  readonly links?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Addresses for -b; none: one free port of 127.0.0.1. `[]`: the configuration binds. */
  readonly bind?: readonly string[]
  /** Where requests go, if not to the first address. */
  readonly target?: Target
  /** Requests speak TLS. */
  readonly tls?: Target['tls']
  /** What is run instead of `node dist/cli/tsgunicorn.js`. */
  readonly program?: readonly string[]
  /** Descriptors the server inherits as 3, 4, ... */
  readonly inherit?: readonly number[]
  /** When to return: at once, when it answers, or (the default) when each worker has answered. */
  readonly until?: 'spawned' | 'serving'
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The text of a configuration file that exports plain settings. */
export const configText = (settings: Readonly<Record<string, unknown>>): string =>
  `export default ${JSON.stringify(settings, null, 2)}\n`

export class Daemon {
  readonly folder: string
  readonly mark: string
  readonly port: number
  readonly target: Target
  /** The process that was started (with -D: the one that returns to the terminal). */
  readonly child: ChildProcess
  readonly exit: Promise<Exit>
  #exit: Exit | undefined
  readonly #boardsBefore = boardsInMemory()
  /** Names in the folder that the test itself put there. */
  readonly #own: Set<string>

  constructor(place: Place, child: ChildProcess) {
    this.folder = place.folder
    this.mark = place.mark
    this.port = place.port
    this.target = place.target
    this.#own = place.own
    this.child = child
    this.exit = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    this.exit.then(
      (exit) => {
        this.#exit = exit
      },
      () => undefined,
    )
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the server could not be spawned')
    return this.child.pid
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Writes a file of the test's own into the folder. */
  write(name: string, text: string): void {
    this.#own.add(name.split('/')[0] ?? name)
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), text)
  }

  /** Writes another version of the application. */
  writeApp(source: string): void {
    this.write(fileOf(source), source)
  }

  rewriteConfig(config: string | Readonly<Record<string, unknown>>): void {
    this.write('gunicorn.conf.ts', typeof config === 'string' ? config : configText(config))
  }

  read(name: string): string {
    try {
      return readFileSync(this.path(name), 'utf8')
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return ''
      throw error
    }
  }

  unlink(name: string): void {
    rmSync(this.path(name))
  }

  exists(name: string): boolean {
    return existsSync(this.path(name))
  }

  /** How many descriptors a process has open. */
  descriptors(pid: number): number {
    return readdirSync(`/proc/${pid}/fd`).length
  }

  /** What it wrote to stderr so far, then what is in error.log if a test sent the log there. */
  log(): string {
    return this.read('stderr.log') + this.read('error.log')
  }

  stdout(): string {
    return this.read('stdout.log')
  }

  signal(name: NodeJS.Signals, pid = this.masterPid()): void {
    process.kill(pid, name)
  }

  /** The master's pid: from the pidfile if there is one, else the process that was started. */
  masterPid(pidfile = 'server.pid'): number {
    const text = this.read(pidfile).trim()
    return text === '' ? this.pid : Number(text)
  }

  /** The workers of a master, oldest first; of a Python application they are not its fronts. */
  workers(master = this.masterPid()): ProcessFacts[] {
    const isWorker = this.#own.has('app.py') ? /tsgunicorn_wsgi worker\b/ : /\bworker\b/
    return childrenOf(master).filter(({ command }) => isWorker.test(command))
  }

  workerPids(master = this.masterPid()): number[] {
    return this.workers(master).map(({ pid }) => pid)
  }

  /** All living processes of this test's server, masters, workers, helpers, daemons alike. */
  processes(): ProcessFacts[] {
    return processesMarked(`TSG_TEST=${this.mark}`)
  }

  /** Resolves when `count` workers are there and none of `not` is among them. Gives their pids. */
  async hasWorkers(count: number, options: Patience & { not?: readonly number[]; master?: number } = {}) {
    const { not = [], master, ...patience } = options
    const now = () => this.workerPids(master ?? this.masterPid())
    return await eventually(
      () => {
        const pids = now()
        return pids.length === count && !pids.some((pid) => not.includes(pid)) && pids
      },
      {
        within: 15_000,
        what: () => `${count} workers other than ${not}; there are ${now()}\n${this.log()}`,
        ...patience,
      },
    )
  }

  /**
   * Resolves when every worker that is there has answered a request: none is booting any more. Only for
   * applications with the path `/pid` (apps.ts).
   */
  async allReady(master?: number): Promise<readonly number[]> {
    const answered = new Set<string>()
    return await eventually(
      async () => {
        // A front keeps one Python worker busy as long as it is quick: each has to be occupied.
        const [path, before] = this.#own.has('app.py') ? ['/slow?30', 'hello late '] : ['/pid', '']
        const burst = Array.from({ length: 6 }, () => this.get(path))
        for (const text of await Promise.all(burst)) answered.add(text.slice(before.length))
        const pids = this.workerPids(master ?? this.masterPid())
        return pids.length > 0 && pids.every((pid) => answered.has(String(pid))) && pids
      },
      { within: 20_000, what: () => `an answer of every worker; log:\n${this.log()}` },
    )
  }

  /** Sends HUP and resolves when the new generation serves and the old workers are gone. */
  async reload(count = this.workerPids().length): Promise<readonly number[]> {
    const old = this.workerPids()
    const after = this.logEnd()
    this.signal('SIGHUP')
    await this.logged(/Reloaded: generation \d+ serves/, { after, within: 20_000 })
    return await this.hasWorkers(count, { not: old })
  }

  /** Resolves with the match once the log (from offset `after` on) matches; see `logEnd`. */
  async logged(pattern: RegExp, { after = 0, ...patience }: Patience & { after?: number } = {}) {
    return await eventually(() => pattern.exec(this.log().slice(after)) ?? undefined, {
      within: 15_000,
      what: () => `${pattern} in the log:\n${this.log().slice(after)}`,
      ...patience,
    })
  }

  logEnd(): number {
    return this.log().length
  }

  request(path: string, options: RequestOptions = {}): Promise<Answer> {
    return request(this.target, path, options)
  }

  /** The body of a 200 answer. */
  async get(path = '/', target: Target = this.target): Promise<string> {
    const answer = await request(target, path)
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.body}`)
    return answer.body
  }

  /** Sends a request on a connection of its own and resolves when the application has it in its hands. */
  async hold(path: string): Promise<RawClient> {
    const word = `seen ${path.split('?')[0]}\n`
    const count = () => (this.stdout() + this.log()).split(word).length
    const before = count()
    const client = await RawClient.connect(this.target)
    client.send(requestText(path, { headers: { Connection: 'keep-alive' } }))
    await eventually(() => count() > before, {
      what: () => `the application to see ${path}; log:\n${this.log()}`,
    })
    return client
  }

  async serving(patience: Patience = {}): Promise<void> {
    const fact = async () => {
      if (this.#exit !== undefined && this.#exit.code !== 0) return 'dead'
      return (await this.get('/')) !== undefined && 'serving'
    }
    const state = await eventually(fact, {
      within: 20_000,
      what: () => `an answer; log:\n${this.log()}`,
      ...patience,
    })
    if (state === 'dead') throw new Error(`the server ended (${JSON.stringify(this.#exit)}):\n${this.log()}`)
  }

  /** Resolves when the started process has ended; throws if it has not within the time. */
  async exited({ within = 20_000 }: Patience = {}): Promise<Exit> {
    return await eventually(() => this.#exit, { within, what: () => `the exit; log:\n${this.log()}` })
  }

  /** Resolves when no process of this server is left. */
  async gone({ within = 10_000 }: Patience = {}): Promise<void> {
    await eventually(() => this.processes().length === 0, {
      within,
      what: () => `no process left; there are ${JSON.stringify(this.processes())}\n${this.log()}`,
    })
  }

  /**
   * Ends the server with TERM if it still runs, then throws unless it left nothing behind: no process, no file,
   * no unexpected warning or error in its log. `allows`: patterns of log lines the test provoked.
   */
  async assertClean(clean: Cleanliness = {}): Promise<void> {
    const master = this.masterPid()
    if (isAlive(master)) this.signal('SIGTERM', master)
    const exit = await this.exited({ within: 40_000 })
    await this.gone()
    const own = new Set([...this.#own, ...(clean.keeps ?? []), 'stderr.log', 'stdout.log'])
    // Who is killed cannot remove its control socket; the next start replaces it.
    const left = this.#leftFiles(own).filter((name) => exit.signal !== 'SIGKILL' || !controlFolder.test(name))
    const faults = findFaults({ log: this.log(), exit, left, clean })
    if (faults.length > 0) throw new Error(`not clean:\n${faults.join('\n')}\n--- log:\n${this.log()}`)
  }

  /** Files of the server that are still there: in its folder, in its TMPDIR, in shared memory. */
  #leftFiles(own: ReadonlySet<string>): string[] {
    const inFolder = readdirSync(this.folder).filter((name) => !own.has(name))
    const inTmp = readdirSync(this.path('tmp')).filter((name) => !caches.test(name))
    const inMemory = boardsInMemory().filter((name) => !this.#boardsBefore.includes(name))
    return [...inFolder, ...inTmp.map((name) => `tmp/${name}`), ...inMemory.map((name) => `/dev/shm/${name}`)]
  }

  /** Kills whatever is left and removes the folder. Every test ends with it, also a failed one. */
  async destroy(): Promise<void> {
    signalEach(this.processes(), 'SIGKILL')
    await eventually(() => this.processes().length === 0)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Caches that outlive processes on purpose: tsx's, and Node's compile cache. */
const caches = /^(tsx-\d+|node-compile-cache)$/

const controlFolder = /^tmp\/tsgunicorn-\d+$/

/** Boards that nobody will remove: those of living masters have a name for a moment only, and are another test's. */
const boardsInMemory = (): string[] =>
  existsSync('/dev/shm')
    ? readdirSync('/dev/shm').filter((name) => /gunicorn/i.test(name) && !hasLivingOwner(name))
    : []

const hasLivingOwner = (board: string): boolean => {
  const pid = /-board-(\d+)-/.exec(board)?.[1]
  return pid !== undefined && isAlive(Number(pid))
}

/** Where a server lives, before there is one. */
export interface Place {
  readonly folder: string
  readonly mark: string
  readonly port: number
  readonly target: Target
  readonly own: Set<string>
}

/** Prepares the folder and the command line; `start` runs it. */
const prepare = async (options: StartOptions) => {
  if (options.program === undefined && !existsSync(builtProgram))
    throw new Error(`${builtProgram} is not there: npm run build`)
  const place: Place = {
    folder: temporaryFolder(),
    mark: randomUUID(),
    own: new Set(['tmp']),
    ...(await chooseTarget(options)),
  }
  const app = options.app ?? helloApp
  const files = { [fileOf(app)]: app, ...configFile(options.config), ...options.files }
  for (const [name, text] of Object.entries(files)) {
    place.own.add(name.split('/')[0] ?? name)
    mkdirSync(dirname(join(place.folder, name)), { recursive: true })
    writeFileSync(join(place.folder, name), text)
  }
  for (const [name, to] of Object.entries(options.links ?? {})) {
    place.own.add(name)
    symlinkSync(to, join(place.folder, name))
  }
  mkdirSync(join(place.folder, 'tmp'), { mode: 0o1777 })
  const [command = process.execPath, ...before] = options.program ?? [process.execPath, builtProgram]
  return {
    place,
    command,
    args: [...before, ...commandLine(options, place)],
    env: environment(options, place),
  }
}

/** Where a source lies in the folder. */
const fileOf = (source: string): string => (isPythonApp(source) ? 'app.py' : 'app.mjs')

/** What names the application on the command line. */
const argumentOf = ({ app, appArgument }: StartOptions): string =>
  appArgument ?? (app !== undefined && isPythonApp(app) ? 'app:app' : 'app.mjs')

const chooseTarget = async (options: StartOptions): Promise<{ port: number; target: Target }> => {
  const port = await freePort()
  return { port, target: options.target ?? { port, ...(options.tls ? { tls: options.tls } : {}) } }
}

const configFile = (config: StartOptions['config']): Record<string, string> =>
  config === undefined ? {} : { 'gunicorn.conf.ts': typeof config === 'string' ? config : configText(config) }

const commandLine = (options: StartOptions, { port }: Place): string[] => [
  ...(options.bind ?? [`127.0.0.1:${port}`]).flatMap((address) => [
    '-b',
    address.replace('PORT', String(port)),
  ]),
  ...(options.workers === undefined ? [] : ['-w', String(options.workers)]),
  ...(options.args ?? []),
  // A shim in the path would look for its own files in HOME.
  ...(isPythonApp(options.app ?? '') ? ['--python', python] : []),
  ...(options.appArgument === '' ? [] : [argumentOf(options)]),
]

/** Variables of the caller that would change what the server does. */
const foreign =
  /^(GUNICORN_|TSGUNICORN|LISTEN_|NOTIFY_|PORT$|WEB_CONCURRENCY$|FORWARDED_|NODE_|VITEST|SENDFILE$|TMPDIR$|XDG_RUNTIME_DIR$)/

const environment = (options: StartOptions, { folder, mark }: Place): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))),
  TSG_TEST: mark,
  // Temporary files must be found again, or missed.
  TMPDIR: join(folder, 'tmp'),
  HOME: folder,
  // No __pycache__ in the server's folder.
  PYTHONDONTWRITEBYTECODE: '1',
  ...options.env,
})

/** Starts a server; it is ended with the test, and its log is shown when the test fails. */
export const start = async (options: StartOptions = {}): Promise<Daemon> => {
  const { place, command, args, env } = await prepare(options)
  const output = ['stdout.log', 'stderr.log'].map((name) => openSync(join(place.folder, name), 'a'))
  const child = spawn(command, args, {
    cwd: place.folder,
    env,
    stdio: ['ignore', ...output, ...(options.inherit ?? [])],
  })
  const daemon = new Daemon(place, child)
  // `onTestFailed` would come when the log is gone.
  onTestFinished(({ task }) => {
    if (task.result?.state === 'fail')
      console.error(`--- the end of the server's log:\n${daemon.log().slice(-4000)}`)
    return daemon.destroy()
  })
  if (options.until !== 'spawned') await daemon.serving()
  if (options.until === undefined && isCommonApp(options)) await daemon.allReady()
  return daemon
}

/** Whether what is served is one of apps.ts, which tell their pid. */
const isCommonApp = ({ app, appArgument }: StartOptions): boolean =>
  appArgument === undefined && (app === undefined || app.includes("'/pid'"))

export interface Ended extends Exit {
  readonly stdout: string
  readonly stderr: string
  readonly daemon: Daemon
}

/** Runs a command line that ends by itself (usage, errors, --check-config), and gives what it said. */
export const run = async (options: StartOptions, { within = 20_000 }: Patience = {}): Promise<Ended> => {
  const daemon = await start({ ...options, until: 'spawned' })
  const exit = await daemon.exited({ within })
  return { ...exit, stdout: daemon.stdout(), stderr: daemon.log(), daemon }
}
