/** Which connections another process could go on with, on either engine: told only of those that are surely idle. */
import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import { connect as connectTcp, createServer, Socket, type SocketConstructorOpts } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import type { Engine, EngineOptions } from '../../../src/http/engine.ts'
import type { HttpPolicy } from '../../../src/http/policy.ts'
import { descriptorOf } from '../../../src/http/resting.ts'
import { echo, plain, post, serveCore } from './core/harness.ts'
import { connect, get, serve, until } from './harness.ts'

interface Served {
  readonly engine: Engine
  readonly port: number
}

/** What is done when a request comes, before it is answered with 'hello'. */
interface Story {
  /** With the answer given, in the call that the request came by. */
  readonly answered?: () => void
  readonly policy?: Partial<HttpPolicy>
  readonly options?: Partial<EngineOptions>
}

const big = 'x'.repeat(20_000_000)

const engines = {
  core: {
    hello: ({ answered, policy, options }: Story = {}): Promise<Served> =>
      serveCore(
        (exchange) => {
          if (exchange.method === 'POST') return echo(exchange)
          exchange.respond(200, '', plain, exchange.target === '/big' ? big : 'hello')
          answered?.()
        },
        policy,
        options,
      ),
    holding: (): Promise<Served> => serveCore(() => undefined),
    upgrading: (): Promise<Served> =>
      serveCore(
        (exchange) => void exchange.upgrade().socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
      ),
  },
  'node:http': {
    hello: ({ answered, policy, options }: Story = {}): Promise<Served> => {
      const app: Application = {
        kind: 'node',
        shape: 'f',
        handler: (request, response) => {
          if (request.method === 'POST') return void request.pipe(response)
          response.end(request.url === '/big' ? big : 'hello')
          answered?.()
        },
      }
      return serve(app, policy, options)
    },
    holding: (): Promise<Served> => serve({ kind: 'node', shape: 'f', handler: () => undefined }),
    upgrading: (): Promise<Served> =>
      serve({
        kind: 'node',
        shape: 'f',
        handler: () => undefined,
        upgrade: (_, socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
      }),
  },
} as const

/** What has happened in a turn of the loop that a client's bytes came in. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

const half = 'GET / HTTP/1.1\r\nHos'

describe.each(Object.entries(engines))('on %s', (_, on) => {
  const restsAt = ({ engine }: Served, count: number) => until(() => engine.resting().length === count)
  /** It does not rest, and not because its bytes were still on their way. */
  const isBusy = async ({ engine }: Served): Promise<void> => {
    await until(() => engine.connections === 1)
    await restsAt({ engine, port: 0 }, 0)
    await turns()
    expect(engine.resting()).toEqual([])
  }

  test('a connection rests before its first request, and after each that is answered', async () => {
    const served = await on.hello()
    const client = await connect(served.port)
    await restsAt(served, 1)
    for (const count of [1, 2, 3]) {
      await client.send(get()).has('hello', count)
      await restsAt(served, 1)
    }
    await client.send(post('a body')).has('a body')
    await restsAt(served, 1)
    expect(served.engine.resting().map(descriptorOf)).toEqual([expect.any(Number)])
  })

  test.each([
    ['a part of its first head has come', half],
    ['a body is on its way', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf'],
  ])('not while %s', async (_name, bytes) => {
    const served = await on.hello()
    const client = await connect(served.port)
    await restsAt(served, 1)
    client.send(bytes)
    await isBusy(served)
  })

  test('not while a part of its next head has come, together with the request before or later', async () => {
    for (const split of [false, true]) {
      const served = await on.hello()
      const client = await connect(served.port)
      await client.send(split ? get() : get() + half).has('hello')
      if (split) client.send(half)
      await isBusy(served)
      client.socket.destroy()
      served.engine.destroy()
    }
  })

  test('not while a request is in hand, also when the one before it is answered', async () => {
    const served = await on.holding()
    const client = await connect(served.port)
    client.send(get() + get())
    await until(() => served.engine.inflight().length > 0)
    await isBusy(served)
  })

  test('not in the call that its request came by, though that is answered: what is pipelined may be in it', async () => {
    const seen: number[] = []
    const served = await on.hello({ answered: () => seen.push(served.engine.resting().length) })
    const client = await connect(served.port)
    await client.send(get() + get()).has('hello', 2)
    expect(seen).toEqual([0, 0])
    await restsAt(served, 1)
  })

  test('not while its client has not taken the whole answer', async () => {
    const served = await on.hello()
    const client = await connect(served.port)
    client.socket.pause()
    client.send(get('/big'))
    await until(() => served.engine.requests === 1)
    await isBusy(served)
    client.socket.resume()
    await restsAt(served, 1)
  })

  test('not when it speaks another protocol', async () => {
    const served = await on.upgrading()
    const client = await connect(served.port)
    await client.send(get('/', 'Connection: Upgrade\r\nUpgrade: words\r\n')).has('101')
    await isBusy(served)
  })

  test('not when its client has said all that it will', async () => {
    const served = await on.holding()
    const client = await connect(served.port)
    await restsAt(served, 1)
    client.socket.end()
    await restsAt(served, 0)
  })

  test('not behind an intake, which knows more of it', async () => {
    const intake: NonNullable<EngineOptions['intake']> = (socket, deliver) => deliver(socket)
    const served = await on.hello({ options: { intake } })
    const client = await connect(served.port)
    await client.send(get()).has('hello')
    await isBusy(served)
    expect(served.engine.adopt({})).toBe(false)
  })

  test('not while the worker drains', async () => {
    const served = await on.hello()
    const client = await connect(served.port)
    await client.send(get()).has('hello')
    await restsAt(served, 1)
    void served.engine.drain({ emptyAcceptQueue: false, idleMs: 50 })
    expect(served.engine.resting()).toEqual([])
    expect(served.engine.adopt({})).toBe(false)
    await client.end()
  })

  test('who lets go of it takes it out of the engine', async () => {
    const served = await on.hello()
    const client = await connect(served.port)
    await client.send(get()).has('hello')
    await restsAt(served, 1)
    served.engine.resting()[0]?.destroy()
    await until(() => served.engine.connections === 0)
  })

  test('a connection that another process has accepted is served as one of its own', async () => {
    const served = await on.hello({ policy: { workerConnections: 1 } })
    const { handle, client } = await acceptedElsewhere()
    expect(served.engine.adopt(handle)).toBe(true)
    expect(served.engine.connections).toBe(1)
    expect(served.engine.adopt({})).toBe(false)
    const answer = once(client, 'data')
    client.write(get())
    expect(String(await answer)).toContain('hello')
    await restsAt(served, 1)
  })
})

describe("a server of the application's own", () => {
  const app = (server: Server): Application => ({ kind: 'server', shape: 'http.Server', server })
  const answering = (): Server => createHttpServer((_request, response) => response.end('hello'))

  test('has connections of which nothing is known, when it was given them in another way', async () => {
    const server = answering()
    const { engine } = await serve(app(server))
    const { handle, client } = await acceptedElsewhere()
    server.emit('connection', new Socket({ handle } as unknown as SocketConstructorOpts))
    const answer = once(client, 'data')
    client.write(get())
    expect(String(await answer)).toContain('hello')
    await until(() => engine.connections === 1 && engine.inflight().length === 0)
    await turns()
    expect(engine.resting()).toEqual([])
  })

  test('may read from its connections itself: then nobody knows what was read of a next request', async () => {
    const server = answering().on('connection', (socket: Socket) => socket.on('data', () => undefined))
    const { engine, port } = await serve(app(server))
    const client = await connect(port)
    await until(() => engine.resting().length === 1)
    await client.send(get()).has('hello')
    await until(() => engine.inflight().length === 0)
    await turns()
    expect(engine.resting()).toEqual([])
  })
})

/** A handle of a connection that no engine knows. */
const acceptedElsewhere = async (): Promise<{ handle: object; client: Socket }> => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const client = connectTcp((server.address() as { port: number }).port, '127.0.0.1')
  const [socket] = (await accepted) as [Socket]
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) throw new Error('an accepted socket has a handle')
  Reflect.set(socket, '_handle', null)
  return { handle, client }
}
