/**
 * A worker's signals. They are heard by us alone, whatever the application listens to: its own listeners for TERM
 * are called when its requests are done, not when the signal comes. Node gives signals out through `process.emit`,
 * so that is the one door; listeners stay where the application put them.
 *
 * SIGUSR1 has no listener on purpose: it opens the debugger for the master when this worker is blocked. Logs are
 * reopened by a message. SIGHUP and SIGUSR2 are the master's business; sent to a worker they do nothing.
 */

export const workerSignals = {
  SIGTERM: 'drain',
  SIGINT: 'quit',
  SIGQUIT: 'quit',
  SIGABRT: 'abort',
  SIGHUP: 'ignore',
  SIGUSR2: 'ignore',
  SIGTTIN: 'ignore',
  SIGTTOU: 'ignore',
} as const

export type WorkerSignal = keyof typeof workerSignals
export type WorkerCommand = (typeof workerSignals)[WorkerSignal]

const isOurs = (name: unknown): name is WorkerSignal =>
  typeof name === 'string' && Object.hasOwn(workerSignals, name)

type Emit = (name: string | symbol, ...args: unknown[]) => boolean

const emitToApp = process.emit.bind(process) as Emit
const noListener = (): void => undefined

/** From now on the process hears its signals as commands. Called once, before anything else. */
export function takeSignals(heard: (command: WorkerCommand, signal: WorkerSignal) => void): void {
  process.emit = ((name: string | symbol, ...args: unknown[]) => {
    if (!isOurs(name)) return emitToApp(name, ...args)
    heard(workerSignals[name], name)
    return true
  }) as typeof process.emit
  // Without a listener Node does not catch a signal at all.
  for (const signal of Object.keys(workerSignals)) process.on(signal, noListener)
}

/** Blocked for good: from now on ABRT ends the process at once, as it does where nobody listens. */
export const stopCatchingAbort = (): void => void process.removeAllListeners('SIGABRT')

/** Calls the application's own listeners for a signal; false when it has none. */
export function signalApp(signal: WorkerSignal): boolean {
  if (process.listeners(signal).every((listener) => listener === noListener)) return false
  emitToApp(signal, signal)
  return true
}
