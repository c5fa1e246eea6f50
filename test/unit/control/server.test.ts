import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bounds } from '../../../src/control/bounds.ts'
import { encodeFrame } from '../../../src/control/codec.ts'
import { ControlServer } from '../../../src/control/server.ts'
import { openSocket, plainServer } from '../../../src/control/socket.ts'
import { ControlClient } from '../../support/control-client.ts'
import { eventually } from '../../support/eventually.ts'
import { at, FakeAdministration } from '../../support/fake-administration.ts'
import { logTo, temporaryFolder } from './support.ts'

const event = { at, event: 'target', now: 2, before: 1 } as const

/** A server with a clock of its own. */
const serve = async (readOnly = false) => {
  const path = `${temporaryFolder()}/s.ctl`
  const administration = new FakeAdministration()
  const log: string[] = []
  let clock = 0
  const server = new ControlServer({
    administration,
    log: logTo(log),
    peer: () => ({ pid: process.pid, uid: 0 }),
    now: () => clock,
  })
  const socket = await openSocket(
    path,
    0o600,
    plainServer((client) => server.accept(client, readOnly)),
  )
  onTestFinished(() => {
    socket.close()
    server.close()
  })
  const pass = (milliseconds: number) => {
    clock += milliseconds
    server.look()
  }
  const client = async () => {
    const one = await ControlClient.connect(path)
    onTestFinished(() => one.close())
    return one
  }
  return { path, administration, server, log, pass, client }
}

/** An HTTP request; status, headers and the body as text. */
const http = (path: string, method: string, target: string, headers: Record<string, string> = {}) =>
  new Promise<{ status: number | undefined; body: string; type: string | undefined }>((resolve, reject) => {
    const asked = request({ socketPath: path, method, path: target, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () =>
        resolve({ status: response.statusCode, body, type: response.headers['content-type'] }),
      )
    })
    asked.on('error', reject).end()
  })

describe('JSON lines', () => {
  test('are answered in turn, with their ids', async () => {
    const { client } = await serve()
    const one = await client()
    one.send('{"id":1,"command":"listeners"}\n\n{"id":{"a":2},"command":"scael"}\nnonsense\n{"id":4}\n')
    const [first, second, third, fourth] = await one.lines(4)
    expect(first).toEqual({ id: 1, ok: true, version: 1, data: expect.any(Array) })
    expect(second).toMatchObject({ id: { a: 2 }, ok: false, error: { code: 'usage', message: /'scale'/ } })
    expect(third).toMatchObject({ id: null, ok: false, error: { code: 'usage' } })
    expect(fourth).toMatchObject({ ok: false, error: { code: 'usage' } })
  })

  test('of who has closed its side are answered, the last without an end too', async () => {
    const { client } = await serve()
    const one = await client()
    one.send('{"id":1,"command":"generations"}\n{"id":2,"command":"health"}').socket.end()
    const [, second] = await one.lines(2)
    expect(second).toMatchObject({ id: 2, data: { alive: true } })
    await one.ended()
  })

  test('tell events between answers, once a connection', async () => {
    const { client, administration } = await serve()
    const one = await client()
    one.send('{"id":1,"command":"events"}\n{"id":2,"command":"events"}\n')
    const [first, second] = await one.lines(2)
    expect(first).toEqual({ id: 1, ok: true, version: 1, data: null })
    expect(second).toMatchObject({ id: 2, ok: false, error: { code: 'refused' } })
    administration.tell(event)
    expect(await one.lines()).toEqual([{ id: 1, event }])
    one.send('{"id":3,"command":"health"}\n')
    expect((await one.lines())[0]).toMatchObject({ id: 3, ok: true })
  })

  test('that change something are refused where no orders are taken', async () => {
    const { client, administration } = await serve(true)
    const one = (await client()).send('{"id":1,"command":"stop"}\n{"id":2,"command":"status"}\n')
    const [first, second] = await one.lines(2)
    expect(first).toMatchObject({ ok: false, error: { code: 'forbidden' } })
    expect(second).toMatchObject({ ok: true })
    expect(administration.orders).toEqual([])
  })

  test('give orders in the name of the process at the other end', async () => {
    const { client, administration } = await serve()
    await (await client()).send('{"command":"reopen"}\n').lines()
    expect(administration.orders[0]?.by).toMatch(
      new RegExp(`^pid ${process.pid} \\(.+\\), user root \\(0\\)$`),
    )
  })
})

describe('HTTP', () => {
  test('has a resource for each command', async () => {
    const { path, administration } = await serve()
    expect(JSON.parse((await http(path, 'GET', '/status')).body)).toMatchObject({ version: 1, pid: 999 })
    expect(await http(path, 'POST', '/scale?by=-1')).toMatchObject({ status: 200 })
    expect(await http(path, 'POST', '/workers/1001/drain')).toMatchObject({ status: 200 })
    expect(administration.orders.map(({ order }) => order)).toEqual([
      { do: 'scale', by: -1 },
      { do: 'drain', pid: 1001 },
    ])
    expect(await http(path, 'GET', '/metrics')).toMatchObject({
      body: administration.metricsText,
      type: /0\.0\.4/,
    })
    expect(JSON.parse((await http(path, 'GET', '/')).body)).toContainEqual(
      expect.objectContaining({ name: 'reload', http: ['POST /reload'] }),
    )
  })

  test('says in its status what went wrong', async () => {
    const { path, administration } = await serve()
    administration.healthy = { alive: true, ready: false, why: 'no generation serves' }
    administration.grant = () => ({ ok: false, why: 'no' })
    const statuses = [
      await http(path, 'GET', '/readyz'),
      await http(path, 'GET', '/livez'),
      await http(path, 'GET', '/stats'),
      await http(path, 'GET', '/reload'),
      await http(path, 'POST', '/scale?to=x'),
      await http(path, 'POST', '/reload'),
      await http(path, 'GET', '/status', { Origin: 'http://example.com' }),
      await http(path, 'GET', '/status', { 'Sec-Fetch-Site': 'cross-site' }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([503, 200, 404, 405, 400, 409, 403, 403])
  })

  test('streams events with numbers, and tells those that were missed', async () => {
    const { client, administration, server } = await serve()
    const head = 'GET /events HTTP/1.1\r\nHost: x\r\n'
    const one = (await client()).send(`${head}\r\n`)
    await eventually(() => administration.watchers.size === 1)
    administration.tell(event)
    administration.tell({ ...event, now: 3 })
    await eventually(() => one.text.includes('id: 2\nevent: target\ndata: {"at":'))
    one.close()
    const two = (await client()).send(`${head}Last-Event-ID: 1\r\n\r\n`)
    await eventually(() => two.text.includes('id: 2\n'))
    expect(two.text).not.toContain('id: 1\n')
    two.close()
    await eventually(() => server.size === 0)
  })

  test('that comes in pieces is put together', async () => {
    const { client } = await serve()
    const one = await client()
    for (const piece of ['G', 'ET /live', 'z HTTP/1.1\r\nHo', 'st: x\r\n', '\r\n']) {
      one.send(piece)
      await new Promise(setImmediate)
    }
    await one.ended()
    expect(one.text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*ok\n$/s)
  })
})

describe('a hostile client', () => {
  test('that sends half a request is cut after ten seconds, however it drips', async () => {
    const { client, pass, server } = await serve()
    const halves = ['\0\0', '{"comm', 'GET /stat']
    const clients = await Promise.all(halves.map(async (half) => (await client()).send(half)))
    await eventually(() => server.size === 3)
    await new Promise((resolve) => setTimeout(resolve, 50))
    pass(bounds.receiving / 2)
    for (const one of clients) one.send('x')
    await new Promise((resolve) => setTimeout(resolve, 50))
    pass(bounds.receiving / 2)
    await eventually(() => server.size === 0)
  })

  test('that is silent is cut after as long as Gunicorn waits', async () => {
    const { client, pass, server } = await serve()
    await client()
    await eventually(() => server.size === 1)
    pass(bounds.idle - 1)
    expect(server.size).toBe(1)
    pass(1)
    await eventually(() => server.size === 0)
  })

  test('that announces a gigabyte, or is no client at all, is closed at once', async () => {
    const { client, server } = await serve()
    for (const bytes of [[0, 255, 255, 255], [64, 0, 0, 0], [128], [32], [10]]) {
      const one = (await client()).send(Buffer.from(bytes))
      await one.ended()
      one.close()
    }
    const words = (await client()).send(Buffer.from([0, 255, 255, 255]))
    expect(await words.frame()).toEqual({ id: 0, status: 'error', error: 'Message too large: 16777215' })
    const line = (await client()).send(`{${'x'.repeat(2 * bounds.request)}`)
    expect((await line.lines())[0]).toMatchObject({ ok: false, error: { code: 'usage' } })
    line.close()
    words.close()
    await eventually(() => server.size === 0)
  })

  test('that asks and never reads is not read any more, and cut', async () => {
    const { client, pass, server, administration } = await serve()
    administration.metricsText = 'x'.repeat(500_000)
    const one = await client()
    one.socket.pause()
    for (let index = 0; index < 5; index += 1) one.send('{"command":"metrics"}\n'.repeat(100))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(server.size).toBe(1)
    pass(bounds.unread)
    await eventually(() => server.size === 0)
  })

  test('that does not read its events is cut at a megabyte', async () => {
    const { client, server, administration } = await serve()
    const one = (await client()).send('{"command":"events"}\n')
    await one.lines()
    one.socket.pause()
    const log = { at, event: 'log', level: 'info', message: 'x'.repeat(10_000) } as const
    for (let index = 0; index < 400 && server.size > 0; index += 1) {
      administration.tell(log)
      await new Promise(setImmediate)
    }
    await eventually(() => server.size === 0)
  })

  test('finds no more connections than there may be', async () => {
    const { client, server } = await serve()
    const clients = await Promise.all(Array.from({ length: bounds.connections + 20 }, client))
    await eventually(
      () => clients.filter(({ closed, socket }) => closed || socket.readableEnded).length === 20,
    )
    expect(server.size).toBe(bounds.connections)
  })

  test('that sends noise breaks nothing', async () => {
    const { client, server, log } = await serve()
    for (const first of [0, 0x7b, 0x47]) {
      const clients = await Promise.all(Array.from({ length: 20 }, client))
      for (const one of clients)
        one.send(Buffer.concat([Buffer.from([first]), randomBytes(2000)])).socket.end()
      await Promise.all(clients.map((one) => one.ended()))
      for (const one of clients) one.close()
    }
    await eventually(() => server.size === 0)
    expect(log).toEqual([])
    const one = (await client()).send(encodeFrame({ id: 1, command: 'show stats' }))
    expect(await one.frame()).toMatchObject({ status: 'ok' })
  })
})

test('who waits for an outcome and hangs up is not waited for', async () => {
  const { client, administration, server, pass } = await serve()
  const one = (await client()).send('{"command":"reload","args":{"wait":600}}\n')
  await eventually(() => administration.watchers.size === 1)
  one.close()
  await eventually(() => {
    pass(0)
    return administration.watchers.size === 0 && server.size === 0
  })
})

test('who waits for an outcome and has closed only its side is answered', async () => {
  const { client, administration, pass } = await serve()
  const one = (await client()).send('{"command":"upgrade","args":{"wait":600}}\n')
  one.socket.end()
  await eventually(() => administration.watchers.size === 1)
  pass(1000)
  administration.tell({ at, event: 'upgrade', phase: 'running' })
  expect((await one.lines())[0]).toMatchObject({ ok: true })
})

test('a master that ends sends what it has said', async () => {
  const { client, server } = await serve()
  const one = (await client()).send('{"id":1,"command":"stop"}\n')
  await eventually(() => one.text !== '')
  server.close()
  await one.ended()
  expect(one.text).toContain('"ok":true')
})
