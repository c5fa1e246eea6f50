/** Clients of a worker that hangs, who wait for nothing at that moment, are served on by others. */
import { describe, expect, test } from 'vitest'
import { appOf, fetchAppOf } from '../support/apps.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient, requestText } from '../support/raw-client.ts'

const kept = { headers: { Connection: 'keep-alive' } }

/** Clients, each with a connection that has been asked once, and who has accepted it. */
const clientsOf = async (server: Daemon, count: number) =>
  await Promise.all(
    Array.from({ length: count }, async () => {
      const client = await RawClient.connect(server.target)
      client.send(requestText('/pid', kept))
      return { client, pid: Number((await client.answer()).body) }
    }),
  )

const apps = [
  ['fetch', fetchAppOf()],
  ['node:http', appOf()],
] as const

describe.each(apps)('an application of %s', (_, app) => {
  test('with others: whoever was idle is answered by them', async () => {
    const server = await start({ workers: 2, app, args: ['--timeout', '1'] })
    await server.allReady()
    const clients = await clientsOf(server, 20)
    const hanging = await server.hold('/hang')
    const pid = Number((await server.logged(/WORKER TIMEOUT \(pid:(\d+)\)/))[1])
    for (const { client } of clients) client.send(requestText('/pid', kept))
    const answers = await Promise.all(clients.map(({ client }) => client.answer()))
    const mine = clients.filter((client) => client.pid === pid)
    for (const { status, body } of answers) expect([status, Number(body) === pid]).toEqual([200, false])
    if (mine.length > 0)
      await server.logged(
        new RegExp(`\\(pid:${pid}\\) was blocked; ${mine.length} of its idle connections were handed`),
      )
    await hanging.ended()
    await server.assertClean({ allows: [/./] })
  })
})
