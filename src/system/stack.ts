/**
 * Where a worker is, from outside: its JavaScript stack, also when its event loop is blocked for good.
 *
 * SIGUSR1 makes Node's signal thread open the inspector; the inspector interrupts even `while (true)` and endless
 * regular expressions. It costs a worker nothing until it is used. The worker must be a Node process that has no
 * listener for SIGUSR1 and was started with `--inspect-port=127.0.0.1:0 --inspect-publish-uid=http` (the second
 * keeps Node from printing about it). Linux only: the port is found in /proc. Knows nothing of workers' requests:
 * the caller gives an expression.
 */
import { hasCode, messageOf } from '../errors.ts'
import { type Conversation, findInspector, openInspector, property } from './inspector.ts'

export interface StackFrame {
  /** '' for an anonymous function. */
  readonly name: string
  /** As `file:///app/server.js`, `node:internal/timers`. */
  readonly url: string
  /** From 1. */
  readonly line: number
  readonly column: number
}

/** `threw`: what it threw, or why there is no value. */
export type Evaluated = { readonly value: unknown } | { readonly threw: string }

export type BlockedStack =
  /** Innermost first; no frames when no JavaScript is running (the worker waits for events). */
  | { readonly kind: 'stack'; readonly frames: readonly StackFrame[]; readonly evaluated?: Evaluated }
  /** In native code: a synchronous call of crypto, child_process, an add-on. Nothing can interrupt it. */
  | { readonly kind: 'native' }
  | { readonly kind: 'unavailable'; readonly why: string }

export interface StackOptions {
  /** Milliseconds for everything. */
  readonly deadline?: number
  /**
   * JavaScript to evaluate in the paused worker's global scope, synchronously; its value must be JSON. It may call a
   * function, as `globalThis[Symbol.for('tsgunicorn.report')]()`.
   */
  readonly evaluate?: string
  /** Milliseconds for the expression, which is ended then; bounded by the deadline. */
  readonly evaluateTimeout?: number
  /**
   * Awaited while the worker is paused, before `evaluate`: what is evaluated by `ask` meanwhile finds it as it is. Not
   * called for a worker that waits for events, which goes on. It must not reject.
   */
  readonly whilePaused?: (ask: Ask) => Promise<void>
}

/** Evaluates an expression in the worker, as `evaluate` does. Never rejects. */
export type Ask = (expression: string) => Promise<Evaluated>

/** Script id -> URL. */
type Scripts = ReadonlyMap<string, string>

/** A frame's own `url` is empty where the script was compiled before the debugger came. */
const frameOf = (frame: unknown, scripts: Scripts): StackFrame => {
  const location = property(frame, 'location')
  const script = scripts.get(String(property(location, 'scriptId')))
  return {
    name: String(property(frame, 'functionName') ?? ''),
    url: script ?? String(property(frame, 'url') ?? ''),
    line: Number(property(location, 'lineNumber')) + 1,
    column: Number(property(location, 'columnNumber') ?? 0) + 1,
  }
}

const evaluatedOf = (answer: unknown): Evaluated => {
  const exception = property(answer, 'exceptionDetails')
  if (exception === undefined) return { value: property(property(answer, 'result'), 'value') }
  const words = property(property(exception, 'exception'), 'description') ?? property(exception, 'text')
  return { threw: String(words) }
}

interface Question {
  readonly expression: string
  readonly timeout: number
}

interface Plan extends Pick<StackOptions, 'evaluate' | 'whilePaused'> {
  readonly pauseMs: number
  readonly evaluateTimeout: number
}

/** `callFrameId`: the frame to pretend to be in; without one the worker is not paused. */
const ask = async (
  talk: Conversation,
  { expression, timeout }: Question,
  callFrameId: unknown,
): Promise<Evaluated> => {
  const common = { expression, timeout, silent: true, returnByValue: true }
  try {
    return evaluatedOf(
      callFrameId === undefined
        ? await talk.call('Runtime.evaluate', common)
        : await talk.call('Debugger.evaluateOnCallFrame', { ...common, callFrameId }),
    )
  } catch (thrown) {
    return { threw: messageOf(thrown) }
  }
}

const within = <T>(promise: Promise<T>, ms: number): Promise<T | undefined> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/**
 * A blocked loop pauses within milliseconds. A worker that waits for events has nothing to pause in: the pause is
 * taken back, and the expression is evaluated all the same.
 */
const pause = async (talk: Conversation, ms: number): Promise<readonly unknown[]> => {
  const paused = talk.next('Debugger.paused')
  await talk.call('Debugger.pause')
  const event = await within(paused, ms)
  if (event === undefined) {
    paused.catch(() => undefined)
    await talk.call('Debugger.disable')
    return []
  }
  const frames = property(event, 'callFrames')
  return Array.isArray(frames) ? frames : []
}

const capture = async (
  talk: Conversation,
  { pauseMs, evaluateTimeout: timeout, evaluate, whilePaused }: Plan,
): Promise<BlockedStack> => {
  const scripts = new Map<string, string>()
  talk.on('Debugger.scriptParsed', (script) =>
    scripts.set(String(property(script, 'scriptId')), String(property(script, 'url'))),
  )
  await talk.call('Debugger.enable')
  const frames = await pause(talk, pauseMs)
  const inFrame: Ask = (expression) => ask(talk, { expression, timeout }, property(frames[0], 'callFrameId'))
  if (frames.length > 0) await whilePaused?.(inFrame)
  const evaluated = evaluate === undefined ? undefined : await inFrame(evaluate)
  return {
    kind: 'stack',
    frames: frames.map((frame) => frameOf(frame, scripts)),
    ...(evaluated === undefined ? {} : { evaluated }),
  }
}

/** How long the last answers may take, and how long a worker that is not blocked has to close its inspector. */
const leaveMs = 200

/**
 * A worker that is to live goes on, with its inspector's port closed. One that is blocked never gets there: nobody
 * waits for it. Nothing is closed from this side before the last answer is here: Node's inspector thread crashes the
 * process (SIGSEGV in TcpHolder::WriteRaw, Node 20.20) when it has to write to a connection that is just closing.
 */
export const leave = async (
  talk: Pick<Conversation, 'call' | 'close' | 'release' | 'closed'>,
  isBlocked: boolean,
): Promise<void> => {
  const last = Promise.all([
    talk.call('Debugger.disable'),
    talk.call('Runtime.evaluate', { expression: 'setImmediate(() => process._debugEnd())', silent: true }),
  ])
  const isAnswered = await within(
    last.then(
      () => true,
      () => false,
    ),
    leaveMs,
  )
  if (isAnswered !== true) {
    talk.release()
    return
  }
  if (!isBlocked) await within(talk.closed, leaveMs)
  talk.close()
}

const inspect = async (pid: number, plan: Plan, signal: AbortSignal): Promise<BlockedStack> => {
  const talk = await openInspector(await findInspector(pid, signal), signal)
  let isBlocked = true
  try {
    const stack = await capture(talk, plan)
    isBlocked = stack.kind !== 'stack' || stack.frames.length > 0
    return stack
  } finally {
    await leave(talk, isBlocked)
  }
}

/** An inspector that was just being closed, by us before, is opened once more. */
const tries = 3

/**
 * The stack of process `pid`. Never rejects and never takes longer than the deadline (default 1 s; 0.1 s are usual).
 * A process that does not know SIGUSR1 is killed by it: for ready Node workers only.
 */
export const stackOf = async (pid: number, options: StackOptions = {}): Promise<BlockedStack> => {
  const { deadline = 1000, evaluateTimeout = deadline / 3 } = options
  const plan = { ...options, evaluateTimeout, pauseMs: deadline / 3 }
  if (process.platform !== 'linux') return { kind: 'unavailable', why: `no /proc on ${process.platform}` }
  const signal = AbortSignal.timeout(deadline)
  let why = ''
  for (let attempt = 0; attempt < tries; attempt++) {
    try {
      return await inspect(pid, plan, signal)
    } catch (thrown) {
      // The port did not open, or nobody answers there: the thread that would is deep in native code.
      if (signal.aborted) return { kind: 'native' }
      why = messageOf(thrown)
      if (hasCode(thrown, 'ESRCH', 'EPERM')) break
    }
  }
  return { kind: 'unavailable', why }
}

/** As Node prints stacks: one `    at name (url:line:column)` per frame. */
export const formatStack = (frames: readonly StackFrame[]): string =>
  frames
    .map(({ name, url, line, column }) => `    at ${name || '<anonymous>'} (${url}:${line}:${column})`)
    .join('\n')
