/** Bytes in both directions at once: nothing waits for ever, and nothing is kept without bound. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { BodySink, Consumer, CoreBody } from '../../../../src/http/core/types.ts'
import { connect, get, latch, until } from '../harness.ts'
import { plain, post, serveCore, waiting } from './harness.ts'

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

/** Reads a body, pausing after every piece until `go` is called. */
const slowly = (body: CoreBody | undefined) => {
  const told = { bytes: 0, fate: '' as string, go: () => body?.resume() }
  const sink: BodySink = {
    data: (chunk) => {
      told.bytes += chunk.length
      body?.pause()
    },
    ended: () => {
      told.fate = 'ended'
    },
    failed: (error) => {
      told.fate = error.message
    },
  }
  body?.read(sink)
  return told
}

describe('a body that is read behind its answer', () => {
  test('comes whole to a reader that has paused meanwhile, and the next request behind it', async () => {
    const { consumer, begun } = waiting()
    const { port } = await serveCore(consumer)
    const client = await connect(port)
    const size = 400_000
    client.send(post('x'.repeat(size)))
    await until(() => begun.length === 1)
    const told = slowly(begun[0]?.body)
    await until(() => told.bytes > 0)
    begun[0]?.respond(202, '', plain, 'later')
    await client.has('later')
    while (told.fate === '') {
      told.go()
      await new Promise(setImmediate)
    }
    expect(told).toMatchObject({ fate: 'ended', bytes: size })
    client.send(get('/next'))
    await until(() => begun.length === 2)
  })

  test('is dropped, and its reader told, when that reads no more', async () => {
    const { consumer, begun } = waiting()
    const { port } = await serveCore(consumer)
    const client = await connect(port)
    client.send(post('x'.repeat(180_000)))
    await until(() => begun.length === 1)
    const told = slowly(begun[0]?.body)
    await until(() => told.bytes > 0)
    begun[0]?.respond(202, '', plain, 'later')
    client.send(get('/next'))
    await until(() => begun.length === 2)
    expect(told.fate).toContain('answered before all of it was read')
  })

  test('is dropped when its reader gives it up then, and the next request is served', async () => {
    const { consumer, begun } = waiting()
    const { port } = await serveCore(consumer)
    const client = await connect(port)
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\nbegin')
    await until(() => begun.length === 1)
    const told = slowly(begun[0]?.body)
    await until(() => told.bytes > 0)
    begun[0]?.respond(202, '', plain, 'later')
    await client.has('later')
    begun[0]?.body?.cancel()
    client.send('x'.repeat(50_000 - 'begin'.length) + get('/next'))
    await until(() => begun.length === 2)
    expect(told).toMatchObject({ fate: '', bytes: 'begin'.length })
  })
})

test('pieces of one byte are not kept by the hundred thousand', async () => {
  const { consumer, begun } = waiting()
  const { port } = await serveCore(consumer)
  const client = await connect(port)
  client.send(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`)
  client.send('1\r\nx\r\n'.repeat(65_000))
  await until(() => begun.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const pieces: Buffer[] = []
  begun[0]?.body?.read({
    data: (chunk) => void pieces.push(chunk),
    ended: () => undefined,
    failed: () => undefined,
  })
  expect(pieces.length).toBeGreaterThan(0)
  expect(pieces.length).toBeLessThan(12_000)
})

test('a listener that throws when an exchange is over costs its record, and nothing else', async () => {
  const { consumer, begun } = waiting()
  const { port, errors } = await serveCore(
    consumer,
    {},
    {
      onExchange: () => {
        throw new Error('the log is full')
      },
    },
  )
  const client = await connect(port)
  client.send(get('/1') + get('/2', 'Connection: close\r\n'))
  await until(() => begun.length === 1)
  begun[0]?.respond(200, '', plain, 'one')
  await until(() => begun.length === 2)
  begun[1]?.respond(200, '', plain, 'two')
  expect(await client.end()).toContain('two')
  expect(errors).toHaveLength(2)
})

describe('an upgrade', () => {
  test('is not offered to a request with a body, however its bytes are split', async () => {
    const { consumer, begun } = waiting()
    const { port } = await serveCore(consumer)
    const request = post('hello', 'Connection: upgrade\r\nUpgrade: x\r\n')
    for (const pieces of [[request], [request.slice(0, -2), request.slice(-2)]]) {
      const client = await connect(port)
      const before = begun.length
      for (const piece of pieces) {
        client.send(piece)
        await until(() => begun.length > before)
      }
    }
    expect(begun.map(({ upgradable }) => upgradable)).toEqual([false, false])
  })

  test('whose client breaks off before anyone listens ends nobody', async () => {
    const closed = latch()
    const { port } = await serveCore((exchange) => {
      const { socket } = exchange.upgrade()
      socket.on('close', closed.open)
      socket.resume()
    })
    const client = await connect(port)
    client.send(get('/', 'Connection: upgrade\r\nUpgrade: x\r\n'))
    await until(() => client.socket.bytesWritten > 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    client.socket.resetAndDestroy()
    await closed.opened
  })
})

test('a connection that waits for its next request keeps nothing of a large one', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const { consumer, begun } = waiting()
  const { port, records } = await serveCore(consumer, { keepAliveMs: 60_000 })
  const client = await connect(port)
  client.send(get('/', `X-Large: ${'x'.repeat(8000)}\r\n`.repeat(6)))
  await until(() => begun.length === 1)
  const fields = new WeakRef(begun[0]?.headers ?? {})
  begun.pop()?.respond(200, '', plain, 'hello')
  await client.has('hello')
  await until(() => {
    records.pop()
    collectGarbage()
    return fields.deref() === undefined
  })
})

test('a body that only the end of the connection bounds is not mistaken for whole when it fails', async () => {
  const { consumer, begun } = waiting()
  const { port } = await serveCore(consumer)
  const client = await connect(port)
  client.send('GET / HTTP/1.0\r\n\r\n')
  await until(() => begun.length === 1)
  begun[0]?.begin(200, '', plain)
  begun[0]?.write('half of it')
  await client.has('half of it')
  begun[0]?.fail()
  await until(() => client.ended || client.error !== undefined)
  expect(client.error).toMatchObject({ code: 'ECONNRESET' })
})
