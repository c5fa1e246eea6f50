/** Workers that come, go and die, and what their requests' clients see of it. */
import { describe, expect, test } from 'vitest'
import { eventually, steadily } from '../../support/eventually.ts'
import { type Client, connect, get } from '../http/harness.ts'
import { type Answer, answering, type FakeChannel, FakeWorker } from './fake-worker.ts'
import { addressOf, type ServedFront, serveFront } from './harness.ts'

/** Answers what is `/quick`, and keeps the rest. */
const keeping: Answer = (channel, { type, id, text }) => {
  if (type === 3 && text.includes('\0/quick\0')) channel.full(id)
}

const pathsOf = (worker: FakeWorker): (string | undefined)[] =>
  worker.requests.map(({ environ }) => environ['RAW_URI'])

const errorsIn = ({ logs }: ServedFront): string[] =>
  logs.filter(({ level }) => level === 'error').map(({ message }) => message)

const status = async (url: string, init: RequestInit = {}): Promise<number | string> => {
  try {
    const response = await fetch(url, init)
    await response.text()
    return response.status
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}

/** Makes the average of the only channel short, so that requests may wait in it. */
const warm = async (served: ServedFront, worker: FakeWorker): Promise<void> => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect(served.port)))
  const { answer } = worker
  let most = 0
  worker.answer = (channel, received) => {
    most = Math.max(most, served.front.running)
    answer(channel, received)
  }
  for (let round = 1; most < 6; round += 1) {
    for (const client of clients) client.send(get('/quick'))
    for (const client of clients) await client.has('hello', round)
  }
  worker.answer = answer
}

const returned = (worker: FakeWorker, thread: number, ids: readonly number[]): void => {
  const body = Buffer.alloc(ids.length * 4)
  for (const [at, id] of ids.entries()) body.writeUInt32LE(id, at * 4)
  worker.control?.send(75, { index: thread, body })
}

const pokesOf = (worker: FakeWorker) => worker.control?.frames.filter(({ type }) => type === 8) ?? []

describe('a worker that dies', () => {
  test('costs the request it had 502, with the reason logged', async () => {
    const worker = await new FakeWorker(keeping).listen()
    const served = await serveFront([worker])
    const answer = status(served.url('/slow?x'))
    await eventually(() => pathsOf(worker).includes('/slow?x'))
    worker.die()
    expect(await answer).toBe(502)
    expect(errorsIn(served)).toEqual([
      'Worker (pid:1001) died while it handled GET /slow?x: the client got 502',
    ])
  })

  test('costs it 504 when it had taken too long: somebody else ended the worker for that', async () => {
    const worker = await new FakeWorker(keeping).listen()
    const served = await serveFront([worker], { timeoutMs: 30 })
    const answer = status(served.url('/slow'))
    const since = await eventually(() => pathsOf(worker).includes('/slow') && performance.now())
    await eventually(() => performance.now() - since > 40)
    worker.die()
    expect(await answer).toBe(504)
    expect(errorsIn(served)).toEqual([
      'Worker (pid:1001) died while it handled GET /slow, for longer than timeout: the client got 504',
    ])
  })

  test('is told of a moment later, or when the front ends in order', async () => {
    const worker = await new FakeWorker(keeping).listen()
    const served = await serveFront([worker], { mourningMs: 40 })
    const answer = status(served.url('/slow'))
    await eventually(() => pathsOf(worker).includes('/slow'))
    worker.die()
    expect(await answer).toBe(502)
    expect(errorsIn(served)).toEqual([])
    await eventually(() => errorsIn(served).length === 1)
    const other = await new FakeWorker(keeping).listen()
    served.front.workers([addressOf(other, 2)])
    const lost = status(served.url('/slow'))
    await eventually(() => pathsOf(other).includes('/slow'))
    served.front.close()
    expect(await lost).toBe(502)
    expect(errorsIn(served).length).toBe(2)
  })

  test('has its response cut when that had begun', async () => {
    const worker = await new FakeWorker((channel, { type, id }) => {
      if (type === 3) channel.send(67, { id, index: 200, text: 'OK', body: 'some' })
    }).listen()
    const served = await serveFront([worker])
    const response = await fetch(served.url('/'))
    worker.die()
    await expect(response.text()).rejects.toThrow()
    expect(errorsIn(served)).toEqual(['Worker (pid:1001) died while it handled GET /: its response was cut'])
  })

  test('costs those behind nothing: they go to another worker', async () => {
    const first = await new FakeWorker(keeping).listen()
    const served = await serveFront([first], { patienceMs: 60_000 })
    await warm(served, first)
    const answers = ['/a', '/b', '/c'].map((path) => status(served.url(path)))
    await eventually(() => ['/a', '/b', '/c'].every((path) => pathsOf(first).includes(path)))
    const running = pathsOf(first).find((path) => path !== '/quick')
    const second = await new FakeWorker(answering).listen()
    served.front.workers([addressOf(first, 1), addressOf(second, 2)])
    await eventually(() => second.data.length === 1)
    first.die()
    expect((await Promise.all(answers)).sort()).toEqual([200, 200, 502])
    expect(errorsIn(served)).toEqual([expect.stringContaining(`while it handled GET ${running}: `)])
    expect(pathsOf(second).length).toBe(2)
  })

  test('costs nothing more when it has many threads, whose channels end one after the other', async () => {
    const first = await new FakeWorker(keeping).listen()
    const served = await serveFront([first], { patienceMs: 60_000, threads: 6 })
    await Promise.all(Array.from({ length: 60 }, () => status(served.url('/quick'))))
    const paths = Array.from({ length: 12 }, (_, index) => `/p${index}`)
    const answers = paths.map((path) => status(served.url(path)))
    await eventually(() => paths.filter((path) => pathsOf(first).includes(path)).length >= 6)
    first.die()
    await eventually(() => errorsIn(served).length > 0)
    const second = await new FakeWorker(answering).listen()
    served.front.workers([addressOf(second, 2)])
    const statuses = await Promise.all(answers)
    expect(errorsIn(served).filter((words) => !words.includes('while it handled'))).toEqual([])
    expect(statuses.filter((each) => each === 502).length).toBe(errorsIn(served).length)
    expect(statuses.filter((each) => each === 200).length).toBeGreaterThan(0)
  })

  test('costs a request that was given again what it costs any other', async () => {
    const [first, second] = [await new FakeWorker(keeping).listen(), await new FakeWorker(keeping).listen()]
    const served = await serveFront([first])
    await warm(served, first)
    const answers = ['/a', '/b'].map((path) => status(served.url(path)))
    await eventually(() => ['/a', '/b'].every((path) => pathsOf(first).includes(path)))
    served.front.workers([addressOf(first, 1), addressOf(second, 2)])
    await eventually(() => second.data.length === 1)
    first.die()
    await eventually(() => pathsOf(second).length === 1)
    second.die()
    expect(await Promise.all(answers)).toEqual([502, 502])
    expect(errorsIn(served).map((message) => message.slice(0, 46))).toEqual([
      'Worker (pid:1001) died while it handled GET /a'.replace('/a', pathsOf(first).at(-2) ?? ''),
      'Worker (pid:1002) died while it handled GET /a'.replace('/a', pathsOf(second)[0] ?? ''),
    ])
  })

  test('is looked for while it is on the list, and serves again when it is back', async () => {
    const worker = await new FakeWorker(answering).listen()
    const served = await serveFront([worker])
    worker.die()
    await eventually(() => worker.data.length === 0)
    const answer = status(served.url('/'))
    await eventually(() => served.front.waiting === 1)
    await worker.listen()
    expect(await answer).toBe(200)
    expect(errorsIn(served)).toEqual([])
  })
})

describe('a channel that does not speak as it must', () => {
  const serve = async (fault: (channel: FakeChannel, id: number) => void) => {
    const worker = await new FakeWorker((channel, { type, id }) => {
      if (type === 3) fault(channel, id)
    }).listen()
    return { worker, ...(await serveFront([worker])) }
  }

  test.each<[string, (channel: FakeChannel, id: number) => void]>([
    ['a frame of no type', (channel, id) => channel.send(99, { id })],
    ['a frame of the other side', (channel, id) => channel.send(3, { id })],
    ['an answer to another request', (channel, id) => channel.full(id + 1)],
    ['a piece before its head', (channel, id) => channel.send(68, { id, body: 'x' })],
    ['an end before its head', (channel, id) => channel.send(69, { id })],
    ['a wish for a body that is not streamed', (channel, id) => channel.send(73, { id, body: '1234' })],
    ['a file that is none', (channel, id) => channel.send(70, { id, index: 200, text: 'OK', body: 'x' })],
    ['a length beyond bounds', (channel) => channel.socket.write(Buffer.alloc(16, 255))],
    ['a second HELLO', (channel) => channel.send(65)],
  ])('(%s) is closed, with the reason logged, and its request is a 502', async (_, fault) => {
    const served = await serve(fault)
    expect(await status(served.url('/'))).toBe(502)
    expect(errorsIn(served)).toEqual([
      expect.stringMatching(/^Worker \(pid:1001\): the channel at .* ended: /),
      expect.stringContaining('the client got 502'),
    ])
  })

  test('(a second head) is closed, and its response is cut', async () => {
    const served = await serve((channel, id) => {
      channel.send(67, { id, index: 200, text: 'OK', body: 'x' })
      channel.send(67, { id, index: 200, text: 'OK', body: 'x' })
    })
    expect(await status(served.url('/'))).toBe('TypeError')
    await eventually(() => errorsIn(served).length === 2)
  })

  test('on the control channel, too, which is opened anew', async () => {
    const worker = await new FakeWorker(answering).listen()
    const served = await serveFront([worker])
    const before = worker.control
    before?.send(66)
    await eventually(() => worker.control !== undefined && worker.control !== before)
    expect(await status(served.url('/'))).toBe(200)
    expect(errorsIn(served)).toEqual([expect.stringContaining('control channel')])
  })
})

describe('a worker that is leaving', () => {
  test('finishes what it has, gets nothing more, and is let go when it is idle', async () => {
    const [old, fresh] = [await new FakeWorker(keeping).listen(), await new FakeWorker(answering).listen()]
    const served = await serveFront([old])
    const slow = status(served.url('/slow'))
    await eventually(() => pathsOf(old).length === 1)
    served.front.workers([addressOf(old, 1), addressOf(fresh, 2)])
    await eventually(() => fresh.data.length === 1)
    old.control?.send(74)
    expect(await status(served.url('/next'))).toBe(200)
    expect([pathsOf(old), pathsOf(fresh)]).toEqual([['/slow'], ['/next']])
    expect(old.data.length).toBe(1)
    old.data[0]?.full(old.requests[0]?.id ?? 0)
    expect(await slow).toBe(200)
    await eventually(() => old.data.length === 0 && old.control === undefined)
    served.front.workers([addressOf(old, 1), addressOf(fresh, 2)])
    expect(await status(served.url('/next'))).toBe(200)
    expect(old.channels.length).toBe(2)
    expect(errorsIn(served)).toEqual([])
  })

  test('gives back what it has not started, which others get', async () => {
    const [old, fresh] = [await new FakeWorker(keeping).listen(), await new FakeWorker(answering).listen()]
    const served = await serveFront([old], { patienceMs: 300 })
    await warm(served, old)
    const answers = ['/a', '/b', '/c'].map((path) => status(served.url(path)))
    const here = () => old.requests.filter(({ environ }) => environ['RAW_URI'] !== '/quick')
    await eventually(() => here().length === 3)
    old.control?.send(74)
    await eventually(() => pokesOf(old).length > 0)
    const [running, ...waiting] = here()
    returned(
      old,
      0,
      waiting.map(({ id }) => id),
    )
    await eventually(() => served.front.waiting === 2)
    served.front.workers([addressOf(fresh, 2)])
    await eventually(() => pathsOf(fresh).length === 2)
    old.data[0]?.full(running?.id ?? 0)
    expect(await Promise.all(answers)).toEqual([200, 200, 200])
    await eventually(() => old.data.length === 0)
  })

  test('that is off the list is the same, and may come back', async () => {
    const worker = await new FakeWorker(answering).listen()
    const served = await serveFront([worker])
    served.front.workers([])
    await eventually(() => worker.data.length === 0 && worker.control === undefined)
    const answer = status(served.url('/'))
    await eventually(() => served.front.waiting === 1)
    served.front.workers([addressOf(worker)])
    expect(await answer).toBe(200)
  })
})

describe('a request that waits behind a slow one', () => {
  test('is taken back and goes to another worker, oldest first', async () => {
    const [slow, fresh] = [await new FakeWorker(keeping).listen(), await new FakeWorker(answering).listen()]
    const served = await serveFront([slow], { patienceMs: 300 })
    await warm(served, slow)
    const before = pokesOf(slow).length
    const answers = ['/a', '/b', '/c'].map((path) => status(served.url(path)))
    const here = await eventually(() => {
      const slower = slow.requests.filter(({ environ }) => environ['RAW_URI'] !== '/quick')
      return slower.length === 3 && slower
    })
    await eventually(() => pokesOf(slow).length > before)
    const thread = pokesOf(slow).at(-1)?.index ?? 99
    returned(
      slow,
      thread,
      here.slice(1).map(({ id }) => id),
    )
    await eventually(() => served.front.waiting === 2)
    expect(served.front.running).toBe(1)
    served.front.workers([addressOf(slow, 1), addressOf(fresh, 2)])
    await eventually(() => pathsOf(fresh).length === 2)
    expect(pathsOf(fresh)).toEqual(here.slice(1).map(({ environ }) => environ['RAW_URI']))
    slow.data[0]?.full(here[0]?.id ?? 0)
    expect(await Promise.all(answers)).toEqual([200, 200, 200])
  })

  test('comes back to the only worker, when that gives back all it has', async () => {
    const worker = await new FakeWorker(keeping).listen()
    const served = await serveFront([worker], { patienceMs: 300 })
    await warm(served, worker)
    const before = pokesOf(worker).length
    const answers = ['/a', '/b'].map((path) => status(served.url(path)))
    const here = () => worker.requests.filter(({ environ }) => environ['RAW_URI'] !== '/quick')
    await eventually(() => here().length === 2 && pokesOf(worker).length > before)
    const ids = here().map(({ id }) => id)
    worker.answer = answering
    returned(worker, 0, ids)
    expect(await Promise.all(answers)).toEqual([200, 200])
    expect(here().length).toBe(4)
  })

  test('of a client that left meanwhile is given to nobody', async () => {
    const slow = await new FakeWorker(keeping).listen()
    const served = await serveFront([slow], { patienceMs: 300 })
    await warm(served, slow)
    const clients = [await connect(served.port), await connect(served.port)]
    for (const client of clients) client.send(get('/slow'))
    const ids = await eventually(() => {
      const slower = slow.requests.filter(({ environ }) => environ['RAW_URI'] === '/slow')
      return slower.length === 2 && slower.map(({ id }) => id)
    })
    clients[1]?.socket.resetAndDestroy()
    await eventually(() => slow.data[0]?.frames.some(({ type, id }) => type === 6 && id === ids[1]))
    returned(slow, 0, ids.slice(1))
    await eventually(() => served.front.running === 1)
    expect(served.front.waiting).toBe(0)
  })
})

describe('a request that takes longer than timeout', () => {
  test('is a 504, and its channel is not opened again', async () => {
    const worker = await new FakeWorker(keeping).listen()
    const served = await serveFront([worker], { threads: 2 })
    const answer = status(served.url('/slow'))
    await eventually(() => worker.requests.length === 1)
    const [hung] = worker.data.filter(({ requests }) => requests.length === 1)
    const thread = worker.data[0] === hung ? 0 : 1
    worker.control?.send(76, { index: thread, id: worker.requests[0]?.id ?? 0 })
    expect(await answer).toBe(504)
    await eventually(() => worker.data.length === 1)
    expect(await status(served.url('/quick'))).toBe(200)
    expect(worker.channels.length).toBe(3)
    // The error is the worker's to log, who knows the stack.
    expect(errorsIn(served)).toEqual([])
    const message = expect.stringMatching(/GET \/slow .*timeout.*504/)
    expect(served.logs).toContainEqual({ level: 'info', message })
  })

  test('is cut when its response had begun', async () => {
    const worker = await new FakeWorker((channel, { type, id }) => {
      if (type === 3) channel.send(67, { id, index: 200, text: 'OK', body: 'x' })
    }).listen()
    const served = await serveFront([worker])
    const response = await fetch(served.url('/'))
    worker.control?.send(76, { index: 0, id: worker.requests[0]?.id ?? 0 })
    await expect(response.text()).rejects.toThrow()
  })
})

describe('a client that goes', () => {
  test('while its request runs is an ABORT, and what is still answered is dropped', async () => {
    const worker = await new FakeWorker(keeping).listen()
    const served = await serveFront([worker])
    const client = await connect(served.port)
    client.send(get('/slow'))
    await eventually(() => worker.requests.length === 1)
    client.socket.resetAndDestroy()
    const channel = worker.data[0]
    await eventually(() => channel?.frames.some(({ type }) => type === 6))
    const id = worker.requests[0]?.id ?? 0
    channel?.send(67, { id, index: 200, text: 'OK', body: 'x' })
    channel?.send(68, { id, body: 'x' })
    channel?.send(69, { id })
    expect(await status(served.url('/quick'))).toBe(200)
    expect(errorsIn(served)).toEqual([])
  })

  test('may have its request left unanswered: those behind it are answered', async () => {
    const worker = await new FakeWorker(keeping).listen()
    const served = await serveFront([worker])
    await warm(served, worker)
    const client = await connect(served.port)
    client.send(get('/slow'))
    const id = await eventually(
      () => worker.requests.find(({ environ }) => environ['RAW_URI'] === '/slow')?.id,
    )
    client.socket.resetAndDestroy()
    await eventually(() => worker.data[0]?.frames.some(({ type }) => type === 6))
    expect(await status(served.url('/quick'))).toBe(200)
    expect(id).toBeGreaterThan(0)
    await eventually(() => served.front.running === 0)
  })

  test('while it waits is forgotten', async () => {
    const served = await serveFront([])
    const client = await connect(served.port)
    client.send(get())
    await eventually(() => served.front.waiting === 1)
    await eventually(() => served.front.oldestMs > 1)
    client.socket.resetAndDestroy()
    await eventually(() => served.front.waiting === 0)
    expect(served.front.oldestMs).toBe(0)
  })

  test('in order while it waits is forgotten, too, and never given to a worker', async () => {
    const worker = await new FakeWorker(keeping).listen()
    const served = await serveFront([worker])
    const first = status(served.url('/slow'), { method: 'POST' })
    await eventually(() => worker.requests.length === 1)
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(served.port)))
    for (const [at, client] of clients.entries()) client.send(get(`/${at}`))
    await eventually(() => served.front.waiting + served.front.running === 21)
    for (const client of clients) client.socket.end()
    // One may stand behind the slow one: it is dropped when it comes back.
    await eventually(() => served.front.waiting === 0)
    const ids = worker.requests.slice(1).map(({ id }) => id)
    returned(worker, 0, ids)
    worker.data[0]?.full(worker.requests[0]?.id ?? 0)
    expect(await first).toBe(200)
    await eventually(() => served.front.running === 0)
    expect(worker.requests.length).toBe(1 + ids.length)
    await eventually(() => clients.every(({ ended }) => ended))
    expect(clients.map(({ text }) => text).join('')).toBe('')
  })

  test('while its response waits for it lets the channel go on', async () => {
    const big = Buffer.alloc(262_144, 'x')
    const worker = await new FakeWorker((channel, { type, id, text }) => {
      if (type !== 3) return
      if (!text.includes('\0/big\0')) return channel.full(id)
      channel.send(67, { id, index: 200, text: 'OK' })
      for (let count = 0; count < 100; count += 1) channel.send(68, { id, body: big })
      channel.send(69, { id })
    }).listen()
    const served = await serveFront([worker])
    const client = await connect(served.port)
    client.socket.pause()
    client.send(get('/big'))
    await eventually(() => (worker.data[0]?.socket.writableLength ?? 0) > 0, { every: 50 })
    client.socket.resetAndDestroy()
    expect(await status(served.url('/'))).toBe(200)
  })
})

describe('when all are busy', () => {
  test('requests wait, as many as may; one more is a 503 that says when to come again', async () => {
    const worker = await new FakeWorker(keeping).listen()
    const served = await serveFront([worker], { queueLimit: 3 })
    const clients: Client[] = []
    // The first is at work, the second may wait behind it: nothing is known of how long they take.
    for (let count = 0; count < 5; count += 1) {
      const client = await connect(served.port)
      client.send('POST / HTTP/1.1\r\nHost: x\r\n\r\n')
      clients.push(client)
      await eventually(() => served.front.running + served.front.waiting === count + 1 || client.text !== '')
    }
    expect([served.front.running, served.front.waiting]).toEqual([1, 3])
    const text = await eventually(() => clients[4]?.text)
    expect(text).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: 1\r\n/)
    for (let count = 0; count < 4; count += 1) {
      const id = await eventually(() => worker.requests[count]?.id)
      worker.data[0]?.full(id)
    }
    for (const client of clients.slice(0, 4)) await client.has('hello')
  })

  test('thousands wait, and all are answered', async () => {
    const worker = await new FakeWorker(answering).listen()
    const served = await serveFront([], { queueLimit: 5000 })
    const client = await connect(served.port)
    const clients = [client]
    for (let count = 0; count < 400; count += 1) clients.push(await connect(served.port))
    for (const one of clients) one.send(get())
    await eventually(() => served.front.waiting === clients.length)
    served.front.workers([addressOf(worker)])
    for (const one of clients) await one.has('hello')
    expect(served.front.waiting + served.front.running).toBe(0)
  })
})

describe('a front', () => {
  test('gives a channel nothing before its HELLO came back', async () => {
    const worker = new FakeWorker(answering)
    worker.mute = true
    await worker.listen()
    const served = await serveFront([worker])
    const answer = status(served.url('/'))
    await eventually(() => served.front.waiting === 1 && worker.data.length === 1)
    expect([worker.requests.length, served.usable]).toEqual([0, 0])
    worker.data[0]?.send(65, { index: 0 })
    expect(await answer).toBe(200)
    expect(served.usable).toBe(1)
  })

  test('that is closed answers what waits, and its workers see their channels end', async () => {
    const worker = await new FakeWorker(keeping).listen()
    const served = await serveFront([worker])
    const answers = ['/a', '/b'].map((path) => status(served.url(path), { method: 'POST' }))
    await eventually(() => served.front.waiting === 1 && served.front.running === 1)
    served.front.close()
    expect((await Promise.all(answers)).sort()).toEqual([502, 503])
    await eventually(() => worker.channels.every(({ ended }) => ended))
  })

  test('says once that a worker cannot be reached, after a while', async () => {
    const worker = new FakeWorker(answering)
    const served = await serveFront([])
    served.front.workers([addressOf(worker)])
    await eventually(() => errorsIn(served).length === 1, { within: 9000 })
    expect(errorsIn(served)).toEqual([expect.stringMatching(/pid:1001.*ENOENT.*5 s/)])
    expect(served.logs.some(({ level }) => level === 'debug')).toBe(true)
  })
})

describe('a front that is abandoned', () => {
  test('answers 503 to whoever waits or comes, and lets workers finish what they run', async () => {
    const worker = await new FakeWorker(keeping).listen()
    const served = await serveFront([worker])
    const running = status(served.url('/slow'))
    await eventually(() => pathsOf(worker).includes('/slow'))
    const waiting = status(served.url('/other'), { method: 'POST', body: 'x' })
    await eventually(() => served.front.waiting === 1)
    served.front.workers([], true)
    expect(await waiting).toBe(503)
    expect(await status(served.url('/late'))).toBe(503)
    for (const { id } of worker.requests) worker.data[0]?.full(id)
    expect(await running).toBe(200)
    expect(errorsIn(served)).toEqual(['no worker is left for 1 requests: the clients got 503'])
  })

  test('serves again when a worker comes after all', async () => {
    const worker = await new FakeWorker(answering).listen()
    const served = await serveFront([worker])
    served.front.workers([], true)
    expect(await status(served.url('/'))).toBe(503)
    const other = await new FakeWorker(answering).listen()
    served.front.workers([addressOf(other, 2)], false)
    expect(await status(served.url('/'))).toBe(200)
  })
})

describe('the end of a worker’s process', () => {
  test('is the end of its channels, though another process holds them open', async () => {
    const [held, other] = [await new FakeWorker().listen(), await new FakeWorker(answering).listen()]
    const served = await serveFront([held], { patienceMs: 60_000 })
    const begun = status(served.url('/begun'))
    await eventually(() => held.requests.length === 1)
    const behind = status(served.url('/behind'))
    await eventually(() => held.requests.length + served.front.waiting === 2)
    served.front.workers([addressOf(other, 2)])
    served.front.ended(1)
    expect(await begun).toBe(502)
    expect(await behind).toBe(200)
    expect(errorsIn(served)).toEqual([expect.stringMatching(/died while it handled GET \/begun/)])
    await eventually(() => held.data.length === 0 && held.control === undefined)
    // Nobody looks for it any more.
    const channels = held.channels.length
    await steadily(() => held.channels.length === channels, { during: 300 })
  })

  test('does not cut what it had said before, though the client reads slowly', async () => {
    const size = 30_000_000
    const worker = await new FakeWorker((channel, { type, id }) => {
      if (type !== 3) return
      channel.send(67, { id, index: 200, text: `OK\nContent-Length\n${size}` })
      for (let sent = 0; sent < size; sent += 200_000) channel.send(68, { id, body: Buffer.alloc(200_000) })
      channel.send(69, { id })
    }).listen()
    const { front, port } = await serveFront([worker])
    const client = await connect(port)
    let read = 0
    client.socket.on('data', (piece: Buffer) => {
      read += piece.length
    })
    client.socket.pause()
    client.send(get('/slow'))
    await eventually(() => worker.requests.length === 1)
    front.ended(1)
    await steadily(() => worker.data.length === 1, {
      during: 600,
      what: 'the channel that is still read from',
    })
    client.socket.resume()
    await eventually(() => read > size)
    await eventually(() => worker.data.length === 0)
  })
})
