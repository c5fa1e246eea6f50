/**
 * What log settings ask of this machine, known before anything is started with them. It opens no log and leaves no
 * file.
 */
import { proveFile } from './file.ts'

export interface LogPaths {
  /** Paths, or '-' for a standard stream. */
  readonly errorlog: string
  readonly accesslog: string | undefined
}

interface LogSettings extends LogPaths {
  readonly access_log_format: string
  readonly syslog: boolean
  readonly syslog_addr: string
  readonly statsd_host: string | undefined
}

/** The log files by the names of their settings, without standard streams. */
export const logFiles = ({ errorlog, accesslog = '-' }: LogPaths): readonly LogFileName[] =>
  [
    { setting: 'errorlog', destination: errorlog },
    { setting: 'accesslog', destination: accesslog },
  ].filter(({ destination }) => destination !== '-')

interface LogFileName {
  readonly setting: string
  readonly destination: string
}

/**
 * Rejects with TSG_LOG_UNWRITABLE; TSG_SETTING_INVALID (format of the access log, where there is one; an address);
 * TSG_PLATFORM (a datagram socket, where none can be had).
 */
export async function proveLogs(settings: LogSettings): Promise<void> {
  for (const file of logFiles(settings)) proveFile(file)
  await proveAddresses(settings)
  const { accesslog, access_log_format: format } = settings
  if (accesslog === undefined || format === 'json') return
  // Loaded by servers with an access log alone: starting is to be quick.
  const { compileAccessFormat } = await import('./access-format.ts')
  compileAccessFormat(format)
}

async function proveAddresses({ syslog, syslog_addr, statsd_host }: LogSettings): Promise<void> {
  if (syslog) await proveSyslog(syslog_addr)
  if (!statsd_host) return
  const { parseStatsdAddress } = await import('./statsd.ts')
  if ('path' in parseStatsdAddress(statsd_host)) await proveDatagrams('statsd_host', statsd_host)
}

async function proveSyslog(text: string): Promise<void> {
  const { parseSyslogAddress } = await import('./syslog-address.ts')
  const address = parseSyslogAddress(text)
  if (address.kind === 'unix' && address.type === 'dgram') await proveDatagrams('syslog_addr', text)
}

async function proveDatagrams(setting: string, text: string): Promise<void> {
  const { whyNoDatagrams } = await import('../system/libc.ts')
  if (whyNoDatagrams() === undefined) return
  const { noDatagrams } = await import('./datagrams.ts')
  throw noDatagrams(setting, text)
}
