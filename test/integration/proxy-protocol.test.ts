import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { appOf } from '../support/apps.ts'
import { type Daemon, type StartOptions, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startMixedLoad } from '../support/load.ts'
import { freePort } from '../support/machine.ts'
import { RawClient, request, requestText, type Target } from '../support/raw-client.ts'

/** Where the balancer sits. The tests' own questions come from 127.0.0.1 and are plain HTTP. */
const balancer = '127.0.0.2'
const v1 = 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n'
const v2 = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000201c6336402dc0401bb', 'hex')

const whoApp = `export default function app(req, res) {
  res.end(req.url === '/pid' ? String(process.pid) : 'hello ' + req.socket.remoteAddress)
}
`

const behind = (options: StartOptions = {}, mode = 'auto'): Promise<Daemon> =>
  start({
    app: whoApp,
    ...options,
    args: ['--proxy-protocol', mode, '--proxy-allow-from', balancer, ...(options.args ?? [])],
  })

const fromBalancer = (server: Daemon): Target => ({ port: server.port, localAddress: balancer })

const dial = async (target: Target): Promise<RawClient> => {
  const client = await RawClient.connect(target)
  onTestFinished(() => client.close())
  return client
}

test.each([
  ['v1', v1],
  ['v2', v2],
])(
  '%s: application and access log see the client, on each request of the connection',
  async (mode, header) => {
    const server = await behind({ args: ['--access-logfile', 'access.log'] }, mode)
    const client = await dial(fromBalancer(server))
    client.send(header)
    for (const path of ['/one', '/two']) {
      client.send(requestText(path, { headers: { Connection: 'keep-alive' } }))
      expect((await client.answer()).body).toBe('hello 192.0.2.1')
    }
    await eventually(() => server.read('access.log').includes('/two'))
    expect(server.read('access.log')).toMatch(/^192\.0\.2\.1 .*"GET \/one /m)
    await server.assertClean({ keeps: ['access.log'] })
  },
)

test('an allowed peer without its header is answered 400, and the log names the setting', async () => {
  const server = await behind()
  const { status } = await request(fromBalancer(server), '/')
  expect(status).toBe(400)
  await server.logged(/Invalid request from ip=127\.0\.0\.2: .*does not begin.*proxy_protocol is auto/)
})

test('a header of anyone else is a malformed request', async () => {
  const server = await behind()
  const client = await dial(server.target)
  client.send(v1 + requestText('/'))
  expect((await client.answer()).status).toBe(400)
  expect(await server.get()).toBe('hello 127.0.0.1')
})

test('reloads and replaced workers lose no request of a balancer', async () => {
  const server = await behind({ workers: 2, app: appOf('1'), args: ['--max-requests', '60'] })
  const load = await startMixedLoad([fromBalancer(server)], { rate: 150, greeting: v1 })
  for (let version = 2; version <= 4; version += 1) {
    server.write('app.mjs', appOf(String(version)))
    await server.reload()
    await load.answered(50)
  }
  for (const report of await load.stop()) expect(report.failures).toEqual([])
  await server.hasWorkers(2)
  await server.assertClean()
})

test('TERM: who was asked answers, who only said where the client is does not hold it up', async () => {
  const server = await behind({ workers: 1, app: appOf('1'), args: ['--graceful-timeout', '20'] })
  const idle = await dial(fromBalancer(server))
  idle.send(v1)
  const busy = await dial(fromBalancer(server))
  busy.send(v1 + requestText('/slow?1500'))
  await eventually(() => server.stdout().includes('seen /slow'))
  const began = performance.now()
  server.signal('SIGTERM')
  expect((await busy.answer()).body).toMatch(/^hello late/)
  expect(await idle.ended()).toBe('fin')
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  // Less than idle connections are given: nobody waited for a request whose first byte was the header's.
  expect(performance.now() - began).toBeLessThan(9000)
})

const haproxy = spawnSync('haproxy', ['-v']).status === 0

const startHaproxy = async (server: Daemon, line: string): Promise<number> => {
  const port = await freePort()
  server.write(
    'haproxy.cfg',
    `global
  maxconn 200
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
  timeout check 5s
frontend front
  bind 127.0.0.1:${port}
  default_backend back
backend back
  source ${balancer}
  option httpchk GET /
  server app 127.0.0.1:${server.port} ${line} check check-send-proxy inter 100ms
`,
  )
  const child: ChildProcess = spawn('haproxy', ['-db', '-f', server.path('haproxy.cfg')], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'spawn')
  return port
}

describe.skipIf(!haproxy)('behind a real HAProxy (skipped where it is not installed)', () => {
  test.each([
    ['send-proxy', 'v1'],
    ['send-proxy-v2', 'v2'],
    ['send-proxy-v2 proxy-v2-options crc32c', 'auto'],
  ])('%s: clients keep their address, health checks pass, a reload loses nothing', async (line, mode) => {
    const server = await behind({ workers: 2 }, mode)
    const target = { port: await startHaproxy(server, line), localAddress: '127.0.0.5' }
    const answer = await eventually(async () => {
      const first = await request(target, '/')
      return first.status === 200 ? first : undefined
    })
    expect(answer?.body).toBe('hello 127.0.0.5')
    const load = await startMixedLoad([target], { rate: 60, expectBody: 'hello 127.0.0.5' })
    await server.reload()
    await load.answered(50)
    for (const report of await load.stop()) expect(report.failures).toEqual([])
    await server.assertClean()
  })
})
