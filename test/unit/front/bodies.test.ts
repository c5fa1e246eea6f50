/** Request bodies: collected when they are small, asked for when they are not, and clients that stop half-way. */
import { describe, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { connect } from '../http/harness.ts'
import { type FakeChannel, FakeWorker } from './fake-worker.ts'
import { serveFront } from './harness.ts'

const want = (channel: FakeChannel, id: number, bytes: number): void => {
  const body = Buffer.alloc(4)
  body.writeUInt32LE(bytes)
  channel.send(73, { id, body })
}

const bodyIn = (channel: FakeChannel | undefined): Buffer =>
  Buffer.concat((channel?.frames ?? []).filter(({ type }) => type === 4).map(({ body }) => body))

const framesOf = (channel: FakeChannel | undefined, type: number) =>
  (channel?.frames ?? []).filter((frame) => frame.type === type)

const head = (more: string): string => `POST /up HTTP/1.1\r\nHost: x\r\n${more}\r\n`

describe('a small body', () => {
  test('comes with its request, however slowly the client sends it; nothing comes before', async () => {
    const worker = await new FakeWorker((channel, { type, id }) => {
      if (type === 3) channel.full(id)
    }).listen()
    const { port } = await serveFront([worker])
    const client = await connect(port)
    client.send(`${head('Content-Length: 10\r\n')}12345`)
    client.send('')
    const other = await connect(port)
    other.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually(() => other.text.endsWith('hello'))
    expect(worker.requests.map(({ environ }) => environ['RAW_URI'])).toEqual(['/'])
    client.send('67890')
    await eventually(() => client.text.endsWith('hello'))
    const [, post] = worker.requests
    expect([post?.flags, post?.body.toString(), post?.environ['CONTENT_LENGTH']]).toEqual([
      0,
      '1234567890',
      '10',
    ])
  })

  test('that is chunked gets its length', async () => {
    const worker = await new FakeWorker((channel, { type, id }) => {
      if (type === 3) channel.full(id)
    }).listen()
    const { port } = await serveFront([worker])
    const client = await connect(port)
    client.send(`${head('Transfer-Encoding: chunked\r\n')}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`)
    await eventually(() => client.text.endsWith('hello'))
    const [post] = worker.requests
    expect([post?.body.toString(), post?.environ['CONTENT_LENGTH'], post?.flags]).toEqual(['abcde', '5', 0])
  })

  test('that breaks off never reaches a worker', async () => {
    const worker = await new FakeWorker().listen()
    const { port, front } = await serveFront([worker])
    const client = await connect(port)
    client.send(`${head('Content-Length: 10\r\n')}12345`)
    client.socket.end()
    await eventually(() => client.ended)
    expect(client.text).toMatch(/^HTTP\/1\.1 400 /)
    expect([front.running, front.waiting, worker.requests.length]).toEqual([0, 0, 0])
  })
})

describe('a large body', () => {
  const size = 3_000_000
  const body = Buffer.alloc(size, '0123456789')

  test('comes as it is wanted, never more of it, and then says its end', async () => {
    const worker = await new FakeWorker().listen()
    const { port } = await serveFront([worker])
    const client = await connect(port)
    client.send(head(`Content-Length: ${size}\r\n`) + body.toString())
    const [request] = await eventually(() => worker.requests.length === 1 && worker.requests)
    const id = request?.id ?? 0
    expect([request?.flags, request?.body.length, request?.environ['CONTENT_LENGTH']]).toEqual([
      1,
      0,
      String(size),
    ])
    const channel = worker.data[0]
    for (let wanted = 0; wanted < size + 100_000; wanted += 100_000) {
      if (channel) want(channel, id, 100_000)
      const due = Math.min(size, wanted + 100_000)
      await eventually(() => bodyIn(channel).length === due)
    }
    await eventually(() => framesOf(channel, 5).length === 1)
    expect(bodyIn(channel).equals(body)).toBe(true)
    expect(Math.max(...framesOf(channel, 4).map((one) => one.body.length))).toBeLessThanOrEqual(65_536)
    expect(framesOf(channel, 5)).toMatchObject([{ id, flags: 0, text: '' }])
    channel?.full(id)
    await eventually(() => client.text.endsWith('hello'))
  })

  test('that nobody wants is not read', async () => {
    const worker = await new FakeWorker().listen()
    const { port } = await serveFront([worker])
    const client = await connect(port)
    client.send(head('Content-Length: 50000000\r\n'))
    client.send('x'.repeat(50_000_000))
    await eventually(() => worker.requests.length === 1)
    let before = -1
    await eventually(
      () => {
        const still = client.socket.writableLength === before
        before = client.socket.writableLength
        return still
      },
      { every: 150 },
    )
    expect(before).toBeGreaterThan(30_000_000)
  })

  test('that is chunked is asked for from where it became large', async () => {
    const worker = await new FakeWorker().listen()
    const { port } = await serveFront([worker], { collectLimit: 1000 })
    const client = await connect(port)
    const chunk = 'y'.repeat(700)
    client.send(head('Transfer-Encoding: chunked\r\n'))
    for (let count = 0; count < 10; count += 1) client.send(`2bc\r\n${chunk}\r\n`)
    const [request] = await eventually(() => worker.requests.length === 1 && worker.requests)
    expect(request?.environ).not.toHaveProperty('CONTENT_LENGTH')
    client.send('0\r\n\r\n')
    const channel = worker.data[0]
    if (channel) want(channel, request?.id ?? 0, 100_000)
    await eventually(() => framesOf(channel, 5).length === 1)
    expect(bodyIn(channel).toString()).toBe(chunk.repeat(10))
  })

  test('that is malformed is refused by the core, and to the worker its client is gone', async () => {
    const worker = await new FakeWorker().listen()
    const { port } = await serveFront([worker])
    const client = await connect(port)
    client.send(`${head('Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n')}`)
    const [request] = await eventually(() => worker.requests.length === 1 && worker.requests)
    const channel = worker.data[0]
    if (channel) want(channel, request?.id ?? 0, 100_000)
    await eventually(() => client.text.includes('100 Continue'))
    client.send('5\r\nabcdeXX')
    await eventually(() => framesOf(channel, 6).length === 1)
    expect(client.text).toMatch(/HTTP\/1\.1 400 /)
  })

  test('of a client that goes is an ABORT', async () => {
    const worker = await new FakeWorker().listen()
    const { port } = await serveFront([worker])
    const client = await connect(port)
    client.send(`${head('Content-Length: 100000\r\n')}some`)
    const [request] = await eventually(() => worker.requests.length === 1 && worker.requests)
    const channel = worker.data[0]
    if (channel) want(channel, request?.id ?? 0, 100_000)
    await eventually(() => bodyIn(channel).length === 4)
    client.socket.destroy()
    await eventually(() => framesOf(channel, 6).length === 1)
    expect(framesOf(channel, 6)).toMatchObject([{ id: request?.id }])
  })

  test('that is waited for is no silence of the worker: when it dies then, it did not take too long', async () => {
    const worker = await new FakeWorker().listen()
    const { port } = await serveFront([worker], { timeoutMs: 40 })
    for (const wanted of [100_000, 4]) {
      const began = performance.now()
      const silence = () => performance.now() - began > 150
      const client = await connect(port)
      client.send(`${head('Content-Length: 100000\r\n')}some`)
      const channel = await eventually(() => worker.data.find(({ requests }) => requests.length > 0))
      want(channel, channel.requests[0]?.id ?? 0, wanted)
      await eventually(() => bodyIn(channel).length === 4 && silence())
      channel.socket.destroy()
      // Who has all that it wanted is at work.
      await eventually(() => client.text.startsWith(`HTTP/1.1 ${wanted === 4 ? 504 : 502} `))
    }
  })

  test('has its channel for itself', async () => {
    const worker = await new FakeWorker().listen()
    const { port, url, front } = await serveFront([worker])
    const client = await connect(port)
    client.send(head('Content-Length: 100000\r\n'))
    const [request] = await eventually(() => worker.requests.length === 1 && worker.requests)
    const second = fetch(url('/second'))
    await eventually(() => front.waiting === 1)
    expect(worker.requests.length).toBe(1)
    worker.data[0]?.full(request?.id ?? 0)
    await eventually(() => worker.requests.length === 2)
    worker.data[0]?.full(worker.requests[1]?.id ?? 0)
    expect((await second).status).toBe(200)
  })

  test('that is answered before it is read is not waited for, and the channel goes on', async () => {
    const worker = await new FakeWorker((channel, { type, id }) => {
      if (type === 3) channel.full(id, 'no', 'Content Too Large', 413)
    }).listen()
    const { port, url } = await serveFront([worker])
    const client = await connect(port)
    client.send(head('Content-Length: 10000000\r\n'))
    await eventually(() => client.text.endsWith('no'))
    expect((await fetch(url('/'))).status).toBe(413)
  })
})

describe('Expect: 100-continue', () => {
  test('is answered when the worker reads, also of a small body', async () => {
    const worker = await new FakeWorker((channel, { type, id }) => {
      if (type === 5) channel.full(id)
    }).listen()
    const { port } = await serveFront([worker])
    const client = await connect(port)
    client.send(head('Content-Length: 5\r\nExpect: 100-continue\r\n'))
    const [request] = await eventually(() => worker.requests.length === 1 && worker.requests)
    expect([request?.flags, client.text]).toEqual([1, ''])
    const channel = worker.data[0]
    if (channel) want(channel, request?.id ?? 0, 65_536)
    await eventually(() => client.text.endsWith('100 Continue\r\n\r\n'))
    client.send('12345')
    await eventually(() => client.text.endsWith('hello'))
    expect(bodyIn(channel).toString()).toBe('12345')
  })

  test('of a client that does not wait for it is a body as any other', async () => {
    const worker = await new FakeWorker((channel, { type, id }) => {
      if (type === 3) channel.full(id)
    }).listen()
    const { port } = await serveFront([worker])
    const client = await connect(port)
    client.send(`${head('Content-Length: 5\r\nExpect: 100-continue\r\n')}12345`)
    await eventually(() => client.text.endsWith('hello'))
    expect(worker.requests[0]?.body.toString()).toBe('12345')
  })
})
