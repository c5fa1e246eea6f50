/** Bytes in both directions at once: nothing waits for ever, and nothing is kept without bound. */
import { describe, expect, test } from 'vitest'
import type { Consumer } from '../../../../src/http/core/types.ts'
import { connect, get, until } from '../harness.ts'
import { plain, post, serveCore, textOf, waiting } from './harness.ts'

/** Sends back every piece of the body as it comes, whatever the client takes. */
const mirror: Consumer = (exchange) => {
  exchange.begin(200, '', plain)
  exchange.body?.read({
    data: (chunk) => void exchange.write(chunk),
    ended: () => exchange.end(),
    failed: () => exchange.fail(),
  })
}

describe('a body that is read while its answer is written', () => {
  test('goes on when a client that was slow to read reads again', async () => {
    const { port, refusals } = await serveCore(mirror, { bodyMs: 2000 })
    const client = await connect(port)
    const size = 24 * 1024 * 1024
    client.socket.pause()
    client.send(post('x'.repeat(size)))
    let before = -1
    await until(() => client.socket.bytesWritten > 0)
    while (before !== client.socket.writableLength) {
      before = client.socket.writableLength
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    client.socket.resume()
    await until(() => client.socket.bytesRead > size || client.ended)
    expect(refusals).toEqual([])
    expect(client.socket.bytesRead).toBeGreaterThan(size)
  })
})
