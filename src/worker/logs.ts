/** A worker's logs: errors, accesses, statsd, and what the application prints (`capture_output`). */
import type { Config } from '../config/config.ts'
import type { ExchangeRecord } from '../http/exchange.ts'
import type { BootMessage, Privileges } from '../ipc/messages.ts'
import type { AccessLog } from '../log/access.ts'
import type { Logger } from '../log/logger.ts'
import { openOutlets, openSyslogFor } from '../log/outlets.ts'

export interface WorkerLogs {
  readonly error: Logger
  /** Undefined when nobody wants to know of exchanges. */
  readonly exchange: ((record: ExchangeRecord) => void) | undefined
  readonly reopen: () => void
  readonly flush: () => void
  readonly close: () => Promise<void>
}

/** Opened before privileges are dropped; files belong to whom the worker becomes. Rejects with TSG_LOG_*. */
export async function openLogs(
  settings: Config,
  { privileges: owner, processName, proof }: BootMessage,
): Promise<WorkerLogs> {
  const config = proof && (settings.check_config || settings.print_config) ? onTerminal(settings) : settings
  const { error, statsd } = await openOutlets(config, { role: 'worker', processName, owner })
  const access = await openAccess(config, processName, owner)
  const capture = await openCapture(config, owner)
  return {
    error,
    exchange: both(access?.write, statsd?.request),
    reopen: () => reopenAll([error, access, capture], error),
    flush: () => {
      access?.flush()
      error.flush()
    },
    close: async () => {
      await Promise.all([access?.close(), statsd?.close()])
      await error.close()
    },
  }
}

/** Who asks whether a configuration is right is told on the terminal; no log file comes into being by it. */
const onTerminal = (config: Config): Config => ({
  ...config,
  errorlog: '-',
  accesslog: undefined,
  capture_output: false,
  syslog: false,
  statsd_host: undefined,
})

async function openCapture(
  { capture_output: wanted, errorlog: path }: Config,
  owner: Privileges | undefined,
) {
  if (!wanted || path === '-') return undefined
  const { captureOutput } = await import('../log/capture.ts')
  return captureOutput({ path, ...(owner ? { owner } : {}) })
}

async function openAccess(
  config: Config,
  processName: string,
  owner: Privileges | undefined,
): Promise<AccessLog | undefined> {
  const toSyslog = config.syslog && !config.disable_redirect_access_to_syslog
  if (config.accesslog === undefined && !toSyslog) return undefined
  const { createAccessLog } = await import('../log/access.ts')
  const syslog = toSyslog ? await openSyslogFor(config, processName, 'access') : undefined
  return createAccessLog({
    destination: config.accesslog,
    format: config.access_log_format,
    ...(owner ? { owner } : {}),
    ...(syslog ? { syslog } : {}),
  })
}

type Told = (record: ExchangeRecord) => void

const both = (first: Told | undefined, second: Told | undefined): Told | undefined => {
  if (!first || !second) return first ?? second
  return (record) => {
    first(record)
    second(record)
  }
}

/** Each by itself: one file that cannot be reopened leaves the others their fresh ones. */
function reopenAll(logs: ReadonlyArray<{ reopen(): void } | undefined>, error: Logger): void {
  for (const log of logs) {
    try {
      log?.reopen()
    } catch (thrown) {
      error.exception('a log stays where it was', thrown)
    }
  }
}
