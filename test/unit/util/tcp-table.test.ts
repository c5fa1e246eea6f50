import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { listeningSockets, tcpTable } from '../../../src/util/tcp-table.ts'

test.runIf(process.platform === 'linux')(
  'the sockets that listen are told without those that do not, however many there are',
  async () => {
    const servers = await Promise.all(
      ['127.0.0.1', '127.0.0.2'].map(async (host) => {
        const server = createServer().listen(0, host)
        await once(server, 'listening')
        return server
      }),
    )
    const ports = servers.map((server) => {
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : 0
    })
    const clients: Socket[] = []
    for (let count = 0; count < 200; count += 1) {
      const client = connect(ports[0] ?? 0, '127.0.0.1')
      await once(client, 'connect')
      clients.push(client)
    }
    const ours = () => listeningSockets().filter(({ port }) => ports.includes(port))
    expect(ours().map(({ address, listening }) => [address, listening])).toEqual(
      expect.arrayContaining([
        ['127.0.0.1', true],
        ['127.0.0.2', true],
      ]),
    )
    expect(ours()).toEqual(tcpTable().filter(({ port, listening }) => listening && ports.includes(port)))
    for (const client of clients) client.destroy()
    for (const server of servers) server.close()
  },
)
