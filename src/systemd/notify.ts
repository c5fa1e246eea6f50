/**
 * sd_notify(3) through the program `systemd-notify`: Node has no unix datagram sockets. It sends for its parent, so
 * NotifyAccess=main is enough while the master is root; under User= a unit needs NotifyAccess=all.
 * Knows nothing of the server; where systemd does not listen (no NOTIFY_SOCKET) everything is nothing.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf } from '../errors.ts'

/** Workers must not speak for the service. */
export const notifyVariables = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const

export interface Notifier {
  /** Serving, and with these words in `systemctl status`. */
  ready(status?: string): void
  /** A reload has begun; `ready` ends it (Type=notify-reload wants the time). */
  reloading(): void
  stopping(): void
  status(text: string): void
  /** Another process is the main one from now on: after an upgrade. */
  mainPid(pid: number): void
  /** For WatchdogSec=: to be called every `watchdogMs`. */
  alive(): void
  /** Half of what WATCHDOG_USEC allows; undefined without a watchdog for this process. */
  readonly watchdogMs: number | undefined
  /** Resolves when everything has been sent or has failed. Never rejects. */
  settled(): Promise<void>
}

export interface NotifierOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly pid?: number
  /** Told once, the first time a message cannot be sent. */
  readonly warn: (message: string) => void
}

/** CLOCK_MONOTONIC in microseconds, which is what hrtime reads. */
const monotonicMicroseconds = (): string => String(process.hrtime.bigint() / 1000n)

const watchdogOf = (env: NodeJS.ProcessEnv, pid: number): number | undefined => {
  const microseconds = Number(env['WATCHDOG_USEC'])
  const isForUs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid)
  return isForUs && microseconds > 0 ? microseconds / 2000 : undefined
}

/** No newline may stand in a value: each line is an assignment. */
const statusLine = (text: string): string => `STATUS=${text.replaceAll(/\s+/g, ' ')}`

/** A program that hangs longer is given up. */
const sendDeadline = 5000

const sender = (socket: string, env: NodeJS.ProcessEnv, warn: (message: string) => void) => {
  let last = Promise.resolve()
  let isWarned = false
  const run = async (assignments: readonly string[]): Promise<void> => {
    try {
      await promisify(execFile)('systemd-notify', ['--', ...assignments], {
        env: { PATH: env['PATH'] ?? '/usr/bin:/bin', NOTIFY_SOCKET: socket },
        timeout: sendDeadline,
      })
    } catch (thrown) {
      if (isWarned) return
      isWarned = true
      warn(`systemd is not notified (${assignments[0]}): ${messageOf(thrown).trim()}`)
    }
  }
  return {
    /** One after the other: READY must not overtake RELOADING. */
    send: (...assignments: string[]): void => {
      last = last.then(() => run(assignments))
    },
    settled: () => last,
  }
}

/** Speaks to systemd if it listens. Sending is asynchronous (10 ms), in order, and never fails the caller. */
export const createNotifier = ({ env = process.env, pid = process.pid, warn }: NotifierOptions): Notifier => {
  const socket = env['NOTIFY_SOCKET']
  const { send, settled } =
    socket === undefined || socket === ''
      ? { send: (): void => undefined, settled: async (): Promise<void> => undefined }
      : sender(socket, env, warn)
  return {
    ready: (status) => send('READY=1', ...(status === undefined ? [] : [statusLine(status)])),
    reloading: () => send('RELOADING=1', `MONOTONIC_USEC=${monotonicMicroseconds()}`),
    stopping: () => send('STOPPING=1'),
    status: (text) => send(statusLine(text)),
    mainPid: (main) => send(`MAINPID=${main}`),
    alive: () => send('WATCHDOG=1'),
    watchdogMs: watchdogOf(env, pid),
    settled,
  }
}
