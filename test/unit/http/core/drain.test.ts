import { describe, expect, test } from 'vitest'
import { noFields } from '../../../../src/http/h1/fields.ts'
import { connect, get, until } from '../harness.ts'
import { hello, plain, serveCore, waiting } from './harness.ts'

const idle = { emptyAcceptQueue: false, idleMs: 5000 }

describe('a draining core', () => {
  test('finishes the request in hand and says that it closes', async () => {
    const { consumer, begun } = waiting()
    const { port, engine } = await serveCore(consumer)
    const client = await connect(port)
    client.send(get('/slow'))
    await until(() => begun.length === 1)
    const drained = engine.drain(idle)
    begun[0]?.respond(200, '', plain, 'done')
    expect(await client.end()).toMatch(/connection: close[\s\S]*done/i)
    await drained
    expect(engine.connections).toBe(0)
  })

  test('answers a request that arrives on an idle connection, and closes it then', async () => {
    const { port, engine } = await serveCore(hello)
    const client = await connect(port)
    await client.send(get()).has('hello')
    const drained = engine.drain(idle)
    const text = await client.send(get('/late')).end()
    expect(text.split('hello')).toHaveLength(3)
    expect(text.slice(text.indexOf('hello'))).toMatch(/connection: close/i)
    await drained
  })

  test('answers a connection that was accepted and had sent nothing yet', async () => {
    const { port, engine } = await serveCore(hello)
    const client = await connect(port)
    await until(() => engine.connections === 1)
    const drained = engine.drain(idle)
    expect(await client.send(get()).end()).toMatch(/connection: close[\s\S]*hello/i)
    await drained
  })

  test('ends connections that stay idle after idleMs, in order', async () => {
    const { port, engine } = await serveCore(hello, { keepAliveMs: 60_000 })
    const [used, fresh] = [await connect(port), await connect(port)]
    await used.send(get()).has('hello')
    await until(() => engine.connections === 2)
    const drained = engine.drain({ emptyAcceptQueue: false, idleMs: 30 })
    await Promise.all([used.end(), fresh.end()])
    await drained
  })

  test('does not take a half-sent request for idle', async () => {
    const { port, engine } = await serveCore(hello)
    const client = await connect(port)
    client.send('GET / HT')
    await until(() => engine.connections === 1)
    const other = await connect(port)
    const drained = engine.drain({ emptyAcceptQueue: true, idleMs: 20 })
    await other.end()
    expect(await client.send('TP/1.1\r\nHost: x\r\n\r\n').end()).toContain('hello')
    await drained
  })

  test('answers all pipelined requests, also those that come meanwhile; only the last says close', async () => {
    const { consumer, begun } = waiting()
    const { port, engine } = await serveCore(consumer)
    const client = await connect(port)
    client.send(get('/1') + get('/2'))
    await until(() => begun.length === 1)
    const drained = engine.drain(idle)
    client.send(get('/3'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    for (const index of [0, 1, 2]) {
      await until(() => begun.length > index)
      begun[index]?.respond(200, '', plain, `answer ${index}`)
    }
    const text = await client.end()
    await drained
    expect(text.match(/answer \d|(?<=connection: )\S+/gi)).toEqual([
      'keep-alive',
      'answer 0',
      'keep-alive',
      'answer 1',
      'close',
      'answer 2',
    ])
  })

  test('answers pipelined requests that arrive in one piece on an idle connection', async () => {
    const { port, engine } = await serveCore(hello)
    const client = await connect(port)
    await client.send(get()).has('hello')
    const drained = engine.drain(idle)
    const text = await client.send(get('/1') + get('/2') + get('/3')).end()
    await drained
    expect(text.split('hello')).toHaveLength(5)
  })

  test('takes in what waits in the queue of the kernel, so that nobody there is reset', async () => {
    const { port, engine } = await serveCore(hello)
    const clients = Array.from({ length: 40 }, () => connect(port))
    const drained = engine.drain({ emptyAcceptQueue: true, idleMs: 2000 })
    const texts = await Promise.all(clients.map(async (client) => (await client).send(get()).end()))
    expect(texts.every((text) => text.endsWith('hello'))).toBe(true)
    await drained
  })

  test('waits for upgraded connections', async () => {
    const { port, engine } = await serveCore((exchange) => {
      const { socket } = exchange.upgrade()
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      socket.on('data', (data) => socket.end(data))
    })
    const client = await connect(port)
    await client.send(get('/ws', 'Connection: Upgrade\r\nUpgrade: x\r\n')).has('101')
    const idleClient = await connect(port)
    await until(() => engine.connections === 2)
    const drained = engine.drain({ emptyAcceptQueue: false, idleMs: 10 })
    await idleClient.end()
    expect(engine.connections).toBeGreaterThan(0)
    await client.send('bye').has('bye')
    client.socket.end()
    await drained
  })

  test('ends a connection whose head had promised to be kept, once idle time is over', async () => {
    const { consumer, begun } = waiting()
    const { port, engine } = await serveCore(consumer, { keepAliveMs: 60_000 })
    const [client, other] = [await connect(port), await connect(port)]
    client.send(get('/slow'))
    await until(() => begun.length === 1 && engine.connections === 2)
    begun[0]?.begin(200, '', noFields)
    begun[0]?.write('half')
    await client.has('half')
    const drained = engine.drain({ emptyAcceptQueue: false, idleMs: 10 })
    await other.end()
    begun[0]?.write('whole')
    begun[0]?.end()
    expect(await client.end()).toContain('whole')
    await drained
  })

  test('waits for what the application does beside its answers', async () => {
    let settle = (): void => undefined
    const settled = new Promise<void>((resolve) => {
      settle = resolve
    })
    const options = { settled: () => settled }
    const { engine } = await serveCore(hello, {}, options)
    let done = false
    const drained = engine.drain({ emptyAcceptQueue: false, idleMs: 10 }).then(() => {
      done = true
    })
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(done).toBe(false)
    settle()
    await drained
  })
})
