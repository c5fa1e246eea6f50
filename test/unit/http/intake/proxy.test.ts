import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { Application } from '../../../../src/app/application.ts'
import type { EngineOptions } from '../../../../src/http/engine.ts'
import { compose } from '../../../../src/http/intake/intake.ts'
import { createProxyStep, type ProxyStepOptions } from '../../../../src/http/intake/proxy.ts'
import { tlsStep } from '../../../../src/http/intake/tls.ts'
import { defaultPolicy, type HttpPolicy } from '../../../../src/http/policy.ts'
import { Client, connect, get, latch, serve, until } from '../harness.ts'
import { binary, checked, type Ends, line, packet } from './proxy-writer.ts'

const ends: Ends = {
  family: 4,
  source: '192.0.2.1',
  destination: '198.51.100.2',
  sourcePort: 56324,
  destinationPort: 443,
}
const six: Ends = { ...ends, family: 6, source: '2001:db8::1', destination: '2001:db8::2' }
const latin1 = (bytes: Buffer): string => bytes.toString('latin1')
const v1 = latin1(line(ends))
const v2 = latin1(packet(ends))

/** Answers who it thinks the client is, and what it was sent. */
const mirror: Application = {
  kind: 'node',
  shape: 'function',
  handler: (request, response) => {
    const { remoteAddress, remotePort, remoteFamily } = request.socket
    let body = ''
    request.setEncoding('latin1').on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () =>
      response.end(`${remoteAddress} ${remotePort} ${remoteFamily} ${request.url} [${body}]`),
    )
  },
}

const seen = (path = '/', body = '') => `192.0.2.1 56324 IPv4 ${path} [${body}]`

const served = async (
  options: Partial<ProxyStepOptions> = {},
  policy: Partial<HttpPolicy> = {},
  more: Partial<EngineOptions> = {},
) => {
  const refusals: string[] = []
  const story = await serve(mirror, policy, {
    intake: createProxyStep({ mode: 'auto', allowIps: ['127.0.0.1'], ...options }),
    onRefused: (status, reason, address) => refusals.push(`${status} ${address}: ${reason}`),
    ...more,
  })
  return { ...story, refusals, client: () => connect(story.port) }
}

const folders: string[] = []
const servers: Server[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  for (const server of servers.splice(0)) server.close()
})

describe('an application behind the PROXY protocol', () => {
  test.each([
    ['v1', v1, seen()],
    ['v2', v2, seen()],
    ['v1 of IPv6', latin1(line(six)), '2001:db8::1 56324 IPv6 / []'],
    ['v2 of IPv6 with a checksum', latin1(checked(six)), '2001:db8::1 56324 IPv6 / []'],
    ['UNKNOWN', 'PROXY UNKNOWN\r\n', '127.0.0.1 '],
    ['LOCAL', latin1(binary({ command: 0x20, family: 0 })), '127.0.0.1 '],
  ])(
    'sees whom %s names, byte by byte or at once, on every request of the connection',
    async (_, header, who) => {
      const { client, records, refusals } = await served()
      const whole = await client()
      await whole.send(header + get()).has(who)
      await whole.send(get()).has(who, 2)
      const slow = await client()
      slow.socket.setNoDelay(true)
      for (const byte of header + get())
        await new Promise<void>((sent) => slow.socket.write(byte, 'latin1', () => sent()))
      await slow.has(who)
      await until(() => records.length === 3)
      for (const { remoteAddress } of records) expect(remoteAddress).toBe(who.split(' ')[0])
      expect(refusals).toEqual([])
    },
  )

  test('gets every byte behind the header once and in order, however they are cut', async () => {
    const { client } = await served()
    const body = 'x'.repeat(200_000)
    const pipelined = `${get('/1')}POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}${get('/3')}`
    for (const cut of [0, 1, 20, v1.length, v1.length + 1, v1.length + 30, v1.length + 70_000]) {
      const all = v1 + pipelined
      const one = await client()
      one.send(all.slice(0, cut))
      await new Promise((turn) => setImmediate(turn))
      const text = await one.send(all.slice(cut)).has('/3')
      expect(text).toContain(seen('/2', body))
      expect(text.indexOf(seen('/1'))).toBeLessThan(text.indexOf(seen('/2', body)))
      one.socket.destroy()
    }
  })

  test('is asked although the client ended its side right behind the request', async () => {
    const { client } = await served()
    const one = await client()
    one.socket.end(v2 + get('/', 'Connection: close\r\n'), 'latin1')
    expect(await one.end()).toContain(seen())
  })

  test('may pause its request, and upgrade its connection, as without', async () => {
    const paused = latch()
    const story = await serve(
      {
        kind: 'node',
        shape: 'function',
        handler: (request, response) => {
          request.pause()
          void paused.opened.then(() => request.resume().on('end', () => response.end('all of it')))
        },
        upgrade: (_, socket, head) => void socket.end(`raw ${head} of ${(socket as Socket).remoteAddress}`),
      },
      {},
      { intake: createProxyStep({ mode: 'v1', allowIps: ['*'] }) },
    )
    const one = await connect(story.port)
    one.send(`${v1}POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n`).send('x'.repeat(100_000))
    paused.open()
    await one.has('all of it')
    const two = await connect(story.port)
    two.send(v1 + get('/', 'Connection: upgrade\r\nUpgrade: x\r\n').concat('first'))
    expect(await two.end()).toBe('raw first of 192.0.2.1')
  })

  test('is told the forwarded client only when the PROXY client is a trusted proxy itself', async () => {
    const forwardedAllowIps = ['127.0.0.1', '192.0.2.0/24']
    const trusted = await served({}, { forwardedAllowIps })
    const stranger = await served({}, { forwardedAllowIps: ['127.0.0.1'] })
    for (const { client } of [trusted, stranger])
      await (await client()).send(v1 + get('/', 'X-Forwarded-For: 7.7.7.7\r\n')).has(seen())
    await until(() => trusted.records.length + stranger.records.length === 2)
    expect(trusted.records[0]?.remoteAddress).toBe('7.7.7.7')
    expect(stranger.records[0]?.remoteAddress).toBe('192.0.2.1')
  })
})

describe('a peer that is allowed', () => {
  test.each([
    ['no header', get(), 'the connection does not begin with a PROXY header'],
    ['a wrong line', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 99999\r\n', 'the PROXY line does not hold'],
    ['two headers, the second of them read as a request', v1 + v1, ''],
    ['a wrong binary header', latin1(binary({ command: 0x2f })), 'the command of the PROXY header'],
    ['an endless line', `PROXY ${'x'.repeat(100_000)}`, 'the PROXY line is longer than'],
  ])('with %s is answered 400, and no application hears of it', async (_, bytes, reason) => {
    const { client, refusals, records, engine } = await served()
    const text = await (await client()).send(bytes).end()
    expect(text).toMatch(/^HTTP\/1.1 400 /)
    await until(() => refusals.length === 1 && engine.connections === 0)
    if (reason !== '')
      expect(refusals[0]).toMatch(new RegExp(`^400 127.0.0.1: ${reason}.*proxy_protocol is auto`))
    expect(records.filter(({ status }) => status !== 400)).toEqual([])
    expect(engine.requests).toBe(0)
  })

  test('must send what the mode says', async () => {
    for (const [mode, header] of [['v1', v2] as const, ['v2', v1] as const]) {
      const { client, refusals } = await served({ mode })
      expect(await (await client()).send(header + get()).end()).toMatch(/^HTTP\/1.1 400 /)
      expect(refusals[0]).toContain(`proxy_protocol is ${mode}`)
    }
  })

  test('that is slow with its header is cut, whatever it sends meanwhile', async () => {
    const { client, refusals, engine } = await served({}, { headersMs: 150 })
    const one = await client()
    const drip = setInterval(() => one.send('x'), 20)
    one.send('PROXY UNKNOWN ')
    await until(() => one.ended || one.error !== undefined)
    clearInterval(drip)
    expect(one.text).toBe('')
    await until(() => engine.connections === 0)
    expect(refusals).toEqual(['400 127.0.0.1: the PROXY header did not come in time'])
  })

  test('that says nothing, or only looks whether the port is open, is not told of', async () => {
    const { client, refusals, engine } = await served({}, { headersMs: 100 })
    const silent = await client()
    ;(await client()).socket.end()
    ;(await client()).socket.resetAndDestroy()
    await until(() => silent.ended || silent.error !== undefined)
    await until(() => engine.connections === 0)
    expect(refusals).toEqual([])
  })

  test('that ends within its header is told of, one that resets is gone: nothing is left of either', async () => {
    const { client, refusals, errors, engine } = await served()
    ;(await client()).send('PROXY TCP4').socket.end()
    await until(() => refusals.length === 1)
    expect(refusals).toEqual(['400 127.0.0.1: the connection ended within its PROXY header'])
    const one = await client()
    one.send('PROXY TCP4')
    await until(() => engine.connections === 1)
    one.socket.resetAndDestroy()
    await until(() => engine.connections === 0)
    expect(errors).toEqual([])
  })
})

test('from a peer that is not allowed nothing is taken: a request is served, a header is no request', async () => {
  const { client, refusals } = await served({ allowIps: ['10.0.0.0/8', '::1'] })
  expect(await (await client()).send(get('/', 'Connection: close\r\n')).end()).toContain('127.0.0.1 ')
  for (const header of [v1, v2])
    expect(await (await client()).send(header + get()).end()).toMatch(/^HTTP\/1.1 400 /)
  await until(() => refusals.length === 2)
})

test('an allowed peer that is no address is refused by name', () => {
  expect(() => createProxyStep({ mode: 'v1', allowIps: ['nobody'] })).toThrow(
    "proxy_allow_ips: 'nobody' is not an address",
  )
})

test('a peer on a unix socket is allowed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'))
  folders.push(folder)
  const path = join(folder, 'sock')
  const story = await served({ allowIps: [] })
  const server = createServer({ allowHalfOpen: true }, (socket) => story.engine.accept(socket)).listen(path)
  servers.push(server)
  await once(server, 'listening')
  await new Client({ path }).send(v1 + get()).has(seen())
  expect(await new Client({ path }).send(get()).end()).toContain('400 ')
})

describe('while the worker drains', () => {
  test('a connection with its header and no request is idle, and ended in order', async () => {
    const { client, engine } = await served()
    const one = await client()
    one.send(v1)
    // The header was read when the next one on the same loop was answered.
    await (await client()).send(v1 + get('/', 'Connection: close\r\n')).end()
    await until(() => engine.connections === 1)
    const began = performance.now()
    const drained = engine.drain({ emptyAcceptQueue: false, idleMs: 50 })
    expect(await one.end()).toBe('')
    await drained
    expect(performance.now() - began).toBeLessThan(2000)
  })

  test('a connection whose header is on its way is served when it comes, and said to be the last', async () => {
    const { client, engine } = await served()
    const one = await client()
    one.send(v1.slice(0, 9))
    await until(() => engine.connections === 1)
    const drained = engine.drain({ emptyAcceptQueue: false, idleMs: 5000 })
    const text = await one.send(v1.slice(9) + get()).end()
    expect(text).toContain(seen())
    expect(text).toContain('Connection: close')
    await drained
    expect(engine.connections).toBe(0)
  })

  test('a connection whose header never comes does not hold it up', async () => {
    const { client, engine } = await served()
    const one = await client()
    one.send(v1.slice(0, 9))
    await until(() => engine.connections === 1)
    await engine.drain({ emptyAcceptQueue: false, idleMs: 50 })
    await until(() => one.ended || one.error !== undefined)
  })
})

test('destroying the engine destroys connections whose header is on its way', async () => {
  const { client, engine } = await served()
  const one = await client()
  one.send('PROXY')
  await until(() => engine.connections === 1)
  engine.destroy()
  await until(() => one.ended || one.error !== undefined)
  await until(() => engine.connections === 0)
})

test('TLS goes on top, with what was read too much, and reports the same client', async () => {
  // A key both sides have: no certificate to be made, or to expire.
  const psk = Buffer.from('0123456789abcdef')
  const secure = { ciphers: 'PSK', maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const
  const step = compose(
    createProxyStep({ mode: 'v2', allowIps: ['*'] }),
    tlsStep({ options: { pskCallback: () => psk, ...secure } }),
  )
  const context = { onRefused: () => undefined, timeoutMs: defaultPolicy.headersMs }
  const server = createServer({ allowHalfOpen: true }, (socket) =>
    step?.(
      socket,
      (top) => {
        top.on('error', () => undefined)
        top.once('data', (chunk) =>
          top.end(`${chunk} from ${top.remoteAddress} ${top.remotePort} ${top.remoteFamily}`),
        )
      },
      context,
    ),
  ).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const plain = connectTcp(port, '127.0.0.1')
  // Corked: header and ClientHello come in one segment.
  plain.cork()
  plain.write(v2, 'latin1')
  const client = connectTls({
    socket: plain,
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk, identity: 'test' }),
    ...secure,
  })
  client.write('hello')
  setImmediate(() => plain.uncork())
  const [chunk] = await once(client, 'data')
  expect(String(chunk)).toBe('hello from 192.0.2.1 56324 IPv4')
  client.destroy()
})
