/**
 * `enable_backlog_metric`: once a second, how many connections wait to be accepted, to statsd. Linux and TCP only:
 * the kernel tells it of no other socket. Without the setting nothing runs.
 */
import { tcpTable } from '../util/tcp-table.ts'
import type { Office } from './office.ts'

const EVERY = 1000

/** Measures until the process ends; the timer does not keep it alive. */
export function measureBacklog(office: Office): void {
  setInterval(() => {
    if (office.config.enable_backlog_metric) office.statsd?.backlog(backlogOf(office))
  }, EVERY).unref()
}

function backlogOf({ listeners, state }: Office): number {
  const ports = new Set(
    listeners
      .of(state().serving?.number ?? 0)
      .map(({ address }) => (address.kind === 'tcp' ? address.port : -1)),
  )
  return tcpTable()
    .filter(({ listening, port }) => listening && ports.has(port))
    .reduce((sum, { queued }) => sum + queued, 0)
}
