import { existsSync, readdirSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { Engine } from '../../../../src/http/engine.ts'
import type { IntakeStep } from '../../../../src/http/intake/intake.ts'
import { createProxyStep } from '../../../../src/http/intake/proxy.ts'
import { connect, get, hello, latch, serve, until } from '../harness.ts'
import { line } from './proxy-writer.ts'

const header = line({
  family: 4,
  source: '192.0.2.1',
  destination: '198.51.100.2',
  sourcePort: 56324,
  destinationPort: 443,
}).toString('latin1')

const step = createProxyStep({ mode: 'auto', allowIps: ['127.0.0.1'] })

const drainedWithin = async (engine: Engine, ms: number, idleMs: number): Promise<void> => {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`not drained within ${ms} ms`)), ms).unref()
  })
  await Promise.race([engine.drain({ emptyAcceptQueue: true, idleMs }), late])
}

test.each([
  ['an intake', step],
  ['no intake', undefined],
])('with %s: whoever is accepted last and says nothing does not hold a drain up', async (_, intake) => {
  const { engine, port } = await serve(hello, {}, { intake })
  const first = await connect(port)
  await first.send((intake ? header : '') + get()).has('hello')
  // The loop is blocked until the clients are in the kernel's queue and the drain's own times are long over.
  const late = [1, 2, 3].map(() => connectTcp(port, '127.0.0.1'))
  for (const socket of late) socket.on('error', () => undefined)
  const drained = drainedWithin(engine, 4000, 0)
  const blocked = performance.now() + 30
  while (performance.now() < blocked);
  await drained
  expect(engine.connections).toBe(0)
  for (const socket of late) socket.destroy()
})

test('a socket that closed on its way is not counted when a step delivers it all the same', async () => {
  const go = latch()
  const delivered = latch()
  const careless: IntakeStep = (socket, deliver) => {
    socket.on('error', () => undefined)
    socket.once('close', () => {
      void go.opened.then(() => {
        deliver(socket)
        delivered.open()
      })
    })
  }
  const { engine, port } = await serve(hello, {}, { intake: careless })
  const one = await connect(port)
  await until(() => engine.connections === 1)
  one.socket.resetAndDestroy()
  await until(() => engine.connections === 0)
  go.open()
  await delivered.opened
  expect(engine.connections).toBe(0)
  await drainedWithin(engine, 4000, 50)
})

test('a layer on top that is gone when it is delivered is not counted', async () => {
  const layered: IntakeStep = (socket, deliver) => {
    const top = connectTcp(1, '127.0.0.1')
    top.on('error', () => undefined)
    top.once('close', () => {
      deliver(top)
      socket.destroy()
    })
  }
  const { engine, port } = await serve(hello, {}, { intake: layered })
  const one = await connect(port)
  await until(() => one.ended || one.error !== undefined)
  await until(() => engine.connections === 0)
})

/** Small and repeatable: the same story each time. */
const dice = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
  return seed / 2 ** 31
}

const proc = '/proc/self/fd'

test.skipIf(!existsSync(proc))(
  'a storm of clients that leave at any byte leaves no descriptor, no count and no error behind',
  async () => {
    const { engine, port, errors } = await serve(
      hello,
      { headersMs: 400, keepAliveMs: 300 },
      { intake: step },
    )
    const before = readdirSync(proc).length
    const random = dice(7)
    const text = header + get() + get('/', 'Connection: close\r\n')
    const leave: ((socket: Socket) => unknown)[] = [
      (socket) => socket.destroy(),
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.end(),
    ]
    let open = 0
    for (let count = 0; count < 400; count += 1) {
      const socket = connectTcp(port, '127.0.0.1', () => {
        const cut = Math.floor(random() * text.length)
        const parts = [text.slice(0, cut), text.slice(cut, cut + Math.floor(random() * 60))]
        const go = leave[Math.floor(random() * leave.length)]
        socket.write(parts[0] ?? '', 'latin1')
        setImmediate(() => {
          if (socket.writable) socket.write(parts[1] ?? '', 'latin1')
          go?.(socket)
        })
      })
      open += 1
      socket.on('error', () => undefined).resume()
      socket.on('close', () => {
        open -= 1
      })
    }
    await until(() => open === 0 && engine.connections === 0)
    await until(() => readdirSync(proc).length <= before)
    expect(errors).toEqual([])
    expect(await (await connect(port)).send(header + get('/', 'Connection: close\r\n')).end()).toContain(
      'hello',
    )
  },
)
