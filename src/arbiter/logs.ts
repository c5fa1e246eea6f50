/** The master's error log: opened from settings, and opened anew when a reload serves with other ones. */
import { messageOf } from '../errors.ts'
import { createLogger, type Logger } from '../log/logger.ts'
import type { Loaded } from './identity.ts'
import type { Office } from './office.ts'

/** Opens the log that the settings name. Throws ServerError TSG_LOG_UNWRITABLE, TSG_SETTING_INVALID, TSG_PLATFORM. */
export function createMasterLog({ config, identity: owner }: Loaded): Logger {
  return createLogger({
    destination: config.errorlog,
    level: config.loglevel,
    format: config.error_log_format,
    name: 'master',
    ...(owner ? { owner } : {}),
  })
}

/** Goes over to the log of `config`; when it cannot be opened, the one before goes on. */
export async function openLog({ log }: Office, loaded: Loaded): Promise<void> {
  try {
    const before = log.swap(createMasterLog(loaded))
    await before.close()
  } catch (error) {
    log.error(`the log stays where it was: ${messageOf(error)}`)
  }
}
