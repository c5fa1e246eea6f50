/**
 * The Python process beside the master that reads gunicorn.conf.py and runs its hooks of the master: one that is
 * spoken to by lines (front/README.md, "The side process"). It knows no setting and judges no value.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { hasCode, messageOf } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'
import { pythonPackage } from './package.ts'

export interface SideOptions {
  /** The interpreter, absolute. */
  readonly python: string
  /** The working directory of the process, absolute. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What a hook logs by `server.log` or `worker.log`. */
  readonly log: (level: string, message: string) => void
}

/** What Python could not do, in its own words. Whoever logs it shows its stack, which is Python's, and nothing twice. */
export class PythonFault extends Error {
  readonly #traceback: string | undefined
  readonly #line: number | undefined

  constructor(message: string, { traceback, line }: { traceback?: unknown; line?: unknown } = {}) {
    super(message)
    this.#traceback = typeof traceback === 'string' ? traceback : undefined
    this.#line = typeof line === 'number' ? line : undefined
    // Where it happened is Python's to say; that we asked is nobody's concern.
    if (this.#traceback !== undefined) this.stack = this.#traceback
  }

  get traceback(): string | undefined {
    return this.#traceback
  }

  /** From 1, in the configuration file. */
  get line(): number | undefined {
    return this.#line
  }
}

interface Pending {
  readonly resolve: (answer: unknown) => void
  readonly reject: (fault: PythonFault) => void
  readonly timer: NodeJS.Timeout | undefined
}

/** A running process. It ends at `close`, at its end of input (this process's death), or by itself. */
export class Side {
  readonly #child: ChildProcess
  readonly #options: SideOptions
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #end: string | undefined
  /** When the process is gone, and all it printed is through; or could not be started. */
  readonly gone: Promise<void>

  constructor(options: SideOptions) {
    this.#options = options
    const { python, directory: cwd, env } = options
    // What the configuration prints goes by way of us to wherever our standard error is by then: a daemon lets go of
    // the one it was started with, and who reads its other end waits until all have let go.
    const child = spawn(python, [pythonPackage, 'conf'], {
      cwd,
      env: { ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stderr?.on('data', print)
    this.#child = child
    this.gone = new Promise((resolve) => child.once('close', resolve).once('error', () => resolve()))
    child.on('error', (error) => this.#over(`it cannot be started: ${messageOf(error)}`))
    child.on('close', (code, signal) => this.#over(`it ended by itself (${signal ?? `status ${code}`})`))
    // The end of the process tells more than the broken pipe before it.
    child.stdin?.on('error', () => undefined)
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => this.#heard(line))
    this.#hold(false)
  }

  /** Whether it can still be asked. */
  get alive(): boolean {
    return this.#end === undefined
  }

  /**
   * What Python answers. Rejects with a PythonFault: what it threw, that the process ended, or that there was no
   * answer within `limitMs` (0: no limit), which ends the process.
   */
  ask(request: Readonly<Record<string, unknown>>, limitMs: number): Promise<unknown> {
    if (this.#end !== undefined) return Promise.reject(new PythonFault(this.#end))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer =
        limitMs > 0
          ? setTimeout(() => this.#fail(`it did not answer within ${limitMs / 1000} s`), limitMs)
          : undefined
      this.#pending.set(id, { resolve, reject, timer })
      this.#hold(true)
      this.#child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`)
    })
  }

  /** Ends the process; what is pending is rejected. */
  close(): void {
    const busy = this.#pending.size > 0
    this.#over('it was told to end')
    // In the middle of a hook, which may never end, it would not notice; else it has its exit handlers to run.
    if (busy) this.#child.kill('SIGKILL')
    else this.#child.stdin?.end()
  }

  #fail(why: string): void {
    this.#over(why)
    this.#child.kill('SIGKILL')
  }

  #over(why: string): void {
    this.#end ??= why
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const { reject, timer } of pending) {
      clearTimeout(timer)
      reject(new PythonFault(why))
    }
    this.#hold(false)
  }

  #heard(line: string): void {
    const message = parsed(line)
    if (message === undefined) this.#fail('it said what is no JSON')
    const { log, id, ok, error } = message ?? {}
    if (isRecord(log)) this.#options.log(String(log['level']), String(log['message']))
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined
    if (pending === undefined || typeof id !== 'number') return
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    this.#hold(this.#pending.size > 0)
    if (isRecord(error)) pending.reject(new PythonFault(String(error['message']), error))
    else pending.resolve(ok)
  }

  /** An idle process keeps nobody alive. */
  #hold(busy: boolean): void {
    for (const one of [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      if (one === this.#child || one instanceof Socket) busy ? one.ref() : one.unref()
    }
  }
}

/** Not by `process.stderr`: of a terminal it is another descriptor, which a daemon could not let go of. */
const print = (printed: Buffer): void => {
  try {
    writeSync(2, printed)
  } catch (error) {
    // Nobody reads there, or not now: what a configuration prints is not worth waiting for.
    if (!hasCode(error, 'EPIPE', 'EAGAIN', 'EIO')) throw error
  }
}

const parsed = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const message: unknown = JSON.parse(line)
    return isRecord(message) ? message : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
