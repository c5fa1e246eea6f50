/**
 * Opens what a process logs to, as settings say: the error log, and with it the syslog daemon and statsd, whose
 * modules are loaded only where they are wanted. The names are the settings' own; any object that has them will do.
 */
import type { Owner } from './file.ts'
import { createLogger, type Logger } from './logger.ts'
import type { Statsd } from './statsd.ts'
import type { Syslog } from './syslog.ts'

export interface OutletSettings {
  readonly errorlog: string
  readonly loglevel: string
  readonly error_log_format: 'text' | 'json'
  readonly syslog: boolean
  readonly syslog_addr: string
  readonly syslog_facility: string
  readonly syslog_prefix: string | undefined
  readonly statsd_host: string | undefined
  readonly statsd_prefix: string
  readonly dogstatsd_tags: string
}

export interface OutletOptions {
  readonly role: 'master' | 'worker'
  /** The middle of the syslog tag when there is no `syslog_prefix`. */
  readonly processName: string
  readonly owner: Owner | undefined
}

export interface Outlets {
  readonly error: Logger
  readonly statsd: Statsd | undefined
}

/** Rejects with ServerError TSG_LOG_UNWRITABLE, TSG_SETTING_INVALID or TSG_PLATFORM; nothing is left open then. */
export async function openOutlets(settings: OutletSettings, options: OutletOptions): Promise<Outlets> {
  const { role, processName, owner } = options
  const statsd = await openStatsd(settings)
  const syslog = await openSyslogFor(settings, processName, 'error')
  try {
    const error = createLogger({
      destination: settings.errorlog,
      level: settings.loglevel,
      format: settings.error_log_format,
      name: role,
      ...(owner ? { owner } : {}),
      ...(syslog ? { syslog } : {}),
      ...(statsd ? { onRecord: statsd.log } : {}),
    })
    return { error, statsd }
  } catch (error) {
    await Promise.all([statsd?.close(), syslog?.close()])
    throw error
  }
}

/** A way to the syslog daemon, when `syslog` is on. */
export async function openSyslogFor(
  settings: OutletSettings,
  processName: string,
  log: 'error' | 'access',
): Promise<Syslog | undefined> {
  if (!settings.syslog) return undefined
  const { openSyslog } = await import('./syslog.ts')
  const { syslog_addr: address, syslog_facility: facility, syslog_prefix: prefix } = settings
  return openSyslog({ address, facility, prefix: prefix ?? processName }, log)
}

async function openStatsd(settings: OutletSettings): Promise<Statsd | undefined> {
  if (!settings.statsd_host) return undefined
  const { createStatsd } = await import('./statsd.ts')
  const { statsd_host: address, statsd_prefix: prefix, dogstatsd_tags: tags } = settings
  return createStatsd({ address, prefix, tags })
}
