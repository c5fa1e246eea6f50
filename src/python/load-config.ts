/**
 * A configuration that is written in Python, as the side process reads it: names and values, and hooks that can be
 * called. Which names are settings, and whether values are right, is the reader's business.
 */
import { isRecord } from '../util/is-record.ts'
import { type Inherited, inheritedFrom, nothingInherited } from './inherited.ts'
import type { Home, Lodging, Place } from './lodging.ts'
import { PythonFault } from './side.ts'

export interface PythonConfigRequest extends Place {
  /** Absolute; or a module instead, as `pkg.conf`. */
  readonly file?: string
  readonly module?: string
}

/** Who logs for a hook while it runs. */
export type HookLogger = (level: string, message: string) => void

export interface HookPayload {
  readonly server: Readonly<Record<string, unknown>>
  readonly worker?: Readonly<Record<string, unknown>>
  readonly args?: readonly unknown[]
}

/** What the file says. */
export interface PythonRead {
  /** Public names and values that JSON can say. */
  readonly values: Readonly<Record<string, unknown>>
  /** Public names that can be called, but for classes; also hooks that are named by a text. */
  readonly hooks: readonly string[]
  /** Other public names and what they are, as `class 'x.Y'`. */
  readonly objects: Readonly<Record<string, string>>
  /** Hooks that cannot be called, and why. */
  readonly faults: Readonly<Record<string, string>>
  /** The text of the file. */
  readonly source: string
  /** Absolute, also of a module. */
  readonly file: string
  /** Every local file it is made of, itself first. */
  readonly files: readonly string[]
}

export interface PythonConfig extends PythonRead {
  /**
   * Runs a hook in the side process; in a new one, that has loaded the same text again, when the one before has died.
   * `limitMs` bounds it (0: nothing does). Rejects with a PythonFault.
   */
  call(hook: string, payload: HookPayload, limitMs: number, log: HookLogger): Promise<void>
  /** What a worker with this age would have inherited by fork, as hooks have left it. */
  inherited(age: number): Inherited
  /** Leaves the side process, which ends with its last configuration. A later call (a worker of a configuration that is over exits) enters one for itself. */
  close(): void
}

const loadLimitMs = 30_000

/**
 * Reads the configuration anew. The process that reads it is the one of `lodging`, if it is there; it stays for hooks
 * until `close`. Rejects with a PythonFault: what the file threw, or that it was not read within 30 s.
 */
export const loadPythonConfig = async (
  { file, module, ...place }: PythonConfigRequest,
  lodging: Lodging,
): Promise<PythonConfig> => {
  const wanted = { do: 'load', ...(file === undefined ? { module } : { file }) }
  const config = lodging.nextNumber()
  const enter = async (load: Readonly<Record<string, unknown>>) => {
    const home = lodging.enter(place, config)
    try {
      const answer = await home.side.ask({ ...load, config }, loadLimitMs)
      return { home, answer }
    } catch (fault) {
      await home.leave(config)
      throw fault
    }
  }
  const first = await enter(wanted)
  const read = understood(first.answer)
  // The text that was read, not what the file says meanwhile: this configuration is in force until a reload.
  const again = async (): Promise<Home> =>
    (await enter({ ...wanted, file: read.file, source: read.source })).home
  let legacy = inheritedFrom(isRecord(first.answer) ? first.answer['inherited'] : undefined)
  const workers = new Map<unknown, Inherited['worker']>()
  let current = Promise.resolve(first.home)
  let closed = false
  return {
    ...read,
    call: async (name, payload, limitMs, log) => {
      current = current.then((home) => (home.holds(config) ? home : again()), again)
      const home = await current
      home.log = log
      const request = { do: 'hook', config, name, ...payload }
      const answer = await home.side.ask(request, limitMs).finally(() => closed && void home.leave(config))
      legacy = inheritedFrom(answer)
      const age = payload.worker?.['age']
      if (name === 'pre_fork') workers.set(age, legacy.worker)
      if (name === 'child_exit') workers.delete(age)
    },
    inherited: (age) => ({ ...legacy, worker: workers.get(age) ?? nothingInherited.worker }),
    close: () => {
      closed = true
      void current.then((home) => home.leave(config)).catch(ended)
    },
  }
}

/** A process that could not be started again is not there to be ended; whoever called it has been told. */
const ended = (): void => undefined

const understood = (answer: unknown): PythonRead => {
  if (!isRecord(answer)) throw new PythonFault('it gave an answer that is none')
  const { values, hooks, objects, faults, source, file, files } = answer
  return {
    values: isRecord(values) ? values : {},
    hooks: textsOf(hooks),
    objects: wordsOf(objects),
    faults: wordsOf(faults),
    source: String(source),
    file: String(file),
    files: [...new Set([String(file), ...textsOf(files)])],
  }
}

const wordsOf = (given: unknown): Readonly<Record<string, string>> =>
  isRecord(given)
    ? Object.fromEntries(Object.entries(given).map(([name, words]) => [name, String(words)]))
    : {}

const textsOf = (list: unknown): readonly string[] => (Array.isArray(list) ? list.map(String) : [])
