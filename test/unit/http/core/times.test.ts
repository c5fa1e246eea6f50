/** Deadlines are kept by a wheel that ticks twice a second: these stories take a second or two each. */
import { describe, expect, test } from 'vitest'
import { connect, get, until } from '../harness.ts'
import { echo, hello, plain, serveCore, waiting } from './harness.ts'

describe('a client that takes its time', () => {
  test('with its head is answered 408', async () => {
    const { port, refusals } = await serveCore(hello, { headersMs: 100 })
    const client = await connect(port)
    expect(await client.send('GET / HTTP/1.1\r\nHo').end()).toMatch(/^HTTP\/1\.1 408 /)
    expect(refusals).toMatchObject([{ status: 408 }])
  })

  test('with the head of a later request has the time of a head, not of idleness', async () => {
    const { port } = await serveCore(hello, { headersMs: 60_000, keepAliveMs: 50 })
    const [slow, idle] = [await connect(port), await connect(port)]
    await slow.send(get()).has('hello')
    await idle.send(get()).has('hello')
    slow.send('GET / HT')
    await idle.end()
    await slow.send('TP/1.1\r\nHost: x\r\n\r\n').has('hello', 2)
  })

  test('one byte at a time does not gain time for its head', async () => {
    const { port } = await serveCore(hello, { headersMs: 100 })
    const client = await connect(port)
    const drip = setInterval(() => client.send('x'), 50)
    client.send('GET /')
    expect(await client.end()).toMatch(/^HTTP\/1\.1 408 /)
    clearInterval(drip)
  })

  test('and never says anything is ended without a word', async () => {
    const { port, refusals } = await serveCore(hello, { headersMs: 100 })
    expect(await (await connect(port)).end()).toBe('')
    expect(refusals).toEqual([])
  })

  test('with its body, below the lowest rate, is answered 408, and the application told', async () => {
    const { port, records } = await serveCore(echo, { bodyMs: 300, bodyMinRate: 1000 })
    const client = await connect(port)
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n')
    const drip = setInterval(() => client.send('xxxxx'), 50)
    expect(await client.end()).toMatch(/^HTTP\/1\.1 408 /)
    clearInterval(drip)
    expect(records).toMatchObject([{ status: 408, completed: false }])
  })

  test('with its body, above the lowest rate, is served', async () => {
    const { port } = await serveCore(echo, { bodyMs: 300, bodyMinRate: 20 })
    const client = await connect(port)
    const count = 40
    client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${count * 5}\r\n\r\n`)
    let sent = 0
    const drip = setInterval(() => {
      sent += 1
      client.send('xxxxx')
      if (sent === count) clearInterval(drip)
    }, 50)
    await client.has('x'.repeat(count * 5))
  })

  test('is not blamed for an application that does not read', async () => {
    const { consumer, begun } = waiting()
    const { port } = await serveCore(consumer, { bodyMs: 100 })
    const client = await connect(port)
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc')
    await until(() => begun.length === 1)
    await new Promise((resolve) => setTimeout(resolve, 1600))
    expect(client.ended).toBe(false)
    begun[0]?.respond(200, '', plain, 'enough')
    await client.has('enough')
  })

  test('to read what it asked for is cut', async () => {
    const { port, refusals, engine } = await serveCore(
      (exchange) => exchange.respond(200, '', plain, Buffer.alloc(30_000_000)),
      { writeMs: 600 },
    )
    const client = await connect(port)
    client.socket.pause()
    client.send(get())
    await until(() => refusals.length === 1)
    expect(refusals[0]?.reason).toContain('write_timeout')
    await until(() => engine.connections === 0)
  })

  test('is taken for gone when its side is ended and the response stands still, not while it moves', async () => {
    const { consumer, begun } = waiting()
    const { port } = await serveCore(consumer)
    const [still, moving] = [await connect(port), await connect(port)]
    const gone: string[] = []
    for (const client of [still, moving]) {
      client.send(get(client === still ? '/still' : '/moving'))
      await until(() => begun.at(-1)?.target === (client === still ? '/still' : '/moving'))
      const exchange = begun.at(-1)
      exchange?.begin(200, '', plain)
      exchange?.write('first')
      if (exchange)
        exchange.listener = { drained: () => undefined, gone: () => void gone.push(exchange.target) }
      await client.has('first')
      client.socket.end()
    }
    const steps = setInterval(() => begun[1]?.write('more'), 50)
    await until(() => gone.length > 0)
    await moving.has('more', 60)
    clearInterval(steps)
    begun[1]?.end()
    expect(await moving.end()).toMatch(/0\r\n\r\n$/)
    expect(gone).toEqual(['/still'])
  })

  test('after a close is waited for a little, then cut', async () => {
    const { port, engine } = await serveCore(hello)
    const client = await connect(port)
    client.socket.removeAllListeners('end')
    client.send(get('/', 'Connection: close\r\n') + get())
    await client.has('hello')
    await until(() => engine.connections === 0)
  })
})
