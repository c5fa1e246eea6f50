import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createStatsd, metricFormat, parseStatsdAddress } from '../../../src/log/statsd.ts'
import { openSyslog, syslogHead, syslogTag } from '../../../src/log/syslog.ts'
import { parseFacility, parseSyslogAddress } from '../../../src/log/syslog-address.ts'
import { whyNoDatagrams } from '../../../src/system/libc.ts'
import { noPython } from '../../support/apps.ts'
import { datagramServer } from '../../support/datagrams.ts'
import { eventually, exchange, temporary } from './helpers.ts'

const noDatagrams = noPython || whyNoDatagrams() !== undefined

const udpServer = async (port = 0) => {
  const socket: Datagrams = createSocket('udp4')
  const got: string[] = []
  socket.on('message', (bytes) => got.push(bytes.toString()))
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  let open = true
  const close = () => {
    if (open) socket.close()
    open = false
  }
  onTestFinished(close)
  return { got, port: socket.address().port, close }
}

const streamServer = async (at: { port: number; host: string } | { path: string }) => {
  const sockets = new Set<Socket>()
  let got = ''
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => sockets.delete(socket))
    socket.on('data', (data) => {
      got += data
    })
  })
  server.listen(at)
  await once(server, 'listening')
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  onTestFinished(close)
  const address = server.address()
  return {
    got: () => got,
    close,
    port: typeof address === 'object' ? ((address as AddressInfo).port ?? 0) : 0,
  }
}

describe('syslog', () => {
  const options = (address: string, warned: string[] = []) => ({
    address,
    facility: 'local3',
    prefix: 'app:app',
    warn: (text: string) => warned.push(text),
  })

  test('over UDP a message has priority, time, host, tag, pid and one line of text', async () => {
    const daemon = await udpServer()
    const syslog = openSyslog(options(`udp://127.0.0.1:${daemon.port}`), 'error')
    syslog.send('warning', 'two\nlines')
    await syslog.close()
    await eventually(() => daemon.got.length === 1)
    expect(daemon.got[0]).toMatch(
      /^<156>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ gunicorn\.app\.app\.error: \[\d+\] two\\nlines$/,
    )
    expect(daemon.got[0]).toContain(`[${process.pid}]`)
  })

  test('a stack is one message a line', async () => {
    const daemon = await udpServer()
    const syslog = openSyslog(options(`udp://127.0.0.1:${daemon.port}`), 'error')
    syslog.send('error', 'it threw', new Error('boom'))
    await eventually(() => daemon.got.length > 2)
    expect(daemon.got[1]).toContain('] Error: boom')
    await syslog.close()
  })

  test.each(['tcp', 'unix'])(
    'over %s messages end with a line, and the last ones arrive at close',
    async (kind) => {
      const path = join(temporary(), 'log')
      const daemon = await streamServer(kind === 'tcp' ? { port: 0, host: '127.0.0.1' } : { path })
      const syslog = openSyslog(
        options(kind === 'tcp' ? `tcp://127.0.0.1:${daemon.port}` : `unix://${path}#stream`),
        'access',
      )
      for (let at = 0; at < 3; at += 1) syslog.send('info', `line ${at}`)
      await syslog.close()
      await eventually(() => daemon.got().split('\n').length === 4)
      expect(daemon.got()).toMatch(/^<158>.*app\.access: \[\d+\] line 0\n.*line 1\n.*line 2\n$/)
    },
  )

  test('a daemon that comes back gets what was kept; its absence is warned of once', async () => {
    const path = join(temporary(), 'log')
    const warned: string[] = []
    const syslog = openSyslog(options(`unix://${path}#stream`, warned), 'error')
    syslog.send('info', 'kept')
    await eventually(() => warned.length > 0)
    syslog.send('info', 'kept too')
    const daemon = await streamServer({ path })
    await eventually(() => daemon.got().includes('kept too'))
    expect(daemon.got()).toMatch(/kept\n.*kept too\n$/)
    expect(warned).toEqual([
      expect.stringContaining(`syslog_addr: 'unix://${path}#stream' does not take messages`),
    ])
    await syslog.close()
  })

  test('a daemon that never comes does not hold the end of the process', async () => {
    const warned: string[] = []
    const syslog = openSyslog(options(`unix://${join(temporary(), 'none')}`, warned), 'error')
    for (let at = 0; at < 5000; at += 1) syslog.send('info', 'x')
    await eventually(() => warned.length > 0)
    await syslog.close()
    syslog.send('info', 'later')
    expect(warned).toHaveLength(1)
  })

  test('addresses and facilities are read as Gunicorn reads them', () => {
    expect(parseSyslogAddress('udp://localhost:514')).toEqual({
      kind: 'udp',
      to: { host: 'localhost', port: 514 },
    })
    expect(parseSyslogAddress('tcp://[::1]')).toEqual({ kind: 'tcp', to: { host: '::1', port: 514 } })
    expect(parseSyslogAddress('udp://')).toEqual({ kind: 'udp', to: { host: 'localhost', port: 514 } })
    const unix = { kind: 'unix', to: { path: '/dev/log' } }
    expect(parseSyslogAddress('unix:///dev/log#stream')).toEqual({ ...unix, type: 'stream' })
    expect(parseSyslogAddress('unix:///dev/log#dgram')).toEqual({ ...unix, type: 'dgram' })
    expect(parseSyslogAddress('unix:///dev/log')).toEqual({ ...unix, type: 'any' })
    expect(parseFacility('LOCAL7')).toBe(23)
    expect(() => parseFacility('locl7')).toThrow(/not a facility. Use one of kern, user/)
  })

  test.each([
    '',
    'localhost',
    'http://x',
    'unix://',
    'udp://a:0',
    'udp://a:99999',
    'tcp://a b',
    'unix:///x#seq',
  ])('the address %j is refused with the forms that are allowed', (address) => {
    expect(() => parseSyslogAddress(address)).toThrow(/Use udp:\/\/HOST:PORT/)
  })

  test.skipIf(noDatagrams).each(['#dgram', ''])(
    'datagrams to a path arrive whole, without an end of line (%j)',
    async (type) => {
      const path = join(temporary(), 'log')
      const daemon = await datagramServer(path)
      const syslog = openSyslog(options(`unix://${path}${type}`), 'error')
      syslog.send('warning', 'two\nlines')
      syslog.send('error', 'x'.repeat(9000))
      await syslog.close()
      await eventually(() => daemon.got.length === 2)
      expect(daemon.got[0]?.text).toMatch(
        /^<156>[A-Z][a-z]{2} [ \d]\d [\d:]{8} gunicorn\.\S+\.error: \[\d+\] two\\nlines$/,
      )
      expect(daemon.got[1]?.text).toHaveLength(8192)
    },
  )

  test.skipIf(noDatagrams)('a path without a type may turn out to be a stream', async () => {
    const path = join(temporary(), 'log')
    const daemon = await streamServer({ path })
    const syslog = openSyslog(options(`unix://${path}`), 'error')
    for (let at = 0; at < 3; at += 1) syslog.send('info', `line ${at}`)
    await syslog.close()
    await eventually(() => daemon.got().split('\n').length === 4)
    expect(daemon.got()).toMatch(/line 0\n.*line 1\n.*line 2\n$/)
  })

  test.skipIf(noDatagrams)(
    'a daemon that comes back is found at once, and its outage was told of once',
    async () => {
      const path = join(temporary(), 'log')
      const warned: string[] = []
      const syslog = openSyslog(options(`unix://${path}#dgram`, warned), 'error')
      const first = await datagramServer(path)
      syslog.send('info', 'one')
      await eventually(() => first.got.length === 1)
      await first.close()
      syslog.send('info', 'lost')
      syslog.send('info', 'lost, too')
      rmSync(path)
      const second = await datagramServer(path)
      syslog.send('info', 'two')
      await eventually(() => second.got.length === 1)
      expect(second.got[0]?.text).toMatch(/two$/)
      expect(warned).toHaveLength(1)
      await syslog.close()
    },
  )

  test.skipIf(noDatagrams)(
    'messages wait for a daemon that is slow, up to a bound, and the end is bounded, too',
    async () => {
      const path = join(temporary(), 'log')
      const daemon = await datagramServer(path, { reads: 'when told' })
      const syslog = openSyslog(options(`unix://${path}#dgram`), 'error')
      for (let at = 0; at < 5000; at += 1) syslog.send('info', `${at} ${'x'.repeat(7000)}`)
      const before = performance.now()
      await syslog.close()
      expect(performance.now() - before).toBeLessThan(2000)
      daemon.read()
      await eventually(() => daemon.got.length === 1)
    },
  )

  test('heads pad the day and leave the host out for sockets of the same machine', () => {
    const now = new Date(2026, 10, 1, 2, 3, 4).getTime()
    const head = { facility: 1, severity: 6, tag: syslogTag('a b:c]', 'access'), host: undefined, now }
    expect(syslogHead(head)).toBe('<14>Nov  1 02:03:04 gunicorn.a.b.c..access: ')
  })
})

describe('statsd', () => {
  test("a request, a log line and the gauges are Gunicorn's metrics, one datagram each", async () => {
    const daemon = await udpServer()
    const statsd = createStatsd({ address: `127.0.0.1:${daemon.port}`, prefix: 'my.app..', tags: 'env:x,b' })
    statsd.request(exchange({ durationUs: 1234, status: 404 }))
    statsd.request(exchange({ durationUs: 2000, status: 0 }))
    statsd.log('exception')
    statsd.log('info')
    statsd.workers(3)
    statsd.backlog(7)
    await statsd.close()
    await eventually(() => daemon.got.length === 8)
    expect(daemon.got.map((text) => text.replace('my.app.gunicorn.', '').replace('|#env:x,b', ''))).toEqual([
      'request.duration:1.234|ms',
      'requests:1|c|@1.0',
      'request.status.404:1|c|@1.0',
      'request.duration:2|ms',
      'requests:1|c|@1.0',
      'log.exception:1|c|@1.0',
      'workers:3|g',
      'backlog:7|h',
    ])
    expect(
      daemon.got.every((text) => text.startsWith('my.app.gunicorn.') && text.endsWith('|#env:x,b')),
    ).toBe(true)
  })

  test('without prefix and tags there are no ornaments', () => {
    expect(metricFormat('', '')('gunicorn.workers', 'gauge', 2)).toBe('gunicorn.workers:2|g')
  })

  test('a daemon that is away is told of once, and found again when it is back', async () => {
    const gone = await udpServer()
    gone.close()
    const trouble: unknown[] = []
    const statsd = createStatsd({
      address: `127.0.0.1:${gone.port}`,
      onTrouble: (error) => trouble.push(error),
    })
    await eventually(() => {
      statsd.workers(1)
      return trouble.length > 0
    })
    const back = await udpServer(gone.port)
    await eventually(() => {
      statsd.workers(2)
      return back.got.length > 0
    })
    expect(trouble).toEqual([expect.objectContaining({ code: 'ECONNREFUSED' })])
    await statsd.close()
  })

  test('addresses have a default port, and unix sockets a path', () => {
    expect(parseStatsdAddress('stats')).toEqual({ host: 'stats', port: 8125 })
    expect(parseStatsdAddress('[::1]:9')).toEqual({ host: '::1', port: 9 })
    expect(parseStatsdAddress('unix:///var/statsd')).toEqual({ path: '/var/statsd' })
    expect(() => parseStatsdAddress('::1')).toThrow(/Use HOST:PORT, \[IPv6\]:PORT or unix:/)
  })

  test.skipIf(noDatagrams)('metrics go to a path, with tags', async () => {
    const path = join(temporary(), 'statsd')
    const daemon = await datagramServer(path)
    const statsd = createStatsd({ address: `unix://${path}`, prefix: 'shop', tags: 'env:x' })
    statsd.workers(3)
    await statsd.close()
    await eventually(() => daemon.got.length === 1)
    expect(daemon.got[0]?.text).toBe('shop.gunicorn.workers:3|g|#env:x')
  })
})
