/**
 * Starts a server: as this process, or (`daemon`) as a detached one that this process waits for.
 */

import type { EarlyWorker } from '../arbiter/early-worker.ts'
import { startMaster } from '../arbiter/master.ts'
import { prepare } from '../arbiter/prepare.ts'
import type { StartCommand } from '../arbiter/reexec.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { startDirectory } from '../config/sources.ts'
import { messageOf } from '../errors.ts'
import { onParentGone, tellParentReady } from '../ipc/channel.ts'
import { inheritVariables } from '../sockets/inherit.ts'
import {
  announceFailure,
  announceReady,
  daemonVariable,
  detachStandardStreams,
  launch,
} from '../system/daemonize.ts'
import { nodeAsTyped } from '../system/node-path.ts'
import { listenVariables } from '../systemd/listen-fds.ts'
import { splitPair } from '../util/split-pair.ts'
import { type CommandLine, configRequest } from './arguments.ts'
import type { EarlySignals } from './early-signals.ts'
import { exit, explain } from './exit.ts'

/** What was begun before anything was loaded. */
export interface Start {
  readonly signals: EarlySignals
  readonly early: EarlyWorker | undefined
}

/** How this process came to be: by a person, as the daemon a launcher waits for, or by an upgrade. */
type Origin =
  | { readonly kind: 'command' }
  | { readonly kind: 'daemon' }
  | { readonly kind: 'upgrade'; readonly parent: number }

/** Resolves when the server has been started; it then lives by its events. Rejects with what stopped the start. */
export async function run(line: CommandLine, begun: Start): Promise<void> {
  const origin = originOf(process.env)
  const command = startCommand()
  try {
    await start(line, begun, origin, command)
  } catch (error) {
    const status = explain(error)
    if (origin.kind === 'daemon') announceFailure(status)
    exit(status)
  }
}

async function start(
  line: CommandLine,
  { signals, early }: Start,
  origin: Origin,
  command: StartCommand,
): Promise<void> {
  const asked = await configRequest(line, { env: { ...process.env }, directory: command.cwd })
  const request = { ...asked, lodging: {} }
  const reload = async () => prepare(await loadConfig(request), process.env)
  const loaded = await reload()
  const { config } = loaded
  if (config.check_config || config.print_config) {
    const { inspectConfig } = await import('./prove.ts')
    await inspectConfig(loaded, config.print_config)
    exit(0)
  }
  if (config.daemon && origin.kind === 'command') {
    early?.dismiss()
    await daemonize(command)
    return
  }
  // The launcher hears one verdict; after it the descriptor of its pipe may be anything's.
  let verdict: 'due' | 'given' = origin.kind === 'daemon' ? 'due' : 'given'
  const master = await startMaster({
    loaded,
    reload,
    command,
    early,
    environment: () => process.env,
    adopt: adoptEnvironment(),
    parent: origin.kind === 'upgrade' ? origin.parent : undefined,
    ready: () => {
      if (verdict === 'due') {
        verdict = 'given'
        detachStandardStreams({ keepOutput: config.enable_stdio_inheritance })
        announceReady()
      }
      // One that is gone meanwhile needs no telling: 'disconnect' says so.
      if (origin.kind === 'upgrade' && process.connected) void tellParentReady().catch(parentIsGone)
    },
    exit: (code) => {
      if (verdict === 'due') announceFailure(code)
      exit(code)
    },
  })
  forgetOrigin()
  if (origin.kind === 'upgrade') {
    onParentGone(() => master.parentGone())
    if (!process.connected) master.parentGone()
  }
  signals.handTo((signal) => master.signal(signal))
}

/** The old master ended before it could be told: 'disconnect' says so, too. */
const parentIsGone = (error: unknown): void =>
  process.emitWarning(`the old master is gone: ${messageOf(error)}`)

function originOf(env: NodeJS.ProcessEnv): Origin {
  const parent = Number(env['GUNICORN_PID'])
  if (parent > 0 && parent === process.ppid) return { kind: 'upgrade', parent }
  return env[daemonVariable] ? { kind: 'daemon' } : { kind: 'command' }
}

/** What this process was started with, to start another one like it; without what was meant for this one alone. */
function startCommand(): StartCommand {
  const env = { ...process.env }
  for (const name of ours) delete env[name]
  const cwd = startDirectory(process.env)
  return {
    program: nodeAsTyped({ name: process.argv0, cwd, path: env['PATH'], running: process.execPath }),
    nodeArguments: process.execArgv,
    arguments: process.argv.slice(1),
    cwd,
    env,
  }
}

const ours = [...inheritVariables, ...listenVariables, 'GUNICORN_PID', daemonVariable]

/** Read by now; children must not take them for theirs. */
function forgetOrigin(): void {
  for (const name of ours) delete process.env[name]
}

/** Lays `raw_env` over the environment, and takes back what the configuration before had laid. */
function adoptEnvironment(): (config: Config) => void {
  const before = new Map<string, string | undefined>()
  return ({ raw_env: pairs }) => {
    for (const [name, value] of before) restore(name, value)
    before.clear()
    for (const [name, value] of pairs.map(splitPair)) {
      if (!before.has(name)) before.set(name, process.env[name])
      process.env[name] = value
    }
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}

/** The launcher: its terminal gets the daemon's words, its exit status is the daemon's verdict. */
async function daemonize({ program, nodeArguments, arguments: args, cwd }: StartCommand): Promise<never> {
  const verdict = await launch({ command: program, args: [...nodeArguments, ...args], env: process.env, cwd })
  if ('pid' in verdict) return exit(0)
  if (verdict.message) process.stderr.write(`${verdict.message}\n`)
  return exit(verdict.exit)
}
