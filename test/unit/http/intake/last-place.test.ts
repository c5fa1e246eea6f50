import { connect as connectTcp, Server } from 'node:net'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { hello, serve } from '../harness.ts'

/**
 * A client on a thread of its own: this thread may stand still while it connects. It connects when `flag` becomes 1,
 * sends its request and tells how that ended; `flag` becomes 2 a while after it began, whether it is connected or not.
 */
const stranger = (port: number) => {
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const program = `
    const { parentPort, workerData: { flag, port } } = require('node:worker_threads')
    parentPort.postMessage('here')
    Atomics.wait(flag, 0, 0)
    let text = '', connected = false
    const socket = require('node:net').connect(port, '127.0.0.1', () => {
      connected = true
      socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n')
    })
    socket.on('data', (bytes) => { text += bytes })
    socket.on('error', ({ code }) => parentPort.postMessage((connected ? 'sent, ' : '') + code))
    socket.on('end', () => { socket.end(); parentPort.postMessage(text.includes('hello') ? 'answered' : 'closed') })
    setTimeout(() => { Atomics.store(flag, 0, 2); Atomics.notify(flag, 0) }, 50)
  `
  const thread = new Worker(program, { eval: true, workerData: { flag, port } })
  let first: (() => void) | undefined
  const here = new Promise<void>((resolve) => {
    first = resolve
  })
  const outcome = new Promise<string>((resolve, reject) => {
    thread.on('message', (word) => (word === 'here' ? first?.() : resolve(word))).on('error', reject)
  })
  /** Has it connect, in this very moment. */
  const come = (): void => {
    Atomics.store(flag, 0, 1)
    Atomics.notify(flag, 0)
    Atomics.wait(flag, 0, 1, 5000)
  }
  return { here, outcome: outcome.finally(() => thread.terminate()), come }
}

afterEach(() => vi.restoreAllMocks())

describe.skipIf(process.platform !== 'linux')('a socket that nobody will listen on again', () => {
  test('a client that comes as it is closed is refused, and never reset with its request', async () => {
    const { engine, port } = await serve(hello)
    const late = stranger(port)
    await late.here
    const close = Server.prototype.close
    let closes = 0
    vi.spyOn(Server.prototype, 'close').mockImplementation(function (this: Server, ...args) {
      closes += 1
      if (closes === 1) late.come()
      return close.apply(this, args)
    })
    await engine.drain({ emptyAcceptQueue: true, givenUp: true, idleMs: 0 })
    expect(closes).toBe(1)
    expect(await late.outcome).toBe('ECONNREFUSED')
  })

  test('a client that comes in the moment before is served', async () => {
    const { engine, port, errors } = await serve(hello)
    const late = stranger(port)
    await late.here
    const drained = engine.drain({ emptyAcceptQueue: true, givenUp: true, idleMs: 5000 })
    late.come()
    expect(await late.outcome).toBe('answered')
    await drained
    expect(errors).toEqual([])
    expect(engine.connections).toBe(0)
  })

  test('without clients the drain is over at once, and nothing is left connected', async () => {
    const { engine, port, records } = await serve(hello)
    const began = performance.now()
    await engine.drain({ emptyAcceptQueue: true, givenUp: true, idleMs: 5000 })
    expect(performance.now() - began).toBeLessThan(900)
    expect(records).toEqual([])
    const refused = new Promise((resolve) => connectTcp(port, '127.0.0.1').once('error', resolve))
    expect(await refused).toMatchObject({ code: 'ECONNREFUSED' })
  })
})
