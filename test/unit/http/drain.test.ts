import { createServer, type ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import { noFields } from '../../../src/http/h1/fields.ts'
import type { HttpPolicy } from '../../../src/http/policy.ts'
import { hello as helloOfCore, plain, serveCore, waiting as waitingOnCore } from './core/harness.ts'
import { connect, get, hello, latch, serve, until } from './harness.ts'

/** An application that answers when told to. */
const waiting = () => {
  const begun: ServerResponse[] = []
  const app: Application = {
    kind: 'node',
    shape: 'f',
    handler: (_, response) => begun.push(response),
  }
  return { app, begun }
}

/** What a story does with a request in hand, on either engine. */
interface InHand {
  readonly end: (text: string) => void
  /** A piece of an answer of unknown length. */
  readonly write: (text: string) => void
  /** The end of such an answer. */
  readonly endWith: (text: string) => void
}
type Policy = Partial<HttpPolicy>

const onNode = {
  hello: (policy?: Policy) => serve(hello, policy),
  waiting: async (policy?: Policy) => {
    const { app, begun } = waiting()
    const inHand = (index: number): InHand | undefined => {
      const response = begun[index]
      if (!response) return undefined
      const end = (text: string) => void response.end(text)
      return { end, endWith: end, write: (text) => void response.write(text) }
    }
    return { ...(await serve(app, policy)), inHand }
  },
  /** Switches protocols, and ends with what it is sent. */
  upgrading: () =>
    serve({
      kind: 'node',
      shape: 'f',
      handler: () => undefined,
      upgrade: (_, socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
        socket.on('data', (data) => socket.end(data))
      },
    }),
}

const onCore: typeof onNode = {
  hello: (policy) => serveCore(helloOfCore, policy),
  waiting: async (policy) => {
    const { consumer, begun } = waitingOnCore()
    const inHand = (index: number): InHand | undefined => {
      const exchange = begun[index]
      if (!exchange) return undefined
      const write = (text: string): void => {
        if (exchange.phase === 'waiting') exchange.begin(200, '', noFields)
        exchange.write(text)
      }
      const endWith = (text: string): void => {
        write(text)
        exchange.end()
      }
      return { end: (text) => exchange.respond(200, '', plain, text), write, endWith }
    }
    return { ...(await serveCore(consumer, policy)), inHand }
  },
  upgrading: () =>
    serveCore((exchange) => {
      const { socket } = exchange.upgrade()
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      socket.on('data', (data) => socket.end(data))
    }),
}

const idle = { emptyAcceptQueue: false, idleMs: 5000 }

describe.each([
  ['on node:http', onNode],
  ['on the core', onCore],
])('a draining engine %s', (_, on) => {
  test('finishes the request in hand and says that it closes', async () => {
    const { port, engine, inHand } = await on.waiting()
    const client = await connect(port)
    client.send(get('/slow'))
    await until(() => inHand(0) !== undefined)
    const drained = engine.drain(idle)
    inHand(0)?.end('done')
    const text = await client.end()
    expect(text).toMatch(/connection: close[\s\S]*done/i)
    await drained
    expect(engine.connections).toBe(0)
  })

  test('answers a request that arrives on an idle connection, and closes it then', async () => {
    const { port, engine } = await on.hello()
    const client = await connect(port)
    await client.send(get()).has('hello')
    const drained = engine.drain(idle)
    const text = await client.send(get('/late')).end()
    expect(text.split('hello')).toHaveLength(3)
    expect(text.slice(text.indexOf('hello'))).toMatch(/connection: close/i)
    await drained
  })

  test('answers a connection that was accepted and had sent nothing yet', async () => {
    const { port, engine } = await on.hello()
    const client = await connect(port)
    await until(() => engine.connections === 1)
    const drained = engine.drain(idle)
    expect(await client.send(get()).end()).toMatch(/connection: close[\s\S]*hello/i)
    await drained
  })

  test('ends connections that stay idle after idleMs, in order', async () => {
    const { port, engine } = await on.hello({ keepAliveMs: 60_000 })
    const [used, fresh] = [await connect(port), await connect(port)]
    await used.send(get()).has('hello')
    await until(() => engine.connections === 2)
    await engine.drain({ emptyAcceptQueue: false, idleMs: 30 })
    await Promise.all([used.end(), fresh.end()])
  })

  test('does not take a half-sent request for idle', async () => {
    const { port, engine } = await on.hello()
    const client = await connect(port)
    client.send('GET / HT')
    await until(() => engine.connections === 1)
    const other = await connect(port)
    const drained = engine.drain({ emptyAcceptQueue: true, idleMs: 20 })
    await other.end()
    expect(await client.send('TP/1.1\r\nHost: x\r\n\r\n').end()).toContain('hello')
    await drained
  })

  test('leaves an idle connection its own, shorter, time', async () => {
    const { port, engine } = await on.hello({ keepAliveMs: 50 })
    const client = await connect(port)
    await client.send(get()).has('hello')
    const started = performance.now()
    await engine.drain({ emptyAcceptQueue: false, idleMs: 60_000 })
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test('answers pipelined requests that arrive in one piece on an idle connection', async () => {
    const { port, engine } = await on.hello()
    const client = await connect(port)
    await client.send(get()).has('hello')
    const drained = engine.drain(idle)
    const text = await client.send(get('/1') + get('/2') + get('/3')).end()
    await drained
    expect(text.split('hello')).toHaveLength(5)
  })

  test('refuses new connections once it has stopped accepting', async () => {
    const { port, engine } = await on.hello()
    await engine.drain(idle)
    await expect(connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('takes in what waits in the queue of the kernel, so that nobody there is reset', async () => {
    const { port, engine } = await on.hello()
    // Nothing is accepted until this turn ends; connects complete in the kernel meanwhile.
    const clients = Array.from({ length: 40 }, () => connect(port))
    const drained = engine.drain({ emptyAcceptQueue: true, idleMs: 2000 })
    const texts = await Promise.all(clients.map(async (client) => (await client).send(get()).end()))
    expect(texts.every((text) => text.endsWith('hello'))).toBe(true)
    await drained
  })

  test('waits for upgraded connections', async () => {
    const { port, engine } = await on.upgrading()
    const client = await connect(port)
    await client.send(get('/ws', 'Connection: Upgrade\r\nUpgrade: x\r\n')).has('101')
    const idleClient = await connect(port)
    await until(() => engine.connections === 2)
    const drained = engine.drain({ emptyAcceptQueue: false, idleMs: 10 })
    await idleClient.end()
    expect(engine.connections).toBeGreaterThan(0)
    await client.send('bye').has('bye')
    await drained
  })

  test('ends a connection whose head had promised to be kept, once idle time is over', async () => {
    const { port, engine, inHand } = await on.waiting({ keepAliveMs: 60_000 })
    const [client, other] = [await connect(port), await connect(port)]
    client.send(get('/slow'))
    await until(() => inHand(0) !== undefined && engine.connections === 2)
    inHand(0)?.write('half')
    await client.has('half')
    const drained = engine.drain({ emptyAcceptQueue: false, idleMs: 10 })
    await other.end()
    inHand(0)?.endWith('whole')
    expect(await client.end()).toContain('whole')
    await drained
  })
})

describe('a draining engine on node:http', () => {
  test('answers all pipelined requests, also those that come meanwhile; only the last says close', async () => {
    const { app, begun } = waiting()
    const { port, engine } = await serve(app)
    const client = await connect(port)
    client.send(get('/1') + get('/2'))
    await until(() => begun.length === 2)
    const drained = engine.drain(idle)
    client.send(get('/3'))
    await until(() => begun.length === 3)
    for (const [index, response] of begun.entries()) response.end(`answer ${index}`)
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

  test("lets an application's own server close without error afterwards", async () => {
    const server = createServer((_, response) => response.end('hello'))
    const { port, engine } = await serve({ kind: 'server', shape: 'server', server })
    const client = await connect(port)
    await client.send(get()).has('hello')
    const closed = latch()
    const seen: unknown[] = []
    server.close((error) => {
      seen.push(error)
      closed.open()
    })
    await engine.drain({ emptyAcceptQueue: false, idleMs: 10 })
    await closed.opened
    expect(seen).toEqual([undefined])
  })
})

describe.each([
  ['on node:http', onNode],
  ['on the core', onCore],
])('an engine that shares its clients, %s', (_, on) => {
  test('lets one connection of so many go with its next answer, and keeps the others', async () => {
    const { port, engine } = await on.hello()
    const clients = await Promise.all([1, 2, 3, 4].map(() => connect(port)))
    for (const client of clients) await client.send(get()).has('hello')
    engine.share(2)
    for (const client of clients) await client.send(get()).has('hello', 2)
    await until(() => engine.connections === 2)
    const closing = clients.filter(({ text }) => /connection: close/i.test(text))
    expect(closing).toHaveLength(2)
    for (const client of closing) expect(await client.end()).toMatch(/hello$/)
    for (const client of clients.filter((one) => !closing.includes(one)))
      expect(await client.send(get()).has('hello', 3)).not.toMatch(/connection: close/i)
    const late = await connect(port)
    expect(await late.send(get()).has('hello')).not.toMatch(/connection: close/i)
  })

  test('closes none that is quiet, and answers all that is pipelined', async () => {
    const { port, engine } = await on.hello()
    const [quiet, busy] = [await connect(port), await connect(port)]
    for (const client of [quiet, busy]) await client.send(get()).has('hello')
    engine.share(1)
    const text = await busy.send(get('/a') + get('/b') + get('/c')).end()
    expect(text.split('hello')).toHaveLength(5)
    expect(text.match(/connection: close/gi)).toHaveLength(1)
    expect(engine.connections).toBe(1)
    expect((await quiet.send(get()).end()).split('hello')).toHaveLength(3)
  })
})

describe.each([
  ['on node:http', onNode],
  ['on the core', onCore],
])('an engine that drains while others listen on its sockets, %s', (_, on) => {
  const idleMs = 20_000
  const eight = [1, 2, 3, 4, 5, 6, 7, 8]
  const isToldToGo = ({ text }: { readonly text: string }) => /connection: close/i.test(text)

  test('lets its clients go one part after the other, each with an answer', async () => {
    const { port, engine } = await on.hello()
    const clients = await Promise.all(eight.map(() => connect(port)))
    for (const client of clients) await client.send(get()).has('hello')
    const drained = engine.drain({ emptyAcceptQueue: false, idleMs })
    for (const client of clients) client.send(get())
    for (const client of clients) await client.has('hello', 2)
    const gone = clients.filter(isToldToGo)
    expect(gone.length).toBeGreaterThanOrEqual(2)
    expect(gone.length).toBeLessThan(8)
    // The others ask on until they are told to go; each is told with an answer.
    for (let asked = 3; !clients.every(isToldToGo); asked += 1)
      for (const client of clients.filter((one) => !isToldToGo(one)))
        await client.send(get()).has('hello', asked)
    for (const client of clients) expect(await client.end()).toMatch(/hello$/)
    await drained
    expect(engine.connections).toBe(0)
  })

  test('lets all go at once when nobody will', async () => {
    const { port, engine } = await on.hello()
    const clients = await Promise.all(eight.map(() => connect(port)))
    for (const client of clients) await client.send(get()).has('hello')
    const drained = engine.drain({ emptyAcceptQueue: true, givenUp: true, idleMs })
    for (const client of clients) client.send(get())
    for (const client of clients) expect(await client.has('hello', 2)).toMatch(/connection: close/i)
    await drained
  })

  test('ends who asks nothing when the time of idle ones is up, and takes no longer than that', async () => {
    const { port, engine } = await on.hello()
    const clients = await Promise.all(eight.map(() => connect(port)))
    for (const client of clients) await client.send(get()).has('hello')
    const began = performance.now()
    await engine.drain({ emptyAcceptQueue: false, idleMs: 400 })
    expect(performance.now() - began).toBeGreaterThanOrEqual(390)
    for (const client of clients) expect((await client.end()).match(/hello/g)).toHaveLength(1)
  })

  test('is destroyed at once, whatever part has gone', async () => {
    const { port, engine } = await on.hello()
    const clients = await Promise.all(eight.map(() => connect(port)))
    for (const client of clients) await client.send(get()).has('hello')
    const drained = engine.drain({ emptyAcceptQueue: false, idleMs })
    engine.destroy()
    await drained
    expect(engine.connections).toBe(0)
  })
})
