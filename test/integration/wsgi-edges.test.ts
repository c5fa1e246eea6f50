/** What a front does for WSGI applications at the edge: TLS, unix sockets, PROXY headers, trusted proxies, logs, metrics. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificatePath, pem } from '../support/certificates.ts'
import type { Daemon } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { ask } from '../support/http-client.ts'
import { RawClient, type Target } from '../support/raw-client.ts'
import { sharedFolder } from '../support/shared-folder.ts'
import { fileText, json, noPython, pythonLabel, startWsgi } from '../support/wsgi.ts'

/** The answers to these requests on one connection. */
const answers = async (target: Target, ...requests: readonly string[]) => {
  const client = await RawClient.connect(target)
  try {
    const all = []
    for (const text of requests) {
      client.send(Buffer.from(text, 'latin1'))
      all.push(await client.answer())
    }
    return all
  } finally {
    client.close()
  }
}

/** The environ that the application saw, its text alone. */
const environ = async (target: Target, fields: readonly string[] = [], path = '/environ') => {
  const head = [`GET ${path} HTTP/1.1`, ...fields, 'Connection: close', '', ''].join('\r\n')
  const [answer] = await answers(target, head)
  return environIn(answer)
}

const environIn = (answer: { status: number; body: string } | undefined): Record<string, unknown> => {
  expect(answer).toMatchObject({ status: 200 })
  return JSON.parse(answer?.body ?? '').values
}

const host = 'Host: shop.example:81'

/** The lines of an access log, once there are so many. */
const linesOf = (server: Daemon, count: number, name = 'access.log') =>
  eventually(
    () => {
      const lines = server.exists(name) ? server.read(name).split('\n').filter(Boolean) : []
      return lines.length >= count && lines
    },
    { what: () => `${count} lines in ${name}; log:\n${server.log()}` },
  )

describe.skipIf(noPython !== undefined)(pythonLabel, () => {
  test('over TLS the scheme is https, and bodies and files pass whole', async () => {
    const key = { certfile: certificatePath('server.crt'), keyfile: certificatePath('server.key') }
    const server = await startWsgi({ workers: 1, config: key, tls: { ca: pem('ca.crt') } })
    expect(await environ(server.target, [host])).toMatchObject({
      'wsgi.url_scheme': 'https',
      SERVER_PORT: String(server.port),
      REMOTE_ADDR: '127.0.0.1',
    })
    const body = 'line of text\n'.repeat(40_000)
    expect(await json(server.request('/input/count', { method: 'POST', body }))).toMatchObject({
      total: body.length,
    })
    expect((await ask(server.target, '/echo', { method: 'POST', body })).text).toBe(body)
    expect((await server.request('/file/whole')).body).toBe(fileText)
    await server.assertClean()
  })

  test('on a unix socket Host says who we are, nobody has a port, and proxies are trusted', async () => {
    const path = join(sharedFolder(), 'wsgi.sock')
    const server = await startWsgi({ workers: 1, bind: [`unix:${path}`], target: { path } })
    const plain = await environ(server.target, [host])
    expect(plain).toMatchObject({
      SERVER_NAME: 'shop.example',
      SERVER_PORT: '81',
      REMOTE_ADDR: '',
      'wsgi.url_scheme': 'http',
    })
    expect(plain).not.toHaveProperty('REMOTE_PORT')
    const proxied = ['Host: [2001:db8::1]', 'X-Forwarded-Proto: https', 'X-Forwarded-For: 192.0.2.1']
    expect(await environ(server.target, proxied)).toMatchObject({
      SERVER_NAME: '[2001:db8::1]',
      SERVER_PORT: '443',
      REMOTE_ADDR: '',
      'wsgi.url_scheme': 'https',
      HTTP_X_FORWARDED_FOR: '192.0.2.1',
    })
    expect(await environ(server.target, ['Host:'])).toMatchObject({
      SERVER_NAME: 'localhost',
      SERVER_PORT: '80',
    })
    await server.assertClean()
  })

  test('behind a PROXY header the client is the peer of every request on the connection', async () => {
    const balancer = '127.0.0.2'
    const config = { proxy_protocol: 'auto', proxy_allow_ips: [balancer], forwarded_allow_ips: [balancer] }
    const server = await startWsgi({ workers: 1, config })
    const target = { port: server.port, localAddress: balancer }
    const request = `GET /environ HTTP/1.1\r\n${host}\r\nX-Forwarded-Proto: https\r\n\r\n`
    const told = await answers(target, `PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n${request}`, request)
    for (const answer of told)
      expect(environIn(answer)).toMatchObject({
        PROXY_PROTOCOL: 'TCP4',
        PROXY_ADDR: '198.51.100.2',
        PROXY_PORT: '443',
        REMOTE_ADDR: '192.0.2.1',
        REMOTE_PORT: '56324',
        // Whom to trust is asked of the client that the header names.
        'wsgi.url_scheme': 'http',
      })
    expect(told).toHaveLength(2)
    expect(await environ(server.target, [host])).not.toHaveProperty('PROXY_ADDR')
    await server.assertClean()
  })

  test('a proxy is believed by its address: the scheme, SCRIPT_NAME, and nothing else', async () => {
    const server = await startWsgi({ workers: 1 })
    const fields = [
      host,
      'X-Forwarded-Proto: https',
      'X-Forwarded-For: 192.0.2.1',
      'Forwarded: for=192.0.2.1',
      'SCRIPT_NAME: /environ',
      'REMOTE_USER: ada',
      'X_UNDER: score',
    ]
    const fromTrusted = await environ(server.target, fields, '/environ/environ')
    expect(fromTrusted).toMatchObject({
      'wsgi.url_scheme': 'https',
      SCRIPT_NAME: '/environ',
      PATH_INFO: '/environ',
      // The peer, as in Gunicorn: whom to believe about the client is the application's to say.
      REMOTE_ADDR: '127.0.0.1',
      HTTP_X_FORWARDED_FOR: '192.0.2.1',
      HTTP_FORWARDED: 'for=192.0.2.1',
    })
    const stranger = { port: server.port, localAddress: '127.0.0.2' }
    const fromStranger = await environ(stranger, fields, '/environ/environ')
    expect(fromStranger).toMatchObject({
      'wsgi.url_scheme': 'http',
      SCRIPT_NAME: '',
      PATH_INFO: '/environ/environ',
      REMOTE_ADDR: '127.0.0.2',
    })
    for (const told of [fromTrusted, fromStranger])
      for (const name of ['REMOTE_USER', 'HTTP_REMOTE_USER', 'HTTP_X_UNDER'])
        expect(told).not.toHaveProperty(name)
    await server.assertClean()
  })

  test('header_map dangerous joins names with underscores, as asked for', async () => {
    const server = await startWsgi({ workers: 1, config: { header_map: 'dangerous' } })
    expect(await environ(server.target, [host, 'X_Two: a', 'X-Two: b'])).toMatchObject({ HTTP_X_TWO: 'a,b' })
    await server.assertClean()
  })

  test('raw_env reaches the application before it is imported, SCRIPT_NAME too', async () => {
    const server = await startWsgi({
      workers: 1,
      args: ['-e', 'SCRIPT_NAME=/mount', '-e', 'AT_IMPORT=yes'],
      appArgument: 'imports:app',
      files: { 'imports.py': 'import os\nSEEN = os.environ["AT_IMPORT"]\nfrom pep3333 import app\n' },
      until: 'spawned',
    })
    await eventually(async () => (await server.request('/mount/')).status === 200, { within: 20_000 })
    expect(await environ(server.target, [host], '/mount/environ')).toMatchObject({
      SCRIPT_NAME: '/mount',
      PATH_INFO: '/environ',
      RAW_URI: '/mount/environ',
    })
    await server.assertClean({ allows: [/SCRIPT_NAME/] })
  })

  test('the access log tells of each answer, whatever made it', async () => {
    const format =
      '%(h)s %(l)s %(u)s %(m)s %(U)s %(q)s %(H)s %(s)s %(B)s %({x-id}i)s %({x-which}o)s ' +
      '%({request_method}e)s %({http_x_id}e)s %({path_info}e)s %({nowhere}e)s %(T)s %(M)s %(D)s %(L)s %(p)s %(a)s'
    const server = await startWsgi({
      workers: 1,
      config: { accesslog: 'access.log', access_log_format: format },
      until: 'spawned',
    })
    await server.serving()
    const before = (await linesOf(server, 1)).length
    const user = `Basic ${Buffer.from('ada:engine').toString('base64')}`
    const headers = { 'X-Id': '7', 'User-Agent': 'me', Authorization: user }
    const asked = [
      ['GET', '/path/%C3%A0%20b?q=1', 200, /^\d+$/, '-'],
      ['HEAD', '/', 200, /^0$/, '-'],
      ['POST', '/echo', 200, /^5$/, '-'],
      ['GET', '/start/exc-before', 503, /^8$/, 'second'],
      ['GET', '/file/whole', 200, new RegExp(`^${fileText.length}$`), '-'],
      ['GET', '/raise/before', 500, /^\d+$/, '-'],
    ] as const
    for (const [method, path] of asked)
      await ask(server.target, path, { method, headers, ...(method === 'POST' ? { body: 'a\nb\nc' } : {}) })
    const lines = (await linesOf(server, before + asked.length)).slice(before).map((line) => line.split(' '))
    for (const [at, [method, target, status, bytes, which]] of asked.entries()) {
      const [path = '', query = ''] = target.split('?')
      const line = lines[at] ?? []
      // %(U)s of a path with a space has two words.
      const words = path.includes('%20')
        ? [...line.slice(0, 4), line.slice(4, 6).join(' '), ...line.slice(6)]
        : line
      expect(words.slice(0, 4), target).toEqual(['127.0.0.1', '-', 'ada', method])
      if (path !== '/path/%C3%A0%20b') expect(words[4]).toBe(path)
      expect(words.slice(5, 8), target).toEqual([query, 'HTTP/1.1', String(status)])
      expect(words[8], target).toMatch(bytes)
      expect(words.slice(9, 13), target).toEqual(['7', which, method, '7'])
      const [seconds, millis, micros, exact, pid, agent] = words.slice(-6)
      expect(Number(micros), target).toBeGreaterThan(0)
      expect([seconds, millis]).toEqual([
        String(Math.floor(Number(micros) / 1e6)),
        String(Math.floor(Number(micros) / 1e3)),
      ])
      expect(Number(exact) * 1e6).toBeCloseTo(Number(micros), 0)
      expect([pid, agent]).toEqual([expect.stringMatching(/^<\d+>$/), 'me'])
    }
    await server.assertClean({ keeps: ['access.log'], allows: [/Error handling request/] })
  })

  test('statsd is told of requests, their statuses, and workers', async () => {
    const seen: string[] = []
    const socket = createSocket('udp4', (message) => seen.push(message.toString()))
    onTestFinished(() => void socket.close())
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const statsd_host = `127.0.0.1:${socket.address().port}`
    const server = await startWsgi({
      workers: 2,
      config: { statsd_host, statsd_prefix: 'shop', dogstatsd_tags: 'env:test' },
    })
    const count = (text: string) => seen.filter((line) => line.startsWith(text)).length
    // Those that asked whether it serves.
    await eventually(() => count('shop.gunicorn.request.status.200:') > 0)
    const before = count('shop.gunicorn.request.status.200:')
    for (let n = 0; n < 5; n++) await server.get()
    await server.request('/start/exc-before')
    await server.request('/raise/before')
    await eventually(
      () =>
        count('shop.gunicorn.request.status.200:1|c|@1.0|#env:test') === before + 5 &&
        count('shop.gunicorn.request.status.503:1|c') === 1 &&
        count('shop.gunicorn.request.status.500:1|c') === 1 &&
        count('shop.gunicorn.workers:2|g') > 0,
      { what: () => `metrics:\n${seen.join('\n')}` },
    )
    expect(count('shop.gunicorn.requests:1|c')).toBe(count('shop.gunicorn.request.duration:'))
    // What the application raised was logged by its worker.
    await eventually(() => count('shop.gunicorn.log.exception:1|c|@1.0|#env:test') === 1, {
      what: () => `metrics:\n${seen.join('\n')}`,
    })
    await server.assertClean({ allows: [/Error handling request/] })
  })
})
