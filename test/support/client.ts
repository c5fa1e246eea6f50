/** Runs the built tsgunicornc as users do: a process with arguments, a folder and pipes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { repository } from './machine.ts'

export const builtClient = join(repository, 'dist/cli/tsgunicornc.js')

export interface ClientOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface ClientResult {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunningClient {
  readonly child: ChildProcess
  /** What it has printed so far. */
  readonly out: () => string
  readonly ended: Promise<ClientResult>
}

/** Variables of the caller that would change what the client finds and prints. */
const foreign = /^(NO_COLOR|FORCE_COLOR|CI|XDG_RUNTIME_DIR|TMPDIR|VITEST|NODE_OPTIONS)/

export const clientEnvironment = (env: ClientOptions['env'] = {}): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))),
  ...env,
})

export const startClient = (args: readonly string[], { cwd, env }: ClientOptions = {}): RunningClient => {
  const child = spawn(process.execPath, [builtClient, ...args], {
    env: clientEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text
  })
  const ended = new Promise<ClientResult>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...said }))
  })
  return { child, out: () => said.out, ended }
}

/** Runs it to its end. */
export const client = (args: readonly string[], options: ClientOptions = {}): Promise<ClientResult> =>
  startClient(args, options).ended
