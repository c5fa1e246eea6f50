/**
 * `-D`: to start, to be told whether it went well, and to be left alone.
 *
 *   shell ──> launcher (tsgunicorn -D) ──spawn, setsid──> daemon (the same program, TSGUNICORN_DAEMON=3)
 *                │  waits on the pipe                        │  its 1 and 2 are still the terminal's: what goes
 *                │                                           │  wrong while it starts is seen without our help
 *                │ <── {"pid":N}            fd 3 ────────────┤  ready: 0, 1, 2 to /dev/null or a file, then the line
 *                │ <── {"exit":N,"message"} fd 3 ────────────┤  failed: then it ends
 *                └──> exits 0, N, or as the daemon died      └──> workers
 *
 * One spawn is enough: `detached` calls setsid(2), the launcher's end makes the daemon init's child, and Node opens
 * terminals with O_NOCTTY, so it does not get a controlling one. Knows nothing of what the daemon does.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { isatty } from 'node:tty'
import { hasCode, messageOf, ServerError } from '../errors.ts'

/** In the daemon's environment: the descriptor of the pipe. Its children must not get it. */
export const daemonVariable = 'TSGUNICORN_DAEMON'

const pipeFd = 3

export type Verdict =
  | { readonly pid: number }
  /** `message` was not printed by the daemon. */
  | { readonly exit: number; readonly message?: string }

/** The first line of the pipe; undefined when it is no verdict. Pure. */
export const parseVerdict = (line: string): Verdict | undefined => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if ('pid' in value && typeof value.pid === 'number') return { pid: value.pid }
  if (!('exit' in value) || typeof value.exit !== 'number') return undefined
  const message = 'message' in value && typeof value.message === 'string' ? { message: value.message } : {}
  return { exit: value.exit, ...message }
}

/** The status a shell would give: 128 and the signal's number, and never 0 for a daemon that died. */
const statusOf = (code: number | null, signal: NodeJS.Signals | null): number =>
  signal === null ? code || 1 : 128 + constants.signals[signal]

const verdictOf = (child: ChildProcess, pipe: NodeJS.ReadableStream): Promise<Verdict> =>
  new Promise((resolve, reject) => {
    let text = ''
    let died: number | undefined
    const judge = (): void => {
      const verdict = parseVerdict(text.split('\n', 1)[0] ?? '')
      if (verdict !== undefined) resolve(verdict)
      else if (died !== undefined) resolve({ exit: died })
    }
    pipe.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) judge()
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      died = statusOf(code, signal)
      // What it wrote before it died may still be in the pipe; the pipe may also be held by a child of it.
      setTimeout(judge, 50)
    })
    pipe.once('end', judge)
  })

export interface LaunchOptions {
  /** The program again: Node and its arguments. */
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Ctrl-C at the launcher's terminal does not reach the daemon (setsid): abort ends it with TERM. */
  readonly signal?: AbortSignal
}

/**
 * The launcher's side: starts the daemon and resolves with its verdict, `{ pid }` once it is ready. A daemon that
 * dies before is `{ exit }` with its status, at least 1. The caller prints and exits.
 * Rejects with ServerError TSG_PLATFORM when it cannot be spawned.
 */
export const launch = async (options: LaunchOptions): Promise<Verdict> => {
  const { command, args, env, cwd, signal } = options
  const child = spawn(command, [...args], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: { ...env, [daemonVariable]: String(pipeFd) },
    ...(cwd === undefined ? {} : { cwd }),
  })
  const stop = (): void => void child.kill('SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  const pipe = child.stdio[pipeFd] as NodeJS.ReadableStream & { destroy(): void }
  try {
    return await verdictOf(child, pipe)
  } catch (cause) {
    throw new ServerError('TSG_PLATFORM', `daemon: cannot start ${command}: ${messageOf(cause)}`, { cause })
  } finally {
    signal?.removeEventListener('abort', stop)
    pipe.destroy()
    child.unref()
  }
}

const tell = (verdict: Verdict): void => {
  try {
    writeSync(pipeFd, `${JSON.stringify(verdict)}\n`)
    closeSync(pipeFd)
  } catch (thrown) {
    // The launcher was killed: nobody wants to know.
    if (!hasCode(thrown, 'EPIPE', 'EBADF')) throw thrown
  }
}

/** The daemon's side, once: it serves. After `detachStandardStreams`, or the shell's prompt waits for the terminal. */
export const announceReady = (pid = process.pid): void => tell({ pid })

/** The daemon's side, once: it ends with this status. `message`: what the launcher is to print. */
export const announceFailure = (exit: number, message?: string): void =>
  tell({ exit, ...(message === undefined ? {} : { message }) })

export interface StreamOptions {
  /** Where 1 and 2 go, appending; without it they go nowhere. */
  readonly output?: string
  /** -R: 1 and 2 stay what they are, unless that is a terminal, which ends before the daemon does. */
  readonly keepOutput: boolean
}

/**
 * dup2(2), which Node lacks: open(2) takes the lowest descriptor that is free, and nothing runs between the two calls
 * (all of it is synchronous; do not have files opened by the thread pool meanwhile).
 */
const replace = (fd: number, path: string, flags: string): void => {
  closeSync(fd)
  const got = openSync(path, flags)
  if (got !== fd)
    throw new ServerError('TSG_PLATFORM', `daemon: descriptor ${fd} could not be replaced (${got}).`)
}

/**
 * Points 0 to /dev/null, 1 and 2 as asked. `console` and children with 'inherit' follow; do it before anything has
 * used `process.stdout` of a terminal, which libuv opens a second time for itself.
 * Throws ServerError TSG_LOG_UNWRITABLE, with the streams as they were, when `output` cannot be opened.
 */
export const detachStandardStreams = ({ output, keepOutput }: StreamOptions): void => {
  const target = output ?? '/dev/null'
  try {
    closeSync(openSync(target, 'a'))
  } catch (cause) {
    throw new ServerError('TSG_LOG_UNWRITABLE', `daemon: cannot write ${target}: ${messageOf(cause)}`, {
      cause,
    })
  }
  replace(0, '/dev/null', 'r')
  for (const fd of [1, 2]) if (!keepOutput || isatty(fd)) replace(fd, target, 'a')
}
