/** The requests in a front's hands, as it tells its master of them. It changes nothing. */
import { mostSaid, type RequestSaid } from '../ipc/messages.ts'
import type { Ticket } from './ticket.ts'

interface Having {
  readonly address: { readonly pid: number }
  readonly channels: Iterable<{ readonly tickets: readonly Ticket[] }>
}

/** Those that workers have, then those that wait; `most` in all. */
export function requestsOf(workers: Iterable<Having>, queued: Iterable<Ticket>, most: number): RequestSaid[] {
  const said: RequestSaid[] = []
  // Only the first of a channel runs; those behind it wait in the worker.
  for (const { address, channels } of workers)
    for (const { tickets } of channels)
      for (const [at, ticket] of tickets.entries())
        if (ticket.phase !== 'over') said.push(requestSaid(ticket, at === 0 ? address.pid : null))
  for (const ticket of queued) {
    if (said.length >= most) break
    said.push(requestSaid(ticket, null))
  }
  return said.slice(0, most)
}

const requestSaid = ({ exchange, phase }: Ticket, worker: number | null): RequestSaid => ({
  worker,
  method: exchange.method,
  path: exchange.target.slice(0, mostSaid.path),
  ageMs: performance.now() - exchange.started,
  client: exchange.remoteAddress,
  phase: worker === null ? 'waiting' : phase === 'begun' ? 'responding' : 'running',
})
