/**
 * `enable_backlog_metric`: once a second, how many connections wait to be accepted, to statsd. Linux and TCP only:
 * the kernel tells it of no other socket. Without the setting nothing runs.
 */
import type { Listener } from '../sockets/listener.ts'
import { socketInode } from '../util/proc-sockets.ts'
import { listeningSockets, type TcpRow } from '../util/tcp-table.ts'
import type { Office } from './office.ts'

const EVERY = 1000

/** Measures until the process ends; the timer does not keep it alive. */
export function measureBacklog(office: Office): void {
  setInterval(() => {
    if (office.config.enable_backlog_metric) office.statsd?.backlog(backlogOf(office))
  }, EVERY).unref()
}

function backlogOf({ listeners, state }: Office): number {
  const rows = listeningSockets()
  return listeners
    .of(state().serving?.number ?? 0)
    .reduce((sum, listener) => sum + (queuedAt(listener, rows) ?? 0), 0)
}

/**
 * Connections that wait to be accepted from this listener; null where the system does not tell: unix sockets, other
 * systems, another network namespace. `rows` are `listeningSockets()`, read once for all listeners.
 */
export function queuedAt({ fd }: Pick<Listener, 'fd'>, rows: readonly TcpRow[]): number | null {
  const inode = socketInode('self', fd)
  return rows.find((row) => row.inode === inode)?.queued ?? null
}
