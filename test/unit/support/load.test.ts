import { createServer, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startLoad } from '../../support/load.ts'
import { freePort } from '../../support/machine.ts'

type Answering = (index: number) => string | 'reset' | 'end'

/** A server that does with its n-th request whatever `answering` says. */
const serve = async (answering: Answering): Promise<{ port: number; server: Server }> => {
  const port = await freePort()
  let index = 0
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => {
      const deed = answering(index++)
      if (deed === 'reset') socket.resetAndDestroy()
      else if (deed === 'end') socket.end()
      else socket.write(deed)
    })
  })
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  onTestFinished(() => {
    server.close()
  })
  return { port, server }
}

const ok = (connection = 'keep-alive') =>
  `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: ${connection}\r\n\r\nhello`

test('a good server causes no failure, and keep-alive clients keep their connections', async () => {
  const { port } = await serve(() => ok())
  const load = await startLoad({ port }, { mode: 'keepalive', connections: 3, rate: 500 })
  await load.answered(100)
  const report = await load.stop()
  expect(report.failures).toEqual([])
  expect(report.connections).toBe(3)
})

test('a keep-alive client that is told to close reconnects without a failure', async () => {
  const { port } = await serve((index) => ok(index % 5 === 4 ? 'close' : 'keep-alive'))
  const load = await startLoad({ port }, { mode: 'keepalive', connections: 2, rate: 500 })
  await load.answered(100)
  const report = await load.stop()
  expect(report.failures).toEqual([])
  expect(report.connections).toBeGreaterThan(10)
})

test.each([
  ['a reset', 'reset', 'reset'],
  ['an end without an answer', 'end', 'closed'],
  ['an error status', 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n', 'status 503'],
  ['another body', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno', 'body'],
] as const)('%s is counted by its kind', async (_name, deed, kind) => {
  const { port } = await serve((index) => (index === 20 ? deed : ok('close')))
  const load = await startLoad({ port }, { mode: 'fresh', connections: 4, rate: 500 })
  await load.answered(60)
  const report = await load.stop()
  expect(report.failures.map((failure) => failure.kind)).toEqual([kind])
})

test('nobody listening is a failure of its own kind', async () => {
  // Closed while the only request under way is in hand: what waits to be accepted would be reset, and that is another kind.
  const { port, server } = await serve((index) => {
    if (index === 5) server.close()
    return ok('close')
  })
  const load = await startLoad({ port }, { mode: 'fresh', connections: 1, rate: 200 })
  await load.failed(3)
  const report = await load.stop()
  expect(new Set(report.failures.map(({ kind }) => kind))).toEqual(new Set(['refused']))
})
