/**
 * The load generator: a process of its own, so that neither the test's event loop nor the server's disturbs it.
 * The plan is its one argument (JSON, see load-types.ts); orders come and news go over the IPC channel.
 *
 * With a rate, requests are due at fixed times, whatever the answers do; when all clients are busy the due ones
 * are sent late, never left out.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { LoadFailure, LoadNews, LoadOrder, LoadPlan } from './load-types.ts'
import { ClientFailure, RawClient, requestText } from './raw-client.ts'

const plan: LoadPlan = JSON.parse(process.argv[2] ?? '{}')
const began = performance.now()
const failures: LoadFailure[] = []
const latencies: number[] = []
let requests = 0
let connections = 0
let idleEndings = 0
let running = true

const connect = async (): Promise<RawClient> => {
  connections++
  const client = await RawClient.connect(plan.target, { within: plan.timeout })
  if (plan.greeting !== undefined) client.send(plan.greeting)
  return client
}

/** The connection to ask on: the kept one if it is still open. A failure to connect is a failed request. */
const ready = async (kept: RawClient | undefined): Promise<RawClient> => {
  if (kept !== undefined && kept.ending === undefined) return kept
  if (kept !== undefined) idleEndings++
  return connect()
}

const headers = { Connection: plan.mode === 'keepalive' ? 'keep-alive' : 'close' }
const text = requestText(plan.path, { headers })

/** One request; gives the connection back when it may be used again. */
const ask = async (kept: RawClient | undefined): Promise<RawClient | undefined> => {
  requests++
  const [start, asked] = [performance.now(), Date.now()]
  let client: RawClient | undefined
  try {
    client = await ready(kept)
    client.send(text)
    const answer = await client.answer({ within: plan.timeout })
    if (answer.status !== 200) throw new ClientFailure(`status ${answer.status}`, answer.body.slice(0, 200))
    if (!answer.body.includes(plan.expectBody)) throw new ClientFailure('body', answer.body.slice(0, 200))
    latencies.push(performance.now() - start)
    if (plan.mode === 'keepalive' && !answer.closes) return client
  } catch (error) {
    failures.push(describe(error, asked))
  }
  client?.close()
  return undefined
}

const describe = (error: unknown, asked: number): LoadFailure => ({
  asked,
  kind: error instanceof ClientFailure ? error.kind : 'error',
  at: Math.round(performance.now() - began),
  detail: error instanceof Error ? error.message : String(error),
})

let issued = 0
/** Waits until the next request is due; the times are shared by all clients. */
const due = async (): Promise<void> => {
  if (plan.rate === undefined) return
  const at = began + (issued++ * 1000) / plan.rate
  const wait = at - performance.now()
  if (wait > 0) await pause(wait)
}

const client = async (): Promise<void> => {
  let kept: RawClient | undefined
  while (running) {
    await due()
    if (running) kept = await ask(kept)
    // A server that fails at once must not turn this loop into a flood.
    if (failures.length > 1000) running = false
  }
  kept?.close()
}

const tell = (news: LoadNews): void => {
  process.send?.(news)
}

const quantile = (sorted: readonly number[], q: number): number =>
  Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0) * 10) / 10

const report = (): LoadNews => {
  const sorted = latencies.toSorted((a, b) => a - b)
  return {
    type: 'report',
    report: {
      requests,
      answered: latencies.length,
      failures,
      connections,
      idleEndings,
      seconds: (performance.now() - began) / 1000,
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      slowest: quantile(sorted, 1),
    },
  }
}

process.on('message', (order: LoadOrder) => {
  if (order === 'stop') running = false
  else tell({ type: 'progress', answered: latencies.length, failed: failures.length })
})
// The test is gone: nobody will stop us.
process.on('disconnect', () => process.exit(1))

await Promise.all(Array.from({ length: plan.connections }, client))
tell(report())
process.disconnect()
