/** Node-style applications: CONNECT that nobody serves, behind responses that are under way. */
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import { connect, get, serve, until } from './harness.ts'

const size = 4_000_000
const piece = Buffer.alloc(65_536, 'x')

/** `/large` is given at once, `/stream` as fast as the client takes it. */
const app = {
  kind: 'node',
  shape: 'function',
  handler: (request, response) => {
    if (request.url === '/large') return void response.end(Buffer.alloc(size, 'x'))
    const pieces = Array.from({ length: 64 }, () => piece)
    Readable.from(pieces).pipe(response)
  },
} as const satisfies Application

const declined: Readonly<Record<string, string>> = {
  'that nobody serves': 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n',
  'that is malformed': 'CONNECT x:2147483648 HTTP/1.1\r\nHost: x\r\n\r\nmore of it',
}

test.each(
  Object.entries(declined).flatMap(([what, text]) => ['/large', '/stream'].map((path) => [what, path, text])),
)('a CONNECT %s behind %s: that is sent whole, and the connection ends', async (_, path = '', text = '') => {
  const { port, engine } = await serve(app)
  const client = await connect(port)
  client.send(get(path))
  await client.has('200 OK')
  // So that the rest of the response waits for us, its head being on its way.
  client.socket.pause()
  client.send(text).socket.end()
  await new Promise((resolve) => setImmediate(resolve))
  client.socket.resume()
  expect((await client.end()).split('x').length).toBeGreaterThan(size)
  await until(() => engine.connections === 0)
})
