/**
 * sd_notify(3): what systemd is told, as assignments. Knows nothing of the server; where systemd does not listen (no
 * NOTIFY_SOCKET) everything is nothing.
 */
import type { DatagramSocket } from '../system/libc.ts'
import { openTransport, type Transport } from './transport.ts'

/** Workers must not speak for the service. */
export const notifyVariables = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'FDSTORE'] as const

/** A new master of an upgrade feeds the watchdog in its turn: it is not the process that systemd started. */
export const watchdogOwnerVariable = 'WATCHDOG_PID'

export interface Notifier {
  /** Whether systemd listens at all. */
  readonly isHeard: boolean
  /** Serving, with these words in `systemctl status`. `main`: the pid of the service, when it is new. */
  ready(status?: string, main?: number): void
  /** A reload has begun; `ready` ends it (Type=notify-reload wants the time). `within`: milliseconds it may take. */
  reloading(within?: number): void
  /** `within`: milliseconds it may take. */
  stopping(within?: number): void
  /** What goes on may take this long from now (milliseconds), whatever TimeoutStartSec= or TimeoutStopSec= say. */
  extend(within: number): void
  status(text: string): void
  /** Another process is the main one from now on: before this one ends, after an upgrade. */
  mainPid(pid: number): void
  /** For WatchdogSec=: to be called every `watchdogMs`. */
  alive(status?: string): void
  /** Half of what WATCHDOG_USEC allows; undefined without a watchdog for this process. */
  readonly watchdogMs: number | undefined
  /** Whether descriptors may be given to systemd to keep (FileDescriptorStoreMax=). Opens the way to it. */
  canStore(): boolean
  /** Has systemd keep a copy of the descriptor under this name. */
  store(name: string, fd: number): void
  /** Has systemd close what it keeps under this name. */
  forget(name: string): void
  /** Resolves when everything has been sent or has failed. Never rejects. */
  settled(): Promise<void>
}

export interface NotifierOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly pid?: number
  /** Told once, the first time a message cannot be sent. */
  readonly warn: (message: string) => void
  /** Where datagram sockets come from; libc, unless said. */
  readonly openSocket?: () => DatagramSocket | undefined
}

/** CLOCK_MONOTONIC in microseconds, which is what hrtime reads. */
const monotonicMicroseconds = (): string => String(process.hrtime.bigint() / 1000n)

const watchdogOf = (env: NodeJS.ProcessEnv, pid: number): number | undefined => {
  const microseconds = Number(env['WATCHDOG_USEC'])
  const owner = env[watchdogOwnerVariable]
  const isForUs = owner === undefined || owner === String(pid)
  return isForUs && microseconds > 0 ? microseconds / 2000 : undefined
}

/**
 * From systemd 254 on FDSTORE says it (systemd.exec(5)); MEMORY_PRESSURE_WATCH is of the same version, so that its
 * presence alone says no. Before that nobody says, and systemd ignores what it is not to keep, with a line in the journal.
 */
const mayStore = (env: NodeJS.ProcessEnv): boolean =>
  env['FDSTORE'] === undefined ? env['MEMORY_PRESSURE_WATCH'] === undefined : Number(env['FDSTORE']) > 0

/** No newline may stand in a value: each line is an assignment. */
const statusLine = (text: string): string => `STATUS=${text.replaceAll(/\s+/g, ' ')}`

const optionalStatus = (text: string | undefined): readonly string[] =>
  text === undefined ? [] : [statusLine(text)]

const extension = (within: number | undefined): readonly string[] =>
  within ? [`EXTEND_TIMEOUT_USEC=${Math.ceil(within * 1000)}`] : []

const nobody: Transport = {
  send: () => undefined,
  carriesDescriptors: () => false,
  settled: () => Promise.resolve(),
}

/** Speaks to systemd if it listens: in order, without waiting, and without ever failing the caller. */
export const createNotifier = ({
  env = process.env,
  pid = process.pid,
  warn,
  openSocket,
}: NotifierOptions): Notifier => {
  const socket = env['NOTIFY_SOCKET']
  const isHeard = socket !== undefined && socket !== ''
  const transport = isHeard
    ? openTransport({ socket, env, warn, ...(openSocket ? { openSocket } : {}) })
    : nobody
  const send = (...assignments: string[]): void => transport.send(assignments)
  return {
    isHeard,
    ready: (status, main) =>
      send('READY=1', ...(main === undefined ? [] : [`MAINPID=${main}`]), ...optionalStatus(status)),
    reloading: (within) =>
      send('RELOADING=1', `MONOTONIC_USEC=${monotonicMicroseconds()}`, ...extension(within)),
    stopping: (within) => send('STOPPING=1', ...extension(within)),
    extend: (within) => send(...extension(within)),
    status: (text) => send(statusLine(text)),
    mainPid: (main) => send(`MAINPID=${main}`),
    alive: (status) => send('WATCHDOG=1', ...optionalStatus(status)),
    watchdogMs: watchdogOf(env, pid),
    canStore: () => isHeard && mayStore(env) && transport.carriesDescriptors(),
    store: (name, fd) => transport.send(['FDSTORE=1', `FDNAME=${name}`, 'FDPOLL=0'], [fd]),
    forget: (name) => send('FDSTOREREMOVE=1', `FDNAME=${name}`),
    settled: () => transport.settled(),
  }
}
