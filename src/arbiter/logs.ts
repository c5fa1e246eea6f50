/** The master's logs: opened from settings, and opened anew when a reload serves with other ones. */
import { messageOf } from '../errors.ts'
import { type Outlets, openOutlets } from '../log/outlets.ts'
import { type Office, processName } from './office.ts'
import type { Loaded } from './prepare.ts'

/** Rejects with ServerError TSG_LOG_UNWRITABLE, TSG_SETTING_INVALID, TSG_PLATFORM. */
export const openMasterLogs = ({ config, identity: owner }: Loaded): Promise<Outlets> =>
  openOutlets(config, { role: 'master', processName: processName(config), owner })

/** Goes over to the logs of a configuration; when they cannot be opened, those before go on. */
export async function changeLogs(office: Office, loaded: Loaded): Promise<void> {
  try {
    const { error, statsd } = await openMasterLogs(loaded)
    const before = { error: office.log.swap(error), statsd: office.statsd }
    office.statsd = statsd
    await error.usePino()
    await before.error.close()
    await before.statsd?.close()
  } catch (error) {
    office.log.error(`the log stays where it was: ${messageOf(error)}`)
  }
}
