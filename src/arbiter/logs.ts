/** The master's logs: opened from settings, opened anew when a reload serves with other ones, and after a rotation. */
import { messageOf } from '../errors.ts'
import { provideFile } from '../log/file.ts'
import { type Outlets, openOutlets } from '../log/outlets.ts'
import { logFiles } from '../log/prove.ts'
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

/** After a rotation: the master's own log, and the files of workers that may not make any where logs are kept. */
export function reopenLogs(office: Office): void {
  attempt(office, () => office.log.reopen())
  for (const { config, identity: owner } of office.loads.values()) {
    if (!owner) continue
    for (const file of logFiles(config)) attempt(office, () => provideFile({ ...file, owner }))
  }
}

/** Each by itself: one file that cannot be made leaves the others their fresh ones. */
function attempt({ log }: Office, work: () => void): void {
  try {
    work()
  } catch (error) {
    log.error(messageOf(error))
  }
}
