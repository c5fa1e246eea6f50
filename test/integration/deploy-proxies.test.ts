/** nginx and HAProxy before the server, with the very files that `tsgunicorn init` writes. */
import { describe, expect, test } from 'vitest'
import { noPython, wsgiAppOf } from '../support/apps.ts'
import { type Daemon, type StartOptions, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startLoad } from '../support/load.ts'
import { freePort } from '../support/machine.ts'
import { RawClient, request, type Target } from '../support/raw-client.ts'
import { aroundSite, background, globalSection, init, installed } from '../support/recipes.ts'

/** `/about` tells what the proxy said, `/length` how long a body is; an Upgrade to `echo` is taken. */
const app = `
import { createServer } from 'node:http'
const server = createServer((req, res) => {
  const [path] = req.url.split('?')
  if (path === '/about') return res.end(JSON.stringify({ ...req.headers, worker: process.pid }))
  if (path === '/length') {
    // The whole body first: nginx sends no more of it once an answer has begun.
    let length = 0
    req.on('data', (data) => { length += data.length }).on('end', () => res.end(String(length)))
    return
  }
  res.end('hello ' + process.pid)
})
server.on('upgrade', (_req, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n')
  socket.on('data', (data) => socket.write('echo ' + data))
  socket.on('end', () => socket.destroy())
  socket.on('error', () => undefined)
})
export default server
`

/** A server with a configuration file: what init reads is what it runs with. */
const serve = async (options: StartOptions & { settings?: Readonly<Record<string, unknown>> } = {}) => {
  const { settings = {}, ...rest } = options
  const port = await freePort()
  const config = {
    bind: [`127.0.0.1:${port}`, 'unix:http.sock'],
    admin_bind: `127.0.0.1:${await freePort()}`,
    pidfile: 'server.pid',
    keepalive: 65,
    // Idle connections of a proxy are kept for half of it when a worker goes.
    graceful_timeout: 2,
    workers: 2,
    ...settings,
  }
  return start({ app, bind: [], config, target: { port }, until: 'serving', ...rest })
}

type Proxy = 'nginx' | 'haproxy'

/** Writes the recipe, starts the proxy with it, and gives where it listens. */
const before = async (
  server: Daemon,
  name: Proxy,
  app: string,
  check: (target: Target) => Promise<boolean> = async (target) => (await request(target, '/')).status === 200,
): Promise<Target> => {
  const port = await freePort()
  init(server.folder, [name, '--listen', `127.0.0.1:${port}`, app])
  const file = server.path(name === 'nginx' ? 'deploy/nginx.conf' : 'deploy/haproxy.cfg')
  const args = name === 'nginx' ? ['-c', aroundSite(file)] : ['-db', '-f', globalSection(), '-f', file]
  const { output } = background(installed(name) ?? name, args)
  await eventually(() => check({ port }), {
    within: 10_000,
    what: () => `${name} to answer; it says:\n${output()}`,
  })
  // haproxy warns of what it would rather have written otherwise; nginx logs elsewhere.
  expect(output()).not.toMatch(/\[(ALERT|WARNING)\].*(parsing|config)|\[emerg\]|\[warn\]/)
  return { port }
}

const upgraded = async (server: Daemon): Promise<void> => {
  const old = server.masterPid()
  server.signal('SIGUSR2')
  await server.logged(/The new master is ready/)
  server.signal('SIGTERM', old)
  await server.logged(/Master has been promoted/)
}

const keeps = ['deploy']

for (const name of ['nginx', 'haproxy'] as const) {
  describe.skipIf(installed(name) === undefined)(
    `behind ${name}${installed(name) ? '' : ' (not installed)'}`,
    () => {
      test('requests, bodies and another protocol get through; who the client is only the proxy says', async () => {
        const server = await serve()
        const target = await before(server, name, 'app.mjs')
        const about = await request({ ...target, localAddress: '127.0.0.2' }, '/about', {
          headers: {
            'X-Forwarded-For': '192.0.2.1',
            'X-Forwarded-Proto': 'https',
            'X-Forwarded-Host': 'evil.example',
            Forwarded: 'for=192.0.2.1',
          },
        })
        const seen: Record<string, string> = JSON.parse(about.body)
        expect(seen).toMatchObject({
          host: 'localhost',
          'x-forwarded-for': '127.0.0.2',
          'x-forwarded-proto': 'http',
        })
        expect(seen['forwarded']).toBeUndefined()
        expect(seen['x-forwarded-host'] ?? 'localhost').toBe('localhost')
        const body = 'x'.repeat(300_000)
        const posted = await request(target, '/length', { method: 'POST', body })
        expect([posted.status, posted.body]).toEqual([200, '300000'])
        const client = await RawClient.connect(target)
        client.send('POST /length HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
        await eventually(() => client.pending.includes('HTTP/1.1 100 Continue'))
        client.send('hi')
        expect((await client.answer()).body).toBe('2')
        client.close()
        const other = await RawClient.connect(target)
        other.send('GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
        await eventually(() => other.pending.includes('101 Switching Protocols'))
        other.send('ping')
        await eventually(() => other.pending.includes('echo ping'))
        other.close()
        await server.assertClean({ keeps })
      })

      test('a reload and an upgrade under load lose no request', async () => {
        const server = await serve()
        const target = await before(server, name, 'app.mjs')
        const loads = [
          await startLoad(target, { mode: 'keepalive', rate: 80 }),
          await startLoad(target, { mode: 'fresh', rate: 80 }),
        ]
        await server.reload(2)
        for (const load of loads) await load.answered(30)
        await upgraded(server)
        for (const load of loads) await load.answered(50)
        for (const load of loads) expect((await load.stop()).failures).toEqual([])
        await server.assertClean({ keeps })
      })
    },
  )
}

const noDjango = noPython ?? (installed('nginx') ? undefined : 'nginx is not installed')

describe.skipIf(noDjango !== undefined)(`a Django site of nginx${noDjango ? ` (${noDjango})` : ''}`, () => {
  test("has static files without a worker, and the server's own 504", async () => {
    const server = await serve({
      app: wsgiAppOf(),
      appArgument: 'app:app',
      settings: { timeout: 1 },
      files: { 'manage.py': '', 'static/site.css': 'body { color: red }\n' },
    })
    const target = await before(server, 'nginx', 'app:app')
    const css = await request(target, '/static/site.css')
    expect([css.status, css.headers['content-type'], css.body]).toEqual([
      200,
      'text/css',
      'body { color: red }\n',
    ])
    expect((await request(target, '/static/../app.py')).status).not.toBe(200)
    expect((await request(target, '/slow?3000', { within: 20_000 })).status).toBe(504)
    await server.assertClean({ keeps, allows: [/TIMEOUT|timeout|stack|exceeded|exited|Traceback|^ {2}/i] })
  })
})

const noHaproxy = installed('haproxy') === undefined

describe.skipIf(noHaproxy)(`haproxy${noHaproxy ? ' (not installed)' : ''}`, () => {
  test('sends nobody to a server whose /readyz says no, while its connections are still accepted', async () => {
    const server = await serve({ settings: { lame_duck: 20 } })
    const target = await before(server, 'haproxy', 'app.mjs')
    server.signal('SIGTERM')
    await eventually(async () => (await request(target, '/')).status === 503, { within: 15_000 })
    expect((await server.request('/')).status).toBe(200)
    server.signal('SIGINT')
    await server.assertClean({ keeps })
  })

  test('passes connections on as they are to a server that expects PROXY headers', async () => {
    const server = await serve({
      settings: { proxy_protocol: 'v2', accesslog: 'access.log' },
      until: 'spawned',
    })
    await server.logged(/Booting worker/)
    const target = await before(server, 'haproxy', 'app.mjs')
    const about = await request({ ...target, localAddress: '127.0.0.2' }, '/about', {
      headers: { 'X-Forwarded-For': '192.0.2.1' },
    })
    // Nothing was put in; and who is told by the PROXY header is no proxy whose word counts.
    expect(JSON.parse(about.body)).toMatchObject({ host: 'localhost', 'x-forwarded-for': '192.0.2.1' })
    await eventually(() => /^127\.0\.0\.2 .* "GET \/about /m.test(server.read('access.log')))
    await server.assertClean({ keeps: [...keeps, 'access.log'] })
  })
})
