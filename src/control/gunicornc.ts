/**
 * Gunicorn 26's commands, as its `gunicornc` sends them, and its replies field by field (gunicorn/ctl/handlers.py and
 * server.py of 26.2). What is said of workers is true here, also `booted`; there are no dirty workers.
 */
import { messageOf } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'
import type { Order } from './administration.ts'
import { allow, type Session } from './execute.ts'
import { place } from './outcome.ts'
import { Refusal } from './refusal.ts'
import type { WorkerStatus } from './status.ts'

type Reply = Readonly<Record<string, unknown>>

/** What Python's handlers throw as ValueError: told as `Invalid argument: ...`. */
class InvalidArgument extends Error {}

/** A request's text, as it stood in its frame, to a reply. Undefined: no request at all; the connection is closed. */
export const replyTo = async (session: Session, text: string): Promise<Reply | undefined> => {
  const request = parsed(text)
  if (request === undefined) return undefined
  const { id = 0, command = '', args = [] } = request
  try {
    const parts = [...(await split(command)), ...(Array.isArray(args) ? args.map(String) : [])]
    if (parts.length === 0) return { id, status: 'error', error: 'Empty command' }
    return { id, status: 'ok', data: await run(session, parts) }
  } catch (thrown) {
    return { id, status: 'error', error: errorOf(session, thrown) }
  }
}

const errorOf = ({ log }: Session, thrown: unknown): string => {
  if (thrown instanceof InvalidArgument) return `Invalid argument: ${thrown.message}`
  if (!(thrown instanceof Refusal)) log.exception('Control socket: a command of gunicornc failed', thrown)
  return `Command failed: ${messageOf(thrown)}`
}

const parsed = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const request: unknown = JSON.parse(text)
    return isRecord(request) && !Array.isArray(request) ? request : undefined
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

/** As Python's shlex.split. */
const split = async (command: unknown): Promise<readonly string[]> => {
  if (typeof command !== 'string') throw new InvalidArgument('the command is not a string')
  const shlex = await import('shlex')
  try {
    return shlex.split(command.trim())
  } catch {
    // The package's only reason to throw; Python's words for it.
    throw new InvalidArgument('No closing quotation')
  }
}

type Handler = (session: Session, rest: readonly string[]) => Promise<Reply>

const show: Readonly<Record<string, Handler>> = {
  all: (session) => showAll(session),
  workers: (session) => showWorkers(session),
  dirty: async () => ({ enabled: false, pid: null, workers: [], apps: [] }),
  config: (session) => showConfig(session),
  stats: (session) => showStats(session),
  listeners: (session) => showListeners(session),
}

const worker: Readonly<Record<string, Handler>> = {
  add: (session, [count]) => addWorkers(session, atLeastOne(count)),
  remove: (session, [count]) => removeWorkers(session, atLeastOne(count)),
  kill: (session, [pid]) => killWorker(session, pid),
}

const noDirty: Handler = async (_session, [count]) => {
  atLeastOne(count)
  return { success: false, error: 'Dirty arbiter not running' }
}

const dirty: Readonly<Record<string, Handler>> = { add: noDirty, remove: noDirty }

const ordered =
  (order: Order, reply: Reply): Handler =>
  async (session) => {
    await give(session, order)
    return reply
  }

/** The first word; the second, where the first needs one, is looked up in its own table. */
const handlers: Readonly<Record<string, Handler>> = {
  show: (session, rest) => pick(show, rest, 'show target', session),
  worker: (session, rest) => pick(worker, rest, 'worker action', session),
  dirty: (session, rest) => pick(dirty, rest, 'dirty action', session),
  reload: ordered({ do: 'reload' }, { status: 'reloading' }),
  reopen: ordered({ do: 'reopen' }, { status: 'reopening' }),
  shutdown: (session, [mode = 'graceful']) =>
    ordered({ do: 'stop', how: mode === 'quick' ? 'quick' : 'graceful' }, { status: 'shutting_down', mode })(
      session,
      [],
    ),
  help: async () => ({ commands: helpTexts }),
}

const run = (session: Session, parts: readonly string[]): Promise<Reply> => {
  const [first = '', ...rest] = parts
  const name = first.toLowerCase()
  if (!Object.hasOwn(handlers, name)) throw new InvalidArgument(`Unknown command: ${name.slice(0, 200)}`)
  return handlers[name]?.(session, rest) ?? Promise.resolve({})
}

const pick = (
  table: Readonly<Record<string, Handler>>,
  [first, ...rest]: readonly string[],
  what: string,
  session: Session,
): Promise<Reply> => {
  if (first === undefined) throw new InvalidArgument(`Missing ${what} (${Object.keys(table).join('|')})`)
  const name = first.toLowerCase()
  const handler = Object.hasOwn(table, name) ? table[name] : undefined
  if (handler === undefined) throw new InvalidArgument(`Unknown ${what}: ${name.slice(0, 200)}`)
  return handler(session, rest)
}

/** As Python's int(): throws in its words. */
const integerOf = (text: string): number => {
  const trimmed = text.trim()
  if (/^[+-]?\d{1,15}$/.test(trimmed)) return Number(trimmed)
  throw new InvalidArgument(`invalid literal for int() with base 10: '${text.slice(0, 200)}'`)
}

const atLeastOne = (text = '1'): number => Math.max(1, integerOf(text))

const give = async (session: Session, order: Order): Promise<Reply> => {
  allow(session, order.do)
  return place(session, order)
}

const hundredths = (seconds: number | null): number | null =>
  seconds === null ? null : Math.round(seconds * 100) / 100

interface LiveWorker extends WorkerStatus {
  readonly pid: number
}

/** Those that run the application and have a process, oldest first: gunicornc cannot print what has no pid. */
const live = (workers: readonly WorkerStatus[]): readonly LiveWorker[] =>
  workers
    .filter((one): one is LiveWorker => one.kind === 'worker' && one.pid !== null)
    .toSorted((a, b) => a.age - b.age)

const notBooted: ReadonlySet<string> = new Set(['spawning', 'booting'])

const common = ({ pid, age, state, beatAge }: LiveWorker) => ({
  pid,
  age,
  booted: !notBooted.has(state),
  last_heartbeat: hundredths(beatAge),
})

const showWorkers = async ({ administration }: Session): Promise<Reply> => {
  const workers = live((await administration.status()).workers).map((one) => ({
    ...common(one),
    aborted: one.state === 'aborting',
  }))
  return { workers, count: workers.length }
}

const showAll = async ({ administration }: Session): Promise<Reply> => {
  const status = await administration.status()
  const workers = live(status.workers).map((one) => ({ ...common(one), type: 'web' }))
  return {
    arbiter: { pid: status.pid, type: 'arbiter', role: 'master' },
    web_workers: workers,
    web_worker_count: workers.length,
    dirty_arbiter: null,
    dirty_workers: [],
    dirty_worker_count: 0,
  }
}

/** The settings that Gunicorn tells, and what it would say of those that there are not. */
const configKeys: Readonly<Record<string, unknown>> = {
  bind: null,
  workers: null,
  worker_class: null,
  threads: null,
  timeout: null,
  graceful_timeout: null,
  keepalive: null,
  max_requests: null,
  max_requests_jitter: null,
  worker_connections: null,
  preload_app: null,
  daemon: null,
  pidfile: null,
  proc_name: null,
  reload: null,
  dirty_workers: 0,
  dirty_apps: [],
  dirty_timeout: 300,
  control_socket: null,
  control_socket_disable: null,
}

const showConfig = async ({ administration }: Session): Promise<Reply> => {
  const values = new Map((await administration.config()).map(({ name, value }) => [name, value]))
  return Object.fromEntries(
    Object.entries(configKeys).map(([name, otherwise]) => [name, values.get(name) ?? otherwise]),
  )
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, count) => all + count, 0)

const showStats = async ({ administration }: Session): Promise<Reply> => {
  const { uptime, pid, workers, target, totals, lastExit } = await administration.status()
  return {
    uptime: hundredths(uptime),
    pid,
    workers_current: live(workers).length,
    workers_target: target,
    // Ages are numbers that are never given twice.
    workers_spawned: Math.max(0, lastExit?.age ?? 0, ...workers.map(({ age }) => age)),
    workers_killed: sum(totals.restarts),
    reloads: sum(totals.reloads),
    dirty_arbiter_pid: null,
  }
}

const showListeners = async ({ administration }: Session): Promise<Reply> => {
  const listeners = (await administration.listeners()).map(({ name, fd, type }) => ({
    address: name,
    fd,
    type,
  }))
  return { listeners, count: listeners.length }
}

const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise

const addWorkers = async (session: Session, count: number): Promise<Reply> => {
  const { before, target } = await give(session, { do: 'scale', by: count })
  const previous = numberOr(before, 0)
  return { added: count, previous, total: numberOr(target, previous + count) }
}

const removeWorkers = async (session: Session, count: number): Promise<Reply> => {
  const { before, target } = await give(session, { do: 'scale', by: -count })
  const previous = numberOr(before, 0)
  const total = numberOr(target, Math.max(1, previous - count))
  return { removed: previous - total, previous, total }
}

/** TERM there, and a successor. Here the successor is ready first: also the only worker may be told to go. */
const killWorker = async (session: Session, text: string | undefined): Promise<Reply> => {
  if (text === undefined) throw new InvalidArgument('Missing PID for worker kill')
  const pid = integerOf(text)
  allow(session, 'worker kill')
  const { workers } = await session.administration.status()
  if (!workers.some((one) => one.pid === pid)) return { success: false, error: `Worker ${pid} not found` }
  try {
    await place(session, { do: 'restart', pid })
    return { success: true, killed: pid }
  } catch (thrown) {
    if (thrown instanceof Refusal) return { success: false, error: thrown.message }
    throw thrown
  }
}

/** Gunicorn's own words. */
const helpTexts = {
  'show all': 'Show all processes (arbiter, web workers, dirty workers)',
  'show workers': 'List HTTP workers with their status',
  'show dirty': 'List dirty workers and apps',
  'show config': 'Show current effective configuration',
  'show stats': 'Show server statistics',
  'show listeners': 'Show bound sockets',
  'worker add [N]': 'Spawn N workers (default 1)',
  'worker remove [N]': 'Remove N workers (default 1)',
  'worker kill <PID>': 'Gracefully terminate specific worker',
  'dirty add [N]': 'Spawn N dirty workers (default 1)',
  'dirty remove [N]': 'Remove N dirty workers (default 1)',
  reload: 'Graceful reload (HUP)',
  reopen: 'Reopen log files (USR1)',
  'shutdown [graceful|quick]': 'Shutdown server (TERM/INT)',
  help: 'Show this help message',
} as const
