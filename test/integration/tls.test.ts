import { once } from 'node:events'
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { appOf } from '../support/apps.ts'
import { certificatePath, pair, pem } from '../support/certificates.ts'
import { type Daemon, run, type StartOptions, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startLoad, startMixedLoad } from '../support/load.ts'
import { request, type Target } from '../support/raw-client.ts'

const tls = { ca: pem('ca.crt') }
const server = { certfile: certificatePath('server.crt'), keyfile: certificatePath('server.key') }

const fetchApp = `export default { fetch: (request) => {
  const { protocol, pathname } = new URL(request.url)
  if (pathname === '/pid') return new Response(String(process.pid))
  return new Response('hello fetch ' + protocol)
} }
`
const nodeApp = appOf('1', "const schemes = (req) => 'encrypted' in req.socket ? 'https:' : 'http:'").replace(
  "'/': (_q, _req, res) => res.end('hello 1')",
  "'/': (_q, req, res) => res.end('hello node ' + schemes(req))",
)

const serve = (settings: Record<string, unknown> = {}, options: StartOptions = {}): Promise<Daemon> =>
  start({ config: { workers: 1, ...server, ...settings }, tls, ...options })

/** The name in the certificate that is shown. */
const shown = async (port: number, servername: string): Promise<unknown> => {
  const client = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false })
  await once(client, 'secureConnect')
  const { CN } = client.getPeerCertificate().subject
  client.destroy()
  return CN
}

const clientErrors = [/Invalid request/]

describe.each([
  ['node-style', nodeApp, 'hello node https:'],
  ['fetch', fetchApp, 'hello fetch https:'],
])('a %s app', (_, app, hello) => {
  test('is served over TLS, on TCP and unix sockets, and knows that it is', async () => {
    const daemon = await serve(
      {},
      { app, bind: ['127.0.0.1:PORT', 'unix:server.sock'], args: ['--access-logfile', '-'] },
    )
    expect(await daemon.get()).toBe(hello)
    expect(await daemon.get('/', { path: daemon.path('server.sock'), tls })).toBe(hello)
    expect(daemon.log()).toContain(`Listening at: https://127.0.0.1:${daemon.port},unix:`)
    await eventually(() => daemon.stdout().includes('"GET / HTTP/1.1" 200'))
    await daemon.assertClean()
  })

  test('never sees plain HTTP, whose client is told', async () => {
    const daemon = await serve({}, { app })
    const answer = await request({ port: daemon.port }, '/')
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('Use https')])
    await daemon.logged(/Invalid request from ip=127.0.0.1: plain HTTP was sent to a TLS port/)
    await daemon.assertClean({ allows: clientErrors })
  })

  test('loses no request in reloads under load, fresh and kept connections', async () => {
    const daemon = await serve({ workers: 2 }, { app })
    const load = await startMixedLoad([daemon.target], { rate: 60 })
    for (let count = 0; count < 3; count++) {
      await daemon.reload()
      await load.answered(20)
    }
    for (const report of await load.stop()) expect(report.failures).toEqual([])
    await daemon.assertClean()
  })
})

test('TERM lets a request over TLS end', async () => {
  const daemon = await serve()
  const client = await daemon.hold('/slow?500')
  daemon.signal('SIGTERM')
  const answer = await client.answer()
  expect(answer.body).toMatch(/^hello late/)
  expect(await daemon.exited()).toEqual({ code: 0, signal: null })
})

describe('certificates of clients', () => {
  const ca_certs = certificatePath('ca.crt')
  const of = (daemon: Daemon, shows: object): Target => ({ port: daemon.port, tls: { ...tls, ...shows } })

  test('cert_reqs 2 serves those of ca_certs, and no others', async () => {
    const daemon = await serve({ cert_reqs: 2, ca_certs }, { tls: { ...tls, ...pair('client') } })
    expect(await daemon.get()).toBe('hello 1')
    await expect(daemon.get('/', of(daemon, {}))).rejects.toThrow()
    await daemon.logged(/TLS handshake: the client showed no certificate/)
    await expect(daemon.get('/', of(daemon, pair('stranger')))).rejects.toThrow()
    await daemon.logged(/TLS handshake: the client's certificate is not accepted/)
    await daemon.assertClean({ allows: clientErrors })
  })

  test('cert_reqs 1 serves also those without, and none with a wrong one', async () => {
    const daemon = await serve({ cert_reqs: 1, ca_certs })
    expect(await daemon.get()).toBe('hello 1')
    expect(await daemon.get('/', of(daemon, pair('client')))).toBe('hello 1')
    await expect(daemon.get('/', of(daemon, pair('stranger')))).rejects.toThrow()
    await daemon.assertClean({ allows: clientErrors })
  })
})

test('sni_certs shows each name its certificate', async () => {
  const files = (name: string) => ({
    certfile: certificatePath(`${name}.crt`),
    keyfile: certificatePath(`${name}.key`),
  })
  const daemon = await serve({
    sni_certs: { 'example.org': files('example'), '*.example.org': files('wildcard') },
  })
  const names = ['example.org', 'www.example.org', 'a.b.example.org', 'localhost']
  expect(await Promise.all(names.map((name) => shown(daemon.port, name)))).toEqual([
    'example',
    'wildcard',
    'server',
    'server',
  ])
  await daemon.assertClean()
})

describe('ciphers that are not allowed are refused, whatever the name', () => {
  const strong = 'ECDHE-ECDSA-AES256-GCM-SHA384'
  const sni_certs = {
    'example.org': { certfile: certificatePath('example.crt'), keyfile: certificatePath('example.key') },
  }
  test.each([
    ['ciphers', { ...server, sni_certs, ciphers: strong }, ''],
    [
      'ssl_context',
      { ...server, sni_certs },
      `ssl_context: (_, factory) => ({ ...factory(), ciphers: '${strong}' })`,
    ],
  ])('by %s', async (_, settings, hook) => {
    const daemon = await start({ config: `export default { ...${JSON.stringify(settings)}, ${hook} }`, tls })
    expect(await daemon.get()).toBe('hello 1')
    for (const servername of ['localhost', 'example.org']) {
      const weak = {
        ...tls,
        servername,
        maxVersion: 'TLSv1.2',
        ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
      } as const
      const after = daemon.logEnd()
      await expect(daemon.get('/', { port: daemon.port, tls: weak })).rejects.toThrow()
      await daemon.logged(/TLS handshake: the client offers no cipher/, { after })
    }
    await daemon.assertClean({ allows: clientErrors })
  })
})

describe('certificates that change', () => {
  const relative = { certfile: 'tls.crt', keyfile: 'tls.key' }
  const files = { 'tls.crt': pem('server.crt'), 'tls.key': pem('server.key') }
  const put = (daemon: Daemon, name: string) => {
    copyFileSync(certificatePath(`${name}.crt`), daemon.path('tls.crt'))
    copyFileSync(certificatePath(`${name}.key`), daemon.path('tls.key'))
  }

  test('are served after HUP, not before, and no request is lost', async () => {
    const daemon = await serve({ ...relative, workers: 2 }, { files })
    const load = await startLoad(daemon.target, { rate: 40 })
    put(daemon, 'renewed')
    expect(await shown(daemon.port, 'localhost')).toBe('server')
    await daemon.reload()
    expect(await shown(daemon.port, 'localhost')).toBe('renewed')
    await load.answered(20)
    expect((await load.stop()).failures).toEqual([])
    await daemon.assertClean()
  })

  test('are the same in a worker that is started again, until HUP', async () => {
    const daemon = await serve(relative, { files })
    const old = await daemon.hasWorkers(1)
    put(daemon, 'renewed')
    writeFileSync(daemon.path('tls.key'), 'broken')
    for (const pid of old) process.kill(pid, 'SIGKILL')
    await daemon.hasWorkers(1, { not: old })
    await daemon.serving()
    expect(await shown(daemon.port, 'localhost')).toBe('server')
    await daemon.assertClean({ allows: [/SIGKILL/] })
  })

  test.each<[string, (daemon: Daemon) => void, RegExp]>([
    [
      'broken',
      (daemon) => writeFileSync(daemon.path('tls.crt'), 'x'),
      /certfile: tls.crt holds no certificate/,
    ],
    [
      'the key of another',
      (daemon) => copyFileSync(certificatePath('renewed.key'), daemon.path('tls.key')),
      /keyfile: tls.key is not the key of the certificate in tls.crt/,
    ],
    ['gone', (daemon) => daemon.unlink('tls.key'), /keyfile: tls.key does not exist/],
  ])('and are %s: the reload is refused, the workers serve on', async (_, spoil, words) => {
    const daemon = await serve({ ...relative, workers: 2 }, { files })
    const old = await daemon.hasWorkers(2)
    spoil(daemon)
    const after = daemon.logEnd()
    daemon.signal('SIGHUP')
    await daemon.logged(words, { after })
    expect(await daemon.hasWorkers(2)).toEqual(old)
    expect(await shown(daemon.port, 'localhost')).toBe('server')
    put(daemon, 'renewed')
    await daemon.reload()
    expect(await shown(daemon.port, 'localhost')).toBe('renewed')
    await daemon.assertClean({ allows: [/./] })
  })
})

test.each<[string, Record<string, unknown>, string[], RegExp]>([
  [
    'a start',
    { ...server, keyfile: certificatePath('locked.key') },
    [],
    /keyfile: .* is locked with a passphrase/,
  ],
  [
    '--check-config',
    { ...server, certfile: '/nowhere' },
    ['--check-config'],
    /certfile: \/nowhere does not exist/,
  ],
])('%s is refused with status 1 where a file cannot be used', async (_, config, args, words) => {
  const { code, stderr } = await run({ config, args })
  expect(code).toBe(1)
  expect(stderr).toMatch(words)
})

test('--print-config shows where certificates are, and nothing of them', async () => {
  const { code, stdout } = await run({ config: server, args: ['--print-config'] })
  expect(code).toBe(0)
  expect(stdout).toContain(server.keyfile)
  expect(stdout).not.toMatch(/BEGIN|PRIVATE/)
})

describe('ssl_context', () => {
  const config = (hook: string) =>
    `export default { ...${JSON.stringify({ workers: 1, ...server })}, ssl_context: ${hook} }`

  test('changes what the settings say', async () => {
    const daemon = await start({
      config: config("async (config, factory) => ({ ...factory(), minVersion: 'TLSv1.3' })"),
      tls,
    })
    expect(await daemon.get()).toBe('hello 1')
    const old = { ...tls, maxVersion: 'TLSv1.2' } as const
    await expect(daemon.get('/', { port: daemon.port, tls: old })).rejects.toThrow()
    await daemon.assertClean({ allows: clientErrors })
  })

  test('may bring a context, and the certificate, by itself', async () => {
    const { cert, key } = pair('renewed')
    const daemon = await start({
      config: `import { createSecureContext } from 'node:tls'
        export default { ssl_context: () => createSecureContext(${JSON.stringify({ cert, key })}) }`,
      tls,
    })
    expect(await shown(daemon.port, 'localhost')).toBe('renewed')
    await daemon.assertClean()
  })

  test.each([
    ['throws', "() => { throw new Error('no vault') }", /ssl_context: it threw: no vault/],
    ['returns nothing', '() => undefined', /ssl_context: it returned undefined/],
  ])('that %s stops the start, and --check-config', async (_, hook, words) => {
    const started = await run({ config: config(hook) })
    expect([started.code, started.stderr]).toEqual([3, expect.stringMatching(words)])
    const checked = await run({ config: config(hook), args: ['--check-config'] })
    expect([checked.code, checked.stderr]).toEqual([1, expect.stringMatching(words)])
  })
})

test('a session that one worker began is resumed by another, and not by the next generation', async () => {
  const daemon = await serve()
  const client = (session?: Buffer) =>
    connect({
      port: daemon.port,
      host: '127.0.0.1',
      servername: 'localhost',
      ...tls,
      ...(session ? { session } : {}),
    })
  const begun = client()
  // In TLS 1.3 the ticket comes after the handshake.
  begun.write('GET /pid HTTP/1.1\r\nHost: a\r\n\r\n')
  const [session] = (await once(begun.resume(), 'session')) as [Buffer]
  begun.destroy()
  const isResumed = async () => {
    const again = client(session)
    await once(again, 'secureConnect')
    const reused = again.isSessionReused()
    again.destroy()
    return reused
  }
  const old = await daemon.hasWorkers(1)
  for (const pid of old) process.kill(pid, 'SIGKILL')
  await daemon.hasWorkers(1, { not: old })
  await daemon.serving()
  expect(await isResumed()).toBe(true)
  await daemon.reload()
  expect(await isResumed()).toBe(false)
  await daemon.assertClean({ allows: [/SIGKILL/] })
})

test('a proxy that is trusted may still say that its client spoke plain HTTP', async () => {
  const hook = "post_request: (_worker, request) => console.log('scheme ' + request.scheme)"
  const daemon = await start({
    config: `export default { ...${JSON.stringify({ workers: 1, ...server })}, ${hook} }`,
    tls,
  })
  await daemon.request('/', { headers: { 'X-Forwarded-Proto': 'http' } })
  await eventually(() => daemon.stdout().includes('scheme http\n'))
  await daemon.request('/')
  await eventually(() => daemon.stdout().includes('scheme https\n'))
  await daemon.assertClean()
})

test.runIf(process.getuid?.() === 0)(
  'keys that only root may read serve workers that are nobody',
  async () => {
    const hook =
      "import { readFileSync } from 'node:fs'\nexport const ssl_context = (config, factory) => ({ ...factory(), key: readFileSync('tls.key') })"
    const config = `${hook}\nexport default ${JSON.stringify({ workers: 1, certfile: 'tls.crt', keyfile: 'tls.key', user: 'nobody', group: 65534 })}`
    const files = { 'tls.crt': pem('server.crt'), 'tls.key': pem('server.key') }
    const daemon = await start({ config, files, tls, until: 'spawned' })
    chmodSync(daemon.path('tls.key'), 0o600)
    await daemon.serving()
    expect(await daemon.get('/ids')).toBe('65534:65534')
    await daemon.reload()
    expect(await daemon.get('/ids')).toBe('65534:65534')
    await daemon.assertClean()
  },
)

test('a certificate that is over is served, with a warning', async () => {
  const daemon = await serve({ certfile: certificatePath('expired.crt') }, { until: 'spawned' })
  await daemon.logged(/\[WARNING\] certfile: the certificate in .*expired\.crt expired on/)
  await eventually(async () => (await shown(daemon.port, 'localhost').catch(() => '')) === 'server')
  await daemon.assertClean({ allows: [/expired/] })
})
