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

/** Rejects with TSG_LOG_UNWRITABLE; TSG_SETTING_INVALID (format of the access log, where there is one). */
export async function proveLogs(settings: LogSettings): Promise<void> {
  for (const file of logFiles(settings)) proveFile(file)
  const { accesslog, access_log_format: format } = settings
  if (accesslog === undefined || format === 'json') return
  // Loaded by servers with an access log alone: starting is to be quick.
  const { compileAccessFormat } = await import('./access-format.ts')
  compileAccessFormat(format)
}
