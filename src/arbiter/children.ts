/**
 * The worker processes: spawned with the sockets, told things, ended. What they say and their end become events.
 * A child that is not known any more (its worker was forgotten while it was being spawned) is ended at once.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { onWorkerMessage } from '../ipc/channel.ts'
import { importsIn } from '../ipc/lines.ts'
import type { BootMessage, InheritedListener } from '../ipc/messages.ts'
import { pythonPackage } from '../python/package.ts'
import { type Address, formatAddress } from '../sockets/address.ts'
import type { Listener } from '../sockets/listener.ts'
import { paddedArgv0 } from '../system/title.ts'
import { isIPv6 } from '../util/ipv6.ts'
import { type Child, type ChildEvents, NodeChild, PythonChild } from './child.ts'
import { Talk } from './talk.ts'

const workerProgram = fileURLToPath(new URL('../worker/main.js', import.meta.url))

/**
 * The debugger opens on SIGUSR1 alone, on a free loopback port, and only to take the stack of a blocked worker
 * (system/stack.ts); it prints nothing.
 */
const STACK_FLAGS = ['--inspect-port=127.0.0.1:0', '--inspect-publish-uid=http']

export interface SpawnOptions {
  readonly boot: Omit<BootMessage, 'type' | 'listeners' | 'board' | 'place'>
  readonly listeners: readonly Listener[]
  readonly boardFd: number
  readonly nodeOptions: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly output: ProcessOptions['output']
  /** A process that is there already, and is told what others inherit. */
  readonly early?: ChildProcess | undefined
}

/** Descriptors in a worker: 0 to 2 as usual, 3 the channel, 4 the board, then the listeners. */
const CHANNEL_FD = 3
const BOARD_FD = 4
const FIRST_LISTENER_FD = 5

export interface ProcessOptions {
  readonly nodeOptions: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Descriptors or 'ignore' for the worker's stdout and stderr. */
  readonly output: number | 'ignore' | 'inherit'
  /** What it inherits besides, from descriptor 4 on. */
  readonly descriptors: readonly number[]
}

/** A process of the worker program, which waits to be told what it is for. */
export function startProcess({ nodeOptions, cwd, env, output, descriptors }: ProcessOptions): ChildProcess {
  return spawn(process.execPath, [...STACK_FLAGS, ...nodeOptions, workerProgram], {
    argv0: paddedArgv0('tsgunicorn'),
    cwd,
    env,
    stdio: ['ignore', output, output, 'ipc', ...descriptors],
  })
}

/** Makes a worker; its boot message follows when it says hello. Throws the system's error when there is no process. */
export function spawnWorker(options: SpawnOptions, events: ChildEvents): Child {
  const { listeners, boardFd, early } = options
  const descriptors = [boardFd, ...listeners.map(({ fd }) => fd)]
  const process = early ?? startProcess({ ...options, descriptors })
  const boot = bootMessage(options)
  const child = attend(process, boot, events)
  if (early) {
    // It has said its hello. Messages keep their order, also those that wait for a handle to be taken.
    for (const [index, { handle }] of listeners.entries()) child.tell({ type: 'listener', index }, handle)
    child.tell(boot)
  }
  return child
}

export interface PythonOptions extends Omit<SpawnOptions, 'listeners' | 'nodeOptions' | 'early'> {
  /** The interpreter. */
  readonly python: string
  readonly program: 'worker' | 'mold'
}

/** Makes a Python worker, or a mold, which speaks over a channel of lines (front/README.md). */
export function spawnPython(options: PythonOptions, events: ChildEvents): Child {
  const { python, program, boardFd, boot, cwd, env, output } = options
  // argv[0] stays what it is: by it Python finds its virtual environment.
  const child = spawn(python, [pythonPackage, program], {
    cwd,
    env: { ...env, NODE_CHANNEL_FD: String(CHANNEL_FD) },
    // Not Node's own channel: there, a line that is no JSON is thrown in the master.
    stdio: ['ignore', output, output, 'pipe', boardFd],
  })
  return attendPython(child, { type: 'boot', ...boot, listeners: [], board: BOARD_FD }, events)
}

function attendPython(process: ChildProcess, boot: BootMessage, events: ChildEvents): Child {
  const socket = process.stdio[CHANNEL_FD]
  if (!(socket instanceof Socket)) throw new TypeError('a Python process has no channel')
  const talk = new Talk(socket, {
    ...events,
    said: (message) => {
      if (message.type === 'hello') talk.tell(boot)
      else events.said(message)
    },
  })
  // What it said last is heard before its end. A child that it left behind may keep the channel open.
  process.once('exit', (code, signal) => talk.afterLastWord(() => events.ended(code, signal)))
  // Without a process there is no exit.
  process.once('error', () => {
    if (process.pid === undefined) events.ended(null, null)
  })
  return new PythonChild(process, talk)
}

/** Answers a process's hello, and tells of what it says and of its end, once. */
function attend(process: ChildProcess, boot: BootMessage, events: ChildEvents): NodeChild {
  const child = new NodeChild(process)
  let told = false
  const ended = (code: number | null, signal: string | null) => {
    if (told) return
    told = true
    events.ended(code, signal)
  }
  // 'exit' comes before what the worker said last; 'close' waits for the channel, so that no word is lost.
  process.once('close', ended)
  process.once('error', () => ended(null, null))
  process.on('message', (message) => {
    const imports = importsIn(message)
    if (imports) events.imported(imports)
  })
  onWorkerMessage(process, (message) => {
    if (message.type === 'hello') child.tell(boot)
    else events.said(message)
  })
  return child
}

function bootMessage({ boot, listeners, boardFd, cwd, env, early }: SpawnOptions): BootMessage {
  return {
    type: 'boot',
    ...boot,
    listeners: listeners.map(({ address }, index) => ({
      fd: early ? 'sent' : FIRST_LISTENER_FD + index,
      name: formatAddress(address, boot.tls ? 'https' : 'http'),
      address: socketAddress(address),
    })),
    board: early ? `/proc/${process.pid}/fd/${boardFd}` : BOARD_FD,
    ...(early ? { place: { cwd, env: onlyText(env) } } : {}),
  }
}

const onlyText = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined))

const socketAddress = (address: Address): InheritedListener['address'] => {
  if (address.kind === 'unix') return address.path
  if (address.kind === 'fd') return `fd://${address.fd}`
  return { address: address.host, port: address.port, family: isIPv6(address.host) ? 'IPv6' : 'IPv4' }
}
