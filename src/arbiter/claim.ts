/** How the master comes by its pidfile, and what a master killed before it has left behind. */
import { existsSync, readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { hasCode } from '../errors.ts'
import { endLeftovers, findLeftovers } from '../system/leftovers.ts'
import { Pidfile } from '../system/pidfile.ts'
import type { Office } from './office.ts'

/** During an upgrade the new master's pidfile has this ending, until it is promoted. */
const CHALLENGER = '.2'

export const pidfilePath = (office: Office, config: Config): string | undefined =>
  config.pidfile && office.state().role === 'challenger' ? config.pidfile + CHALLENGER : config.pidfile

/**
 * Writes the pidfile that the configuration names, or takes it from its former path. A file left by a master that
 * was killed tells its pid: workers of it finish what they hold, and those that do not (their loop is blocked) are ended. `gone` is a master
 * whose end was heard of: a process that is killed lets go of its channel some time before it is no more.
 * Throws ServerError TSG_PIDFILE_*.
 */
export async function takePidfile(office: Office, config: Config, gone?: number): Promise<void> {
  const path = pidfilePath(office, config)
  // One that somebody removed is written again.
  if (path === office.pidfile?.path && (path === undefined || existsSync(path))) return
  if (path === undefined) {
    office.pidfile?.unlink()
    office.pidfile = undefined
    return
  }
  const before = pidIn(path)
  if (office.pidfile && office.pidfile.path !== path) office.pidfile.rename(path, gone)
  else office.pidfile = Pidfile.create(path, gone)
  if (before !== undefined && before !== process.pid) await endWorkersOf(office, before, before === gone)
}

/** Longer than a worker without a master takes to finish what it holds (worker/worker.ts). */
const ORPHANS = 2000

async function endWorkersOf(office: Office, master: number, gone: boolean): Promise<void> {
  const killed = await endLeftovers(findLeftovers(master, gone), { patience: ORPHANS })
  if (killed.length === 0) return
  const pids = killed.join(', ')
  office.log.warning(`Ended what the master before (pid:${master}) left: ${pids}`, { master })
}

function pidIn(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'latin1').trim()
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
  } catch (error) {
    // What is wrong with the path is told by Pidfile.create.
    if (hasCode(error, 'ENOENT', 'EACCES', 'ENOTDIR', 'EISDIR')) return undefined
    throw error
  }
}
