import { describe, expect, test } from 'vitest'
import type { CoreExchange } from '../../../../src/http/core/types.ts'
import { fieldsOf, noFields } from '../../../../src/http/h1/fields.ts'
import { connect, get, until } from '../harness.ts'
import { echo, hello, plain, post, serveCore, textOf, waiting } from './harness.ts'

const bodies = (text: string): string[] =>
  text.split(/HTTP\/1\.1 \d{3} [^\r]*\r\n(?:[^\r]+\r\n)*\r\n/).slice(1)

describe('requests of one connection', () => {
  test('are answered one after the other on a kept connection', async () => {
    const { port } = await serveCore(hello)
    const client = await connect(port)
    await client.send(get()).has('hello')
    const text = await client.send(get()).has('hello', 2)
    expect(text).toMatch(
      /^HTTP\/1\.1 200 OK\r\nDate: .* GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=2\r\n/,
    )
    expect(text).toContain('Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello')
  })

  test('that are pipelined are answered in order, whenever each answer is made', async () => {
    const { consumer, begun } = waiting()
    const { port } = await serveCore(consumer)
    const client = await connect(port)
    client.send(get('/1') + get('/2') + get('/3'))
    for (const [index, path] of ['/1', '/2', '/3'].entries()) {
      await until(() => begun.length === index + 1)
      expect(begun[index]?.target).toBe(path)
      await new Promise(setImmediate)
      expect(begun).toHaveLength(index + 1)
      begun[index]?.respond(200, '', plain, `answer to ${path}`)
    }
    expect(bodies(await client.has('/3'))).toEqual(['answer to /1', 'answer to /2', 'answer to /3'])
  })

  test('that are pipelined beyond a turn of the loop are all answered', async () => {
    const { port } = await serveCore(hello, { limitPipelinedRequests: 10 })
    const client = await connect(port)
    const count = 5000
    await client.send(get().repeat(count)).has('hello', count)
    expect(bodies(client.text)).toHaveLength(count)
  })

  test('that are pipelined and answered later do not keep others waiting, and leave in few writes', async () => {
    let served = 0
    const { port } = await serveCore((exchange) => {
      served += 1
      queueMicrotask(() => hello(exchange))
    })
    const [greedy, modest] = [await connect(port), await connect(port)]
    let chunks = 0
    greedy.socket.on('data', () => {
      chunks += 1
    })
    const count = 2000
    greedy.send(get().repeat(count))
    await until(() => served > 0)
    await modest.send(get()).has('hello')
    expect(served).toBeLessThan(count)
    await greedy.has('hello', count)
    expect(chunks).toBeLessThan(count / 10)
  })

  test('that are pipelined by a client that does not read wait until it does', async () => {
    let served = 0
    const large = Buffer.alloc(100_000, 'x')
    const { port } = await serveCore((exchange) => {
      served += 1
      exchange.respond(200, '', plain, large)
    })
    const client = await connect(port)
    client.socket.pause()
    const count = 400
    client.send(get().repeat(count))
    let before = -1
    await until(() => served > 0)
    while (before !== served) {
      before = served
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    expect(served).toBeLessThan(count / 2)
    client.socket.resume()
    await until(() => served === count)
  })

  test('end with the connection when either side says close', async () => {
    const { port } = await serveCore(hello)
    const asked = await connect(port)
    expect(await asked.send(get('/', 'Connection: foo, Close\r\n')).end()).toContain('Connection: close')
    const told = await serveCore((exchange) =>
      exchange.respond(200, '', fieldsOf(['Connection', 'close']), undefined),
    )
    const client = await connect(told.port)
    expect(await client.send(get() + get()).end()).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\nContent-Length: 0\r\n\r\n$/,
    )
  })

  test('of HTTP/1.0 end with the answer, unless keep-alive was asked for', async () => {
    const { port } = await serveCore(hello)
    const client = await connect(port)
    expect(await client.send('GET / HTTP/1.0\r\n\r\n').end()).toContain('Connection: close')
    const keeper = await connect(port)
    await keeper.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').has('hello')
    expect(keeper.text).toContain('Connection: keep-alive')
    await keeper.send('GET / HTTP/1.0\r\n\r\n').end()
  })

  test.each([5, 262_000, 8_000_000])(
    'that ask for its end get all of %i bytes, and then the end',
    async (size) => {
      const body = Buffer.alloc(size, 'x')
      const { port, engine } = await serveCore((exchange) => exchange.respond(200, '', plain, body))
      const client = await connect(port)
      client.socket.pause()
      client.send(get('/', 'Connection: close\r\n'))
      await new Promise(setImmediate)
      client.socket.resume()
      expect((await client.end()).length).toBeGreaterThan(size)
      await until(() => engine.connections === 0)
    },
  )
})

describe('a body', () => {
  test('that came with its head is there at once', async () => {
    let complete: boolean | undefined
    const { port } = await serveCore((exchange) => {
      complete = exchange.body?.complete
      echo(exchange)
    })
    const client = await connect(port)
    await client.send(post('0123456789')).has('0123456789')
    expect(complete).toBe(true)
  })

  test('arrives in order, however large, and the connection is kept', async () => {
    const { port } = await serveCore(async (exchange) => {
      const text = await textOf(exchange.body)
      exchange.respond(200, '', plain, `${text.length} bytes`)
    })
    const client = await connect(port)
    const size = 3_000_000
    await client.send(post('x'.repeat(size))).has(`${size} bytes`)
    const chunked = `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${'2710\r\n'}${'y'.repeat(10_000)}\r\n0\r\n\r\n`
    await client.send(chunked).has('10000 bytes')
  })

  test('that nobody reads stops the client, and is not kept in memory', async () => {
    const { consumer, begun } = waiting()
    const { port } = await serveCore(consumer)
    const client = await connect(port)
    const size = 20_000_000
    client.send(post('x'.repeat(size)))
    await until(() => begun.length === 1)
    let left = -1
    while (left !== client.socket.writableLength) {
      left = client.socket.writableLength
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(left).toBeGreaterThan(size / 4)
    const read = textOf(begun[0]?.body)
    expect((await read).length).toBe(size)
  })

  test('is asked for with 100 (Continue) when it is read, not before', async () => {
    const { consumer, begun } = waiting()
    const { port } = await serveCore(consumer)
    const client = await connect(port)
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
    await until(() => begun.length === 1)
    expect(client.text).toBe('')
    const read = textOf(begun[0]?.body)
    await client.has('100 Continue\r\n\r\n')
    client.send('abc')
    expect(await read).toBe('abc')
    begun[0]?.respond(200, '', plain, 'thanks')
    expect(await client.has('thanks')).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  })

  test('that was expected and never asked for ends the connection', async () => {
    const { port } = await serveCore(hello)
    const client = await connect(port)
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
    expect(await client.end()).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*Connection: close/)
  })

  test('that is small and unread does not cost the connection', async () => {
    const { port } = await serveCore(hello)
    const client = await connect(port)
    const whole = post('x'.repeat(1000))
    await client.send(whole.slice(0, 200)).has('hello')
    client.send(whole.slice(200))
    await client.send(get()).has('hello', 2)
    expect(client.text).not.toContain('close')
  })

  test('that is large and unread ends the connection in order', async () => {
    const { port, engine } = await serveCore(hello)
    const client = await connect(port)
    client.send(post('x'.repeat(5_000_000)))
    expect(await client.end()).toMatch(/Connection: close[\s\S]*hello$/)
    await until(() => engine.connections === 0)
  })

  test('goes on to a reader that answers meanwhile, when a slow client has caught up', async () => {
    let read = 0
    const { port } = await serveCore((exchange) => {
      exchange.begin(200, '', plain)
      exchange.body?.read({
        data: (chunk) => {
          read += chunk.length
          exchange.write(chunk)
        },
        ended: () => exchange.end(),
        failed: () => exchange.fail(),
      })
    })
    const client = await connect(port)
    client.socket.pause()
    client.send(post('x'.repeat(30_000_000)))
    await until(() => read > 5_000_000)
    client.socket.resume()
    await until(() => client.text.length > 30_000_000 && client.text.endsWith('0\r\n\r\n'))
  })

  test('of which a part was read ends the connection, once its reader stops', async () => {
    let failed = ''
    const { port } = await serveCore((exchange) => {
      exchange.body?.read({
        data: () => exchange.body?.pause(),
        ended: () => undefined,
        failed: ({ message }) => {
          failed = message
        },
      })
      setImmediate(() => exchange.respond(200, '', plain, 'enough'))
    })
    const client = await connect(port)
    client.send(post('x'.repeat(5_000_000)))
    expect(await client.end()).toMatch(/enough$/)
    expect(failed).toMatch(/answered before all of it was read/)
  })

  test('may be read behind the answer by who keeps up', async () => {
    let read = 0
    const { port } = await serveCore((exchange) => {
      exchange.body?.read({
        data: ({ length }) => {
          read += length
        },
        ended: () => undefined,
        failed: () => undefined,
      })
      exchange.respond(202, '', plain, 'taken')
    })
    const client = await connect(port)
    await client.send(post('x'.repeat(5_000_000))).has('taken')
    await until(() => read === 5_000_000)
    await client.send(get()).has('taken', 2)
  })

  test('that is malformed behind its answer ends the connection, and gets no second answer', async () => {
    const { port, refusals } = await serveCore((exchange) => {
      exchange.body?.read({ data: () => undefined, ended: () => undefined, failed: () => undefined })
      exchange.respond(200, '', plain, 'early')
    })
    const client = await connect(port)
    await client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na').has('early')
    expect(await client.send('not a chunk').end()).toMatch(/early$/)
    expect(refusals).toMatchObject([{ status: 400 }])
  })

  test('that is cut short fails, and is never answered with 200', async () => {
    const failures: string[] = []
    const { port, records } = await serveCore((exchange) => {
      textOf(exchange.body).then(
        (text) => exchange.respond(200, '', plain, text),
        (error) => {
          failures.push(String(error))
          exchange.fail()
        },
      )
    })
    const client = await connect(port)
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
    client.socket.end()
    expect(await client.end()).toMatch(/^HTTP\/1\.1 400 /)
    expect(failures).toHaveLength(1)
    expect(records.map(({ status, completed }) => ({ status, completed }))).toEqual([
      { status: 400, completed: false },
    ])
  })

  test('above limit_request_body is refused with 413, announced or not', async () => {
    const { port, refusals } = await serveCore(echo, { limitRequestBody: 100 })
    const announced = await connect(port)
    expect(await announced.send(post('x'.repeat(101))).end()).toMatch(/^HTTP\/1\.1 413 /)
    const chunked = await connect(port)
    chunked.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n32\r\n')
    chunked.send(`${'x'.repeat(50)}\r\n33\r\n`)
    expect(await chunked.end()).toMatch(/^HTTP\/1\.1 413 /)
    expect(refusals.map(({ status }) => status)).toEqual([413, 413])
  })
})

describe('a response', () => {
  const streaming =
    (pieces: readonly (string | Uint8Array)[], fields = plain) =>
    (exchange: CoreExchange) => {
      exchange.begin(200, '', fields)
      for (const piece of pieces) exchange.write(piece)
      exchange.end()
    }

  test('of unknown length is chunked for 1.1, and ends with the connection for 1.0', async () => {
    const { port } = await serveCore(streaming(['one', Buffer.from('two'), 'thrée']))
    const client = await connect(port)
    const text = await client.send(get()).has('0\r\n\r\n')
    expect(text).toContain(
      'Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n6\r\nthr\xc3\xa9e\r\n0\r\n\r\n',
    )
    const old = await connect(port)
    const closed = await old.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').end()
    expect(closed).toMatch(/Connection: close\r\n[\s\S]*\r\n\r\nonetwothr\xc3\xa9e$/)
    expect(closed).not.toContain('chunked')
  })

  test('with a length is checked against it: less cuts, more throws', async () => {
    const five = fieldsOf(['Content-Length', '5'])
    const short = await serveCore(streaming(['abc'], five))
    const client = await connect(short.port)
    client.send(get())
    await until(() => client.ended || client.error !== undefined)
    expect(client.text.endsWith('abc') || client.text === '').toBe(true)
    const long = await serveCore(streaming(['abc', 'def'], five))
    const other = await connect(long.port)
    other.send(get())
    await until(() => other.ended || other.error !== undefined)
    expect(String(long.errors[0]?.error)).toContain('Content-Length')
  })

  test.each([204, 304])('with status %i has no body and no framing of one', async (status) => {
    const { port } = await serveCore((exchange) => exchange.respond(status, '', noFields, 'never sent'))
    const client = await connect(port)
    await client.send(get() + get()).has(`HTTP/1.1 ${status}`, 2)
    expect(client.text).not.toMatch(/never|content-length|transfer/i)
  })

  test('to HEAD has the head of the GET and no body', async () => {
    const { port } = await serveCore(hello)
    const client = await connect(port)
    await client.send(get().replace('GET', 'HEAD') + get()).has('hello')
    expect(client.text.split('Content-Length: 5')).toHaveLength(3)
    expect(client.text.split('hello')).toHaveLength(2)
  })

  test('stops its producer while the client does not read, and tells it when to go on', async () => {
    const story: string[] = []
    const piece = Buffer.alloc(65_536, 'x')
    let written = 0
    const most = 20_000_000
    const { port } = await serveCore((exchange) => {
      const pump = (): void => {
        while (written < most) {
          written += piece.length
          if (!exchange.write(piece)) return
        }
        exchange.end()
        story.push('end')
      }
      exchange.listener = { drained: pump, gone: () => story.push('gone') }
      exchange.begin(200, '', noFields)
      pump()
    })
    const client = await connect(port)
    client.socket.pause()
    client.send(get())
    let before = -1
    await until(() => written > 0)
    while (before !== written) {
      before = written
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(written).toBeLessThan(most / 2)
    client.socket.resume()
    await until(() => story.length > 0)
    expect(story).toEqual(['end'])
  })

  test.each([
    ['bytes', Buffer.alloc(3_000_000, 'x')],
    ['text', 'x'.repeat(3_000_000)],
  ])('of many %s leaves in slices, whole, before the next', async (_, large) => {
    const { port, records } = await serveCore((exchange) =>
      exchange.respond(200, '', plain, exchange.target === '/large' ? large : 'small'),
    )
    const client = await connect(port)
    await client.send(get('/large') + get('/small')).has('small')
    expect(client.text).toContain('Content-Length: 3000000\r\n')
    expect(client.text.match(/x{2,}/)?.[0]).toHaveLength(3_000_000)
    await until(() => records.length === 2)
    expect(records[0]).toMatchObject({ status: 200, bodyBytes: 3_000_000, completed: true })
  })

  test('learns that the client is gone', async () => {
    const gone: string[] = []
    const { consumer, begun } = waiting()
    const { port, records } = await serveCore(consumer)
    const client = await connect(port)
    client.send(get())
    await until(() => begun.length === 1)
    const [exchange] = begun
    if (exchange) exchange.listener = { drained: () => undefined, gone: () => gone.push('gone') }
    client.socket.resetAndDestroy()
    await until(() => gone.length === 1)
    exchange?.respond(200, '', plain, 'for nobody')
    expect(exchange?.phase).toBe('gone')
    expect(records).toMatchObject([{ completed: false, status: 0 }])
  })

  test('is still given to a client that ended its side after asking', async () => {
    const { consumer, begun } = waiting()
    const { port } = await serveCore(consumer)
    const client = await connect(port)
    client.send(get())
    await until(() => begun.length === 1)
    const told: string[] = []
    const [exchange] = begun
    const note = (word: string) => () => void told.push(word)
    if (exchange) exchange.listener = { drained: note('drained'), left: note('left'), gone: note('gone') }
    client.socket.end()
    await until(() => exchange?.left === true)
    expect(told).toEqual(['left'])
    exchange?.respond(200, '', plain, 'here')
    expect(await client.end()).toMatch(/here$/)
  })

  test('that fails is 500 before its head, and a cut after it', async () => {
    const { port, errors } = await serveCore((exchange) => {
      if (exchange.target === '/late') exchange.begin(200, '', noFields)
      throw new Error('boom')
    })
    const early = await connect(port)
    expect(await early.send(get()).end()).toMatch(/^HTTP\/1\.1 500 Internal Server Error/)
    const late = await connect(port)
    late.send(get('/late'))
    await until(() => late.ended || late.error !== undefined)
    expect(late.text).not.toContain('0\r\n\r\n')
    // What was said before is not taken back: the client knows that it was answered, and does not ask again.
    expect(late.text).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(errors.map(({ where }) => where)).toEqual(['GET /', 'GET /late'])
  })

  test('that is cut leaves the answers before it on the connection whole', async () => {
    const { port } = await serveCore((exchange) => {
      if (exchange.target === '/cut') exchange.fail(true)
      else hello(exchange)
    })
    const client = await connect(port)
    client.send(get('/first') + get('/cut'))
    await until(() => client.ended || client.error !== undefined)
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n(.+\r\n)*\r\nhello$/)
  })

  test('may be preceded by 103, which 1.0 clients are not sent', async () => {
    const { port } = await serveCore((exchange) => {
      exchange.inform(103, fieldsOf(['Link', '</a.css>; rel=preload']))
      hello(exchange)
    })
    const client = await connect(port)
    expect(await client.send(get()).has('hello')).toMatch(
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a.css>; rel=preload\r\n\r\nHTTP\/1\.1 200/,
    )
    const old = await connect(port)
    expect(await old.send('GET / HTTP/1.0\r\n\r\n').end()).toMatch(/^HTTP\/1\.1 200/)
  })

  test('may offer other protocols, as 426 must', async () => {
    const { port } = await serveCore((exchange) =>
      exchange.respond(426, '', fieldsOf(['Upgrade', 'websocket']), undefined),
    )
    const client = await connect(port)
    const text = await client.send(get()).has('Upgrade: websocket')
    expect(text).toContain('Connection: Upgrade\r\nConnection: keep-alive\r\n')
  })

  test('cannot be split by a value of the application', () => {
    expect(() => fieldsOf(['X', 'a\r\nSet-Cookie: b'])).toThrow(TypeError)
    expect(() => fieldsOf(['X\r\nY', 'a'])).toThrow(TypeError)
    expect(() => fieldsOf(['X', 'a\0b'])).toThrow(TypeError)
    expect(() => fieldsOf(['X', '\u0100'])).toThrow(TypeError)
  })
})

describe('bytes that are not HTTP', () => {
  test('are answered once, the connection ends, and what is behind them is not read', async () => {
    let served = 0
    const { port, refusals } = await serveCore((exchange) => {
      served += 1
      hello(exchange)
    })
    const client = await connect(port)
    const text = await client.send(`${get()}GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n${get()}`).end()
    expect(text).toMatch(/hello\s*HTTP\/1\.1 400 Bad Request[\s\S]*Connection: close/)
    expect(served).toBe(1)
    expect(refusals).toHaveLength(1)
  })
})

describe('a head that is refused as a whole', () => {
  test('is answered in the form it accepts, and recorded, and no application sees it', async () => {
    let served = 0
    const { port, records, refusals } = await serveCore(() => {
      served += 1
    })
    const client = await connect(port)
    const text = await client.send('GET /a HTTP/1.1\r\nAccept: application/json\r\n\r\n').end()
    expect(text).toMatch(/^HTTP\/1\.1 400 [\s\S]*Connection: close[\s\S]*"status":400/)
    expect(served).toBe(0)
    expect(refusals).toHaveLength(1)
    expect(records).toMatchObject([{ status: 400, method: 'GET', target: '/a', completed: true }])
  })

  test('behind another is answered behind it', async () => {
    const { consumer, begun } = waiting()
    const { port } = await serveCore(consumer)
    const client = await connect(port)
    client.send(`${get('/1')}HEAD /2 HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n${get('/3')}`)
    await until(() => begun.length === 1)
    begun[0]?.respond(200, '', plain, 'first')
    const text = await client.end()
    expect(text).toMatch(/first\s*HTTP\/1\.1 417 [\s\S]*\r\n\r\n$/)
    expect(begun).toHaveLength(1)
  })
})

describe('another protocol', () => {
  test('gets the socket and what was read of it', async () => {
    const { port, engine, records } = await serveCore((exchange) => {
      expect(exchange.upgradable).toBe(true)
      const { socket, head } = exchange.upgrade()
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.write(head)
      socket.on('data', (chunk) => socket.write(chunk))
      socket.on('end', () => socket.end())
    })
    const client = await connect(port)
    client.send(`${get('/', 'Connection: Upgrade\r\nUpgrade: echo\r\n')}first`)
    await client.has('first')
    await client.send(' second').has('second')
    expect(engine.connections).toBe(1)
    client.socket.end()
    await client.end()
    await until(() => engine.connections === 0)
    expect(records).toMatchObject([{ status: 101 }])
  })
})
