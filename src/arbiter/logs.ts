/** The master's error log: opened from settings, and opened anew when a reload serves with other ones. */
import type { Config } from '../config/config.ts'
import { messageOf } from '../errors.ts'
import { createLogger, type Logger } from '../log/logger.ts'
import { resolvePrivileges } from '../system/privileges.ts'
import type { Office } from './office.ts'

/** Opens the log that the settings name. Throws ServerError TSG_LOG_UNWRITABLE, TSG_SETTING_INVALID, TSG_PLATFORM. */
export function createMasterLog(config: Config): Logger {
  const owner = resolvePrivileges({ user: config.user, group: config.group, initgroups: false })
  return createLogger({
    destination: config.errorlog,
    level: config.loglevel,
    format: config.error_log_format,
    name: 'master',
    ...(owner ? { owner } : {}),
  })
}

/** Goes over to the log of `config`; when it cannot be opened, the one before goes on. */
export async function openLog({ log }: Office, config: Config): Promise<void> {
  try {
    const before = log.swap(createMasterLog(config))
    await before.close()
  } catch (error) {
    log.error(`the log stays where it was: ${messageOf(error)}`)
  }
}
