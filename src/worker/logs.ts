/** A worker's logs: errors, accesses, statsd, and what the application prints (`capture_output`). */
import type { Config } from '../config/config.ts'
import type { ExchangeRecord } from '../http/exchange.ts'
import type { BootMessage } from '../ipc/messages.ts'
import { type Capture, captureOutput } from '../log/capture.ts'
import { createLogger, type Logger } from '../log/logger.ts'
import type { SyslogOptions } from '../log/syslog.ts'

export interface WorkerLogs {
  readonly error: Logger
  /** Undefined when nobody wants to know of exchanges. */
  readonly exchange: ((record: ExchangeRecord) => void) | undefined
  readonly reopen: () => void
  readonly close: () => Promise<void>
}

/** Opened before privileges are dropped; files belong to whom the worker becomes. Throws ServerError TSG_LOG_*. */
export async function openLogs(config: Config, { privileges: owner, processName }: BootMessage): Promise<WorkerLogs> {
  const owned = owner ? { owner } : {}
  const syslog = config.syslog ? { syslog: syslogOptions(config, processName) } : {}
  const [access, statsd] = await Promise.all([openAccess(config, owned, syslog), openStatsd(config)])
  const error = createLogger({
    destination: config.errorlog,
    level: config.loglevel,
    format: config.error_log_format,
    name: 'worker',
    ...owned,
    ...syslog,
    ...(statsd ? { onRecord: statsd.log } : {}),
  })
  const capture = captures(config) ? captureOutput({ path: config.errorlog, ...owned }) : undefined
  return {
    error,
    exchange: both(access?.write, statsd?.request),
    reopen: () => reopenAll([error, access, capture], error),
    close: async () => {
      await Promise.all([access?.close(), error.close(), statsd?.close()])
    },
  }
}

const captures = (config: Config): boolean => config.capture_output && config.errorlog !== '-'

const openAccess = async (config: Config, owned: object, syslog: object) => {
  const toSyslog = config.syslog && !config.disable_redirect_access_to_syslog
  if (config.accesslog === undefined && !toSyslog) return undefined
  const { createAccessLog } = await import('../log/access.ts')
  return createAccessLog({
    destination: config.accesslog,
    format: config.access_log_format,
    ...owned,
    ...(toSyslog ? syslog : {}),
  })
}

const openStatsd = async (config: Config) => {
  if (!config.statsd_host) return undefined
  const { createStatsd } = await import('../log/statsd.ts')
  return createStatsd({ address: config.statsd_host, prefix: config.statsd_prefix, tags: config.dogstatsd_tags })
}

const syslogOptions = (config: Config, processName: string): SyslogOptions => ({
  address: config.syslog_addr,
  facility: config.syslog_facility,
  prefix: config.syslog_prefix ?? processName,
})

type Told = (record: ExchangeRecord) => void

const both = (first: Told | undefined, second: Told | undefined): Told | undefined => {
  if (!first || !second) return first ?? second
  return (record) => {
    first(record)
    second(record)
  }
}

/** Each by itself: one file that cannot be reopened leaves the others their fresh ones. */
function reopenAll(logs: ReadonlyArray<{ reopen(): void } | Capture | undefined>, error: Logger): void {
  for (const log of logs) {
    try {
      log?.reopen()
    } catch (thrown) {
      error.exception('a log stays where it was', thrown)
    }
  }
}
