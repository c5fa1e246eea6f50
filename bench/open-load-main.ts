/**
 * The load generator of `bench:failure`: a process of its own. Requests are sent when they are due, answered or not (an
 * open loop), and latency counts from the moment a request was due: a server that stalls is told of all that come
 * meanwhile. Nothing is retried. The plan is the one argument (JSON); the order to stop comes over the IPC channel.
 */
import { setPriority } from 'node:os'
import { hasCode } from '../src/errors.ts'
import { ClientFailure, RawClient, requestText } from '../test/support/raw-client.ts'
import type { Asked, OpenLoadNews, OpenLoadOrder, OpenLoadPlan } from './open-load-types.ts'

const plan: OpenLoadPlan = JSON.parse(process.argv[2] ?? '{}')
const texts = {
  fresh: requestText('/', { headers: { Connection: 'close' } }),
  kept: requestText('/', { headers: { Connection: 'keep-alive' } }),
}
/** Idle connections beyond these are closed, and requests beyond these are not sent: both are far from what is normal. */
const mostIdle = 32
const mostUnderWay = 4000

/** Late sending would be measured as the server's: the generator goes first where that is allowed. */
const hurry = (): void => {
  try {
    setPriority(-20)
  } catch (error) {
    if (!hasCode(error, 'ERR_SYSTEM_ERROR', 'EPERM', 'EACCES')) throw error
  }
}

const now = (): number => Number(process.hrtime.bigint()) / 1e6
const asked: Asked[] = []
const idle: RawClient[] = []
let underWay = 0
let stopping = false

const connect = (): Promise<RawClient> => RawClient.connect({ port: plan.port }, { within: plan.timeout })

/** The connection that was idle longest, if one is still open; else a new one. */
const kept = (): Promise<RawClient> | RawClient => {
  for (let client = idle.shift(); client !== undefined; client = idle.shift()) {
    if (client.ending === undefined) return client
    client.close()
  }
  return connect()
}

const release = (client: RawClient, stays: boolean): void => {
  if (stays && idle.length < mostIdle) idle.push(client)
  else client.close()
}

const ask = async (due: number, fresh: boolean): Promise<void> => {
  let client: RawClient | undefined
  underWay += 1
  try {
    if (underWay > mostUnderWay) throw new ClientFailure('not sent', `${mostUnderWay} requests are under way`)
    client = await (fresh ? connect() : kept())
    client.send(fresh ? texts.fresh : texts.kept)
    const { status, closes } = await client.answer({ within: Math.max(1, due + plan.timeout - now()) })
    if (status !== 200) throw new ClientFailure(`status ${status}`, 'it is not 200')
    asked.push({ due, latency: now() - due })
    release(client, !fresh && !closes)
  } catch (error) {
    client?.close()
    asked.push({ due, latency: now() - due, kind: error instanceof ClientFailure ? error.kind : 'error' })
  } finally {
    underWay -= 1
  }
}

const tell = (news: OpenLoadNews): void => {
  process.send?.(news)
}

process.on('message', (order: OpenLoadOrder) => {
  stopping = order === 'stop'
})
// The benchmark is gone: nobody will stop us.
process.on('disconnect', () => process.exit(1))

hurry()
const began = now()
let sent = 0
const all: Promise<void>[] = []
tell({ type: 'began' })
await new Promise<void>((done) => {
  const timer = setInterval(() => {
    if (stopping) {
      clearInterval(timer)
      done()
      return
    }
    for (; began + (sent * 1000) / plan.rate <= now(); sent += 1)
      all.push(ask(began + (sent * 1000) / plan.rate, sent % plan.freshEvery === 0))
  }, 1)
})
await Promise.all(all)
for (const client of idle) client.close()
process.removeAllListeners('disconnect')
process.send?.({ type: 'report', asked } satisfies OpenLoadNews, () => process.disconnect())
