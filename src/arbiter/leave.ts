/** How the master ends once its last worker is gone: hooks, pidfile, logs, and the exit status. */
import { withCode } from '../util/with-code.ts'
import type { Office } from './office.ts'
import type { Failure } from './state.ts'

/** Never rejects; the process ends with it. */
export async function leave(office: Office, code: number, reason: Failure | undefined): Promise<void> {
  const { log, config } = office
  const master = office.state().role === 'challenger' ? 'Master.2' : 'Master'
  log[reason ? 'error' : 'info'](`Shutting down: ${master}`)
  if (reason) tellReason(office, reason)
  office.watchEnd()
  office.pidfile?.unlink()
  office.salvage.close()
  for (const attendant of office.attendants) await attendant.close()
  // Whoever is the other master of an upgrade goes on with it.
  office.own.close(office.successor !== undefined || master !== 'Master')
  await office.hooks.call(config, 'on_exit', office.server)
  for (const { close } of office.loads.values()) close?.()
  await office.statsd?.close()
  office.board.close()
  office.molds.close()
  office.bridge.remove()
  office.successor?.unref()
  office.announcer.leaving()
  await office.notifier.settled()
  await log.close()
  office.options.exit(code)
}

function tellReason({ log }: Office, { message, code, detail }: Failure): void {
  log.error(`Reason: ${withCode(message, code)}`, {
    ...(code ? { code } : {}),
    ...(detail ? { detail } : {}),
  })
}
