/**
 * Hooks that are written in Python, as the functions a configuration has: those of the master ask the side process,
 * those of a worker are marks that stand for what Python workers run themselves.
 */
import type { HookPayload, PythonConfig } from '../python/load-config.ts'
import { isRecord } from '../util/is-record.ts'
import type { Config } from './config.ts'
import { isMasterHook } from './hook-names.ts'
import type { HookLog, HookServer, HookWorker } from './hook-types.ts'

type Facts = Readonly<Record<string, unknown>>

/** Kept apart from the functions: they are frozen with the configuration, and look as any other. */
const marks = new WeakSet<object>()

/** Whether a hook is one of gunicorn.conf.py that only a Python worker can run. */
export const isPythonHook = (hook: unknown): boolean => typeof hook === 'function' && marks.has(hook)

/** The function for the hook `name`. It takes what Gunicorn gives it, whatever Python's function asks for. */
export const pythonHook = (name: string, python: PythonConfig): ((...args: unknown[]) => unknown) =>
  named(name, isMasterHook(name) ? masterHook(name, python) : workerHook(name))

const named = <F extends (...args: unknown[]) => unknown>(name: string, hook: F): F =>
  Object.defineProperty(hook, 'name', { value: name })

const masterHook =
  (name: string, python: PythonConfig) =>
  async (...[server, ...rest]: unknown[]): Promise<void> => {
    if (!isServer(server)) throw new TypeError(`the hook ${name} is called without a server`)
    const [first] = rest
    const payload: HookPayload = {
      server: { ...serverFacts(server), cfg: dataOf(server.cfg) },
      ...(isWorker(first)
        ? { worker: { ...workerFacts(first), cfg: dataOf(first.cfg) } }
        : { args: rest.map((value) => value ?? null) }),
    }
    await python.call(name, payload, server.cfg.hook_timeout * 1000, (level, message) =>
      say(server.log, level, message),
    )
  }

const workerHook = (name: string) => {
  const mark = (): never => {
    throw new Error(`internal error: ${name} of gunicorn.conf.py runs in Python workers alone`)
  }
  marks.add(mark)
  return mark
}

const isServer = (value: unknown): value is HookServer => isRecord(value) && 'WORKERS' in value
const isWorker = (value: unknown): value is HookWorker => isRecord(value) && 'age' in value

/** Read one by one: the properties of the master's own are getters of its class. */
const serverFacts = ({ pid, proc_name, num_workers, address, WORKERS }: HookServer): Facts => ({
  pid,
  proc_name,
  num_workers,
  address,
  WORKERS: Object.fromEntries([...WORKERS].map(([id, worker]) => [id, workerFacts(worker)])),
})

const workerFacts = ({ age, pid, ppid, generation, nr, alive, booted, aborted }: HookWorker): Facts => ({
  age,
  pid,
  ppid,
  generation,
  nr,
  alive,
  booted,
  aborted,
})

/** The settings that are data; Python has its own functions, and `None` for what is not given. */
const dataOf = (config: Config): Facts =>
  Object.fromEntries(
    Object.entries(config)
      .filter(([, value]) => typeof value !== 'function')
      .map(([name, value]) => [name, value ?? null]),
  )

const levels = ['critical', 'error', 'warning', 'info', 'debug'] as const satisfies ReadonlyArray<
  keyof HookLog
>

const say = (log: HookLog, level: string, message: string): void =>
  log[levels.find((known) => known === level) ?? 'info'](message)
