/** Answers of every kind, as clients get them: whole, streamed, failed, and none at all. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { connect } from '../http/harness.ts'
import { type Answer, FakeWorker } from './fake-worker.ts'
import { serveFront } from './harness.ts'

const serve = async (answer: Answer) => {
  const worker = await new FakeWorker((channel, received) => {
    if (received.type === 3) answer(channel, received)
  }).listen()
  return { worker, ...(await serveFront([worker])) }
}

const head = 'OK\nContent-Type\ntext/plain'

/** Status, or the name of what fetch failed with. */
const outcome = async (url: string): Promise<unknown> => {
  try {
    const response = await fetch(url)
    await response.text()
    return response.status
  } catch (error) {
    return error instanceof Error ? error.name : error
  }
}

describe('a whole answer', () => {
  test.each([0, 1, 4096, 4097, 65_520, 70_000, 1_000_000])('of %i bytes comes as it is', async (size) => {
    const body = Buffer.alloc(size, 'é\0\n')
    const { url } = await serve((channel, { id }) =>
      channel.send(66, { id, index: 200, text: `OK\nContent-Length\n${size}`, body }),
    )
    for (let round = 0; round < 2; round += 1) {
      const response = await fetch(url('/'))
      expect(response.headers.get('content-length')).toBe(String(size))
      expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true)
    }
  })

  test('has its status, its reason, and all its fields', async () => {
    const { port } = await serve((channel, { id }) =>
      channel.send(66, { id, index: 299, text: 'Strange\nSet-Cookie\na=1\nSet-Cookie\nb=\xe9', body: 'x' }),
    )
    const client = await connect(port)
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const text = await eventually(() => client.text.includes('\r\n\r\nx') && client.text)
    expect(text).toMatch(/^HTTP\/1\.1 299 Strange\r\n/)
    expect(text).toContain('Set-Cookie: a=1\r\nSet-Cookie: b=\xe9\r\n')
  })

  test('of the same text and another status is not mistaken for the first', async () => {
    const { url } = await serve((channel, { id, text }) =>
      channel.full(id, '', 'OK', text.includes('\0/404\0') ? 404 : 200),
    )
    expect([await outcome(url('/')), await outcome(url('/404')), await outcome(url('/'))]).toEqual([
      200, 404, 200,
    ])
  })

  test.each([
    ['HEAD', 200, 'OK\nContent-Length\n5'],
    ['GET', 204, 'No Content'],
    ['GET', 304, 'Not Modified\nETag\n"x"'],
  ])('to %s with %i has no body', async (method, index, text) => {
    const { url } = await serve((channel, { id }) => channel.full(id, '', text, index))
    const response = await fetch(url('/'), { method })
    expect([response.status, await response.text()]).toEqual([index, ''])
  })

  test('that cannot be sent is a 502, and a log entry', async () => {
    const { url, logs } = await serve((channel, { id }) => channel.full(id, 'x', 'OK\nBad Name\nx'))
    expect(await outcome(url('/a'))).toBe(502)
    expect(logs.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      expect.stringMatching(/GET \/a .*Bad Name/),
    ])
  })
})

describe('pipelined requests', () => {
  test('are answered in their order', async () => {
    const { port, worker } = await serve((channel, { id, text }) => channel.full(id, text.split('\0')[1]))
    const client = await connect(port)
    client.send(Array.from({ length: 200 }, (_, at) => `GET /${at} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
    await eventually(() => worker.requests.length === 200 && client.text.endsWith('/199'))
    expect(client.text.match(/(?<=\r\n\r\n)\/\d+/g)).toEqual(Array.from({ length: 200 }, (_, at) => `/${at}`))
  })
})

describe('a streamed answer', () => {
  test('comes piece by piece, as soon as it is there', async () => {
    let more: (text: string) => void = () => undefined
    let end: () => void = () => undefined
    const { url } = await serve((channel, { id }) => {
      channel.send(67, { id, index: 200, text: head, body: 'one' })
      more = (body) => channel.send(68, { id, body })
      end = () => channel.send(69, { id })
    })
    const response = await fetch(url('/'))
    const reader = response.body?.getReader()
    const next = async () => Buffer.from((await reader?.read())?.value ?? []).toString()
    expect(await next()).toBe('one')
    more('two')
    expect(await next()).toBe('two')
    end()
    expect(await next()).toBe('')
  })

  test('without a first piece is begun at once', async () => {
    const { url } = await serve((channel, { id }) => channel.send(67, { id, index: 200, text: head }))
    expect((await fetch(url('/'))).status).toBe(200)
  })

  test('that failed cuts the connection', async () => {
    const { url } = await serve((channel, { id }) => {
      channel.send(67, { id, index: 200, text: head, body: 'one' })
      channel.send(69, { id, flags: 1 })
    })
    expect(await outcome(url('/'))).toBe('TypeError')
  })

  test('longer than its Content-Length is cut, and logged', async () => {
    const { url, logs } = await serve((channel, { id }) => {
      channel.send(67, { id, index: 200, text: 'OK\nContent-Length\n4', body: 'one' })
      channel.send(68, { id, body: 'two' })
      channel.send(69, { id })
    })
    expect(await outcome(url('/'))).toBe('TypeError')
    expect(logs.some(({ level, message }) => level === 'error' && /Content-Length/.test(message))).toBe(true)
    expect(await outcome(url('/'))).toBe('TypeError')
  })

  test('goes no faster than its client, and whole to one that reads late', async () => {
    const piece = Buffer.alloc(200_000, 'x')
    const pieces = 300
    const { port, worker } = await serve((channel, { id }) => {
      channel.send(67, { id, index: 200, text: 'OK' })
      let sent = 0
      const pour = (): void => {
        while (sent < pieces) {
          sent += 1
          channel.send(68, { id, body: piece })
          if (channel.socket.writableNeedDrain) return void channel.socket.once('drain', pour)
        }
        channel.send(69, { id })
      }
      pour()
    })
    const client = await connect(port)
    client.socket.pause()
    client.send('GET / HTTP/1.0\r\n\r\n')
    const channel = await eventually(() => worker.data[0])
    let before = -1
    await eventually(
      () => {
        const still = channel.socket.bytesWritten > 0 && channel.socket.bytesWritten === before
        before = channel.socket.bytesWritten
        return still
      },
      { every: 200 },
    )
    expect(channel.socket.bytesWritten).toBeLessThan(30_000_000)
    client.socket.resume()
    await eventually(() => client.ended, { within: 20_000 })
    expect(client.socket.bytesRead).toBeGreaterThan(pieces * piece.length)
  })
})

test('an interim response goes before the answer', async () => {
  const { port } = await serve((channel, { id }) => {
    channel.send(71, { id, index: 103, text: 'Link\n</a>; rel=preload' })
    channel.full(id)
  })
  const client = await connect(port)
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await eventually(() => client.text.endsWith('hello'))
  expect(client.text).toMatch(
    /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>; rel=preload\r\n\r\nHTTP\/1\.1 200 /,
  )
})

test('no answer is the page of its status', async () => {
  const { url } = await serve((channel, { id }) => channel.send(72, { id, index: 500 }))
  const response = await fetch(url('/'))
  expect([response.status, await response.text()]).toEqual([500, expect.stringContaining('500 Internal')])
})

test('a tunnel is refused, and nothing behind it is read as a request', async () => {
  const { port, worker } = await serve((channel, { id }) => channel.full(id))
  const client = await connect(port)
  client.send('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await eventually(() => client.ended)
  expect(client.text).toMatch(/^HTTP\/1\.1 501 /)
  expect(worker.requests).toEqual([])
})

test('large answers of many clients at once come whole', async () => {
  const { url } = await serve((channel, { id, text }) => {
    const size = Number(text.split('\0')[1]?.slice(1))
    channel.send(66, { id, index: 200, text: 'OK', body: Buffer.alloc(size, String(size)) })
  })
  const sizes = Array.from({ length: 40 }, (_, at) => 1 + at * 9973)
  const hash = (bytes: Buffer) => createHash('sha1').update(bytes).digest('hex')
  const answers = await Promise.all(
    sizes.map(async (size) => hash(Buffer.from(await (await fetch(url(`/${size}`))).arrayBuffer()))),
  )
  expect(answers).toEqual(sizes.map((size) => hash(Buffer.alloc(size, String(size)))))
})
