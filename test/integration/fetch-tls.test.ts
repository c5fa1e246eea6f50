/** Fetch applications behind TLS and behind balancers that speak the PROXY protocol, and behind both. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { fetchAppOf } from '../support/apps.ts'
import { certificatePath, pem } from '../support/certificates.ts'
import { type Daemon, type StartOptions, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { ask } from '../support/http-client.ts'
import { startMixedLoad } from '../support/load.ts'
import { RawClient, requestText, type Target } from '../support/raw-client.ts'

const tls = { ca: pem('ca.crt') }
const key = { certfile: certificatePath('server.crt'), keyfile: certificatePath('server.key') }

const encrypted = (options: StartOptions & { workers?: number } = {}): Promise<Daemon> =>
  start({ app: fetchAppOf(), tls, config: { workers: 1, ...key }, ...options })

test('a connection over TLS is kept, and its requests are answered in order', async () => {
  const server = await encrypted({ args: ['--access-logfile', 'access.log'] })
  const client = await RawClient.connect(server.target)
  const headers = { Connection: 'keep-alive' }
  for (let round = 0; round < 5; round++) {
    client.send(
      requestText('/echo', { method: 'POST', headers, body: `body ${round}` }) +
        requestText('/slow?20', { headers }) +
        requestText('/', { headers }),
    )
    expect(await client.answer()).toMatchObject({ body: `body ${round}`, closes: false })
    expect((await client.answer()).body).toMatch(/^hello late/)
    expect((await client.answer()).body).toBe('hello 1')
  }
  client.finish()
  expect(await client.ended()).toBe('fin')
  await eventually(() => (server.read('access.log').match(/POST \/echo/g) ?? []).length === 5)
  await server.assertClean({ keeps: ['access.log'] })
})

test('an upload over TLS whose client goes is an error for the application, and logged as the client’s', async () => {
  const server = await encrypted()
  const client = await RawClient.connect(server.target)
  client.send(
    `${requestText('/echo', { method: 'POST', headers: { 'Content-Length': '1000', Connection: 'keep-alive' } })}part`,
  )
  await eventually(() => client.pending.toString().includes('part'))
  client.close()
  await eventually(async () => (await server.get('/')) === 'hello 1')
  expect(server.log()).not.toContain('[ERROR]')
  await server.assertClean({ allows: [/Invalid request/] })
})

test('HUP and USR2 lose no request over TLS, on fresh and on kept connections', async () => {
  const server = await encrypted({
    config: { workers: 2, pidfile: 'server.pid', ...key },
  })
  const load = await startMixedLoad([server.target], { rate: 60 })
  for (const version of ['2', '3']) {
    server.write('app.mjs', fetchAppOf(version))
    await server.reload()
    await load.answered(30)
  }
  server.write('app.mjs', fetchAppOf('4'))
  const old = server.masterPid()
  server.signal('SIGUSR2')
  await server.logged(/The new master is ready/)
  server.signal('SIGTERM', old)
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  await eventually(() => server.masterPid() !== old && !server.exists('server.pid.2'))
  await load.answered(60)
  for (const report of await load.stop()) expect(report.failures).toEqual([])
  expect(await server.get('/')).toBe('hello 4')
  await server.assertClean()
})

/** Where the balancer sits, and what it says of its client. */
const balancer = '127.0.0.2'
const headers = {
  v1: Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n'),
  v2: Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000201c6336402dc0401bb', 'hex'),
} as const

/** Tells whom it sees; streams bodies back. */
const whoApp = `export default {
  fetch(request, { remoteAddr }) {
    const { pathname, protocol } = new URL(request.url)
    if (pathname === '/pid') return new Response(String(process.pid))
    if (pathname === '/echo') return new Response(request.body)
    return new Response('hello ' + remoteAddr.hostname + ' ' + remoteAddr.port + ' ' + protocol)
  },
}
`

const proxied = (mode: string, config: Record<string, unknown> = {}): Promise<Daemon> =>
  start({
    app: whoApp,
    config: {
      workers: 1,
      proxy_protocol: mode,
      proxy_allow_ips: [balancer],
      accesslog: 'access.log',
      ...config,
    },
    ...(config['certfile'] ? { tls } : {}),
  })

const itsClient = '192.0.2.1'

test.each(['v1', 'v2'] as const)(
  'behind the PROXY protocol %s an application sees the client',
  async (version) => {
    const server = await proxied(version)
    const target: Target = { port: server.port, localAddress: balancer }
    const client = await RawClient.connect(target)
    // Header and request in one piece, as balancers send them.
    client.send(
      Buffer.concat([
        headers[version],
        Buffer.from(requestText('/who', { headers: { Connection: 'keep-alive' } })),
      ]),
    )
    expect((await client.answer()).body).toBe(`hello ${itsClient} 56324 http:`)
    const body = 'x'.repeat(300_000)
    client.send(requestText('/echo', { method: 'POST', body }))
    expect((await client.answer()).body).toBe(body)
    expect(await client.ended()).toBe('fin')
    await eventually(() =>
      /^192\.0\.2\.1 .*"POST \/echo HTTP\/1\.1" 200 300000 /m.test(server.read('access.log')),
    )
    expect((await ask(server.target, '/who')).text).toMatch(/^hello 127\.0\.0\.1 /)
    await server.assertClean({ keeps: ['access.log'] })
  },
)

/** TLS behind a PROXY header: a connection that has said the header, and what was answered to `text` on it. */
const throughBoth = async (server: Daemon, header: Buffer, text: string): Promise<string> => {
  const raw = connect({ port: server.port, host: '127.0.0.1', localAddress: balancer })
  raw.write(header)
  const socket = connectTls({ socket: raw, servername: 'localhost', ...tls })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  socket.write(text)
  let answer = ''
  for await (const piece of socket) answer += piece
  return answer
}

test.each(['v1', 'v2'] as const)(
  'PROXY protocol %s, then TLS, then HTTP: client and scheme are known',
  async (version) => {
    const server = await proxied('auto', key)
    const requests = requestText('/one', { headers: { Connection: 'keep-alive' } }) + requestText('/two')
    const answer = await throughBoth(server, headers[version], requests)
    expect(answer.match(/hello .*:/g)).toEqual(
      Array.from({ length: 2 }, () => `hello ${itsClient} 56324 https:`),
    )
    await server.reload()
    const body = 'y'.repeat(300_000)
    const echoed = await throughBoth(server, headers[version], requestText('/echo', { method: 'POST', body }))
    expect(echoed.length).toBeGreaterThan(body.length)
    await eventually(() => /^192\.0\.2\.1 .*"GET \/two HTTP\/1\.1" 200 /m.test(server.read('access.log')))
    await server.assertClean({ keeps: ['access.log'] })
  },
)
