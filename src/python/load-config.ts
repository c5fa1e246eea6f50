/**
 * A configuration that is written in Python, as the side process reads it: names and values, and hooks that can be
 * called. Which names are settings, and whether values are right, is the reader's business.
 */
import { isRecord } from '../util/is-record.ts'
import { PythonFault, Side } from './side.ts'

export interface PythonConfigRequest {
  /** Absolute; or a module instead, as `pkg.conf`. */
  readonly file?: string
  readonly module?: string
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The interpreter, absolute. */
  readonly python: string
}

/** Who logs for a hook while it runs. */
export type HookLogger = (level: string, message: string) => void

export interface HookPayload {
  readonly server: Readonly<Record<string, unknown>>
  readonly worker?: Readonly<Record<string, unknown>>
  readonly args?: readonly unknown[]
}

export interface PythonConfig {
  /** Public names and values that JSON can say. */
  readonly values: Readonly<Record<string, unknown>>
  /** Public names that can be called, but for classes. */
  readonly hooks: readonly string[]
  /** Other public names and what they are, as `class 'x.Y'`. */
  readonly objects: Readonly<Record<string, string>>
  /** The text of the file. */
  readonly source: string
  /** Absolute, also of a module. */
  readonly file: string
  /** Every local file it is made of, itself first. */
  readonly files: readonly string[]
  /**
   * Runs a hook in the side process; in a new one, that has loaded the same text again, when the one before has died.
   * `limitMs` bounds it (0: nothing does). Rejects with a PythonFault.
   */
  call(hook: string, payload: HookPayload, limitMs: number, log: HookLogger): Promise<void>
  /** Ends the side process. A later call (a worker of a configuration that is over exits) starts one for itself. */
  close(): void
}

const loadLimitMs = 30_000

/**
 * Reads the configuration anew, in a process of its own that stays for hooks until `close`. Rejects with a
 * PythonFault: what the file threw, or that it was not read within 30 s.
 */
export const loadPythonConfig = async (request: PythonConfigRequest): Promise<PythonConfig> => {
  const { file, module, ...options } = request
  let log: HookLogger = toStandardError
  const wanted = { do: 'load', ...(file === undefined ? { module } : { file }) }
  const begin = async (load: Readonly<Record<string, unknown>>) => {
    const side = new Side({ ...options, log: (level, message) => log(level, message) })
    try {
      return { side, read: understood(await side.ask(load, loadLimitMs)) }
    } catch (fault) {
      side.close()
      throw fault
    }
  }
  const { side, read } = await begin(wanted)
  // The text that was read, not what the file says meanwhile: this configuration is in force until a reload.
  const again = async () => (await begin({ ...wanted, file: read.file, source: read.source })).side
  let current = Promise.resolve(side)
  let closed = false
  return {
    ...read,
    call: async (name, payload, limitMs, hookLog) => {
      log = hookLog
      current = current.then((one) => (one.alive ? one : again()), again)
      const living = await current
      await living.ask({ do: 'hook', name, ...payload }, limitMs).finally(() => closed && living.close())
    },
    close: () => {
      closed = true
      void current.then((one) => one.close(), ended)
    },
  }
}

/** A process that could not be started again is not there to be ended; whoever called it has been told. */
const ended = (): void => undefined

/** Outside of hooks nobody has a log for it: a configuration that is being loaded may be refused. */
const toStandardError: HookLogger = (level, message) => {
  process.stderr.write(`gunicorn.conf.py: ${level}: ${message}\n`)
}

const understood = (answer: unknown): Omit<PythonConfig, 'call' | 'close'> => {
  if (!isRecord(answer)) throw new PythonFault('it gave an answer that is none')
  const { values, hooks, objects, source, file, files } = answer
  return {
    values: isRecord(values) ? values : {},
    hooks: textsOf(hooks),
    objects: isRecord(objects)
      ? Object.fromEntries(Object.entries(objects).map(([name, what]) => [name, String(what)]))
      : {},
    source: String(source),
    file: String(file),
    files: [...new Set([String(file), ...textsOf(files)])],
  }
}

const textsOf = (list: unknown): readonly string[] => (Array.isArray(list) ? list.map(String) : [])
