import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { type AddressInfo, connect as connectPlain, createServer as listenPlain, type Socket } from 'node:net'
import { type ConnectionOptions, connect, createSecureContext, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type TlsStepOptions, tlsStep } from '../../../../src/http/intake/tls.ts'
import { handshakeWords } from '../../../../src/http/intake/tls-words.ts'
import { pair, pem } from '../../../support/certificates.ts'

interface Serving {
  readonly port: number
  readonly refused: Array<readonly [string, string]>
  readonly sockets: Socket[]
}

/** A port whose sockets go through the step and are then node's to serve. */
const serve = async (options: Partial<TlsStepOptions> = {}, timeoutMs = 5000): Promise<Serving> => {
  const refused: Array<readonly [string, string]> = []
  const sockets: Socket[] = []
  const http = createServer((request, response) => {
    if (request.url === '/echo') request.pipe(response)
    else response.end(`${'encrypted' in request.socket} ${request.socket.remoteAddress}`)
  })
  const step = tlsStep({ ...options, options: { ...pair('server'), ...options.options } })
  const context = {
    onRefused: (reason: string, address: string) => void refused.push([reason, address]),
    timeoutMs,
  }
  const deliver = (socket: Socket) => {
    sockets.push(socket)
    http.emit('connection', socket)
  }
  const server = listenPlain({ allowHalfOpen: true }, (socket) => step(socket, deliver, context))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port: (server.address() as AddressInfo).port, refused, sockets }
}

const ca = pem('ca.crt')

const open = async (
  port: number,
  options: ConnectionOptions & { readonly allowHalfOpen?: boolean } = {},
): Promise<TLSSocket> => {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...options })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** The code or the message of what stopped the connection. */
const failure = async (port: number, options: ConnectionOptions = {}): Promise<string> => {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...options })
  onTestFinished(() => void socket.destroy())
  // In TLS 1.3 a client is done before the server has judged its certificate.
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.once('end', () => resolve('ended')).resume()
  })
}

const ask = async (port: number, options: Record<string, unknown> = {}): Promise<string> => {
  const request = httpsRequest({ port, host: '127.0.0.1', servername: 'localhost', ca, ...options })
  request.end(options['body'])
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const until = async (fact: () => boolean): Promise<void> => {
  const end = performance.now() + 5000
  while (!fact()) {
    if (performance.now() > end) throw new Error('it did not come to be')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a client that speaks TLS', () => {
  test('is served, and its socket is encrypted and tells its address', async () => {
    const { port, refused } = await serve()
    expect(await ask(port)).toBe('true 127.0.0.1')
    expect(refused).toEqual([])
  })

  test('keeps its connection for further requests', async () => {
    const { port, sockets } = await serve()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    for (let count = 0; count < 3; count++) await ask(port, { agent })
    expect(sockets).toHaveLength(1)
  })

  test('gets a large body back whole', async () => {
    const { port } = await serve()
    const body = 'x'.repeat(5_000_000)
    expect((await ask(port, { method: 'POST', path: '/echo', body })) === body).toBe(true)
  })

  test('may end its side and is answered all the same', async () => {
    const { port } = await serve()
    const client = await open(port, { allowHalfOpen: true })
    client.end('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello')
    let text = ''
    for await (const chunk of client) text += chunk
    expect(text).toMatch(/\r\n5\r\nhello\r\n0\r\n\r\n$/)
  })

  test('is delivered a byte at a time as in one piece', async () => {
    const { port } = await serve()
    const raw = connectPlain({ port, host: '127.0.0.1', noDelay: true })
    const slow = listenPlain((socket) => {
      socket.on('data', async (bytes) => {
        for (const byte of bytes) raw.write(Buffer.of(byte))
      })
      raw.pipe(socket)
    })
    slow.listen(0, '127.0.0.1')
    await once(slow, 'listening')
    onTestFinished(() => {
      slow.close()
      raw.destroy()
    })
    expect(await ask((slow.address() as AddressInfo).port)).toBe('true 127.0.0.1')
  })

  test('agrees on http/1.1, and is refused when it speaks only another protocol', async () => {
    const { port, refused } = await serve()
    const client = await open(port, { ALPNProtocols: ['h2', 'http/1.1'] })
    expect(client.alpnProtocol).toBe('http/1.1')
    expect(await failure(port, { ALPNProtocols: ['h2'] })).toMatch(/NO_APPLICATION_PROTOCOL|ECONNRESET/)
    await until(() => refused.length === 1)
    expect(refused[0]?.[0]).toMatch(/ALPN|application protocol/)
  })
})

describe('certificates of clients', () => {
  const asking = (rejectUnauthorized: boolean): Partial<TlsStepOptions> => ({
    options: { ca, requestCert: true, rejectUnauthorized, sessionIdContext: 'test' },
    refuseUnverified: true,
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('when required, none is refused in %s', async (version) => {
    const { port, refused, sockets } = await serve(asking(true))
    expect(await failure(port, { minVersion: version, maxVersion: version })).toMatch(
      /HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED/,
    )
    await until(() => refused.length === 1)
    expect(refused[0]).toEqual([
      'TLS handshake: the client showed no certificate, and one is required',
      '127.0.0.1',
    ])
    expect(sockets).toEqual([])
  })

  test.each([true, false])('one of another authority is refused, required: %s', async (required) => {
    const { port, refused, sockets } = await serve(asking(required))
    expect(await failure(port, pair('stranger'))).toMatch(/ended|ECONNRESET/)
    await until(() => refused.length === 1)
    expect(refused[0]?.[0]).toMatch(/certificate is not accepted \(UNABLE_TO/)
    expect(sockets).toEqual([])
  })

  test.each([true, false])('a good one is served, required: %s', async (required) => {
    const { port } = await serve(asking(required))
    expect(await ask(port, pair('client'))).toBe('true 127.0.0.1')
  })

  test('a session that was begun with a good one goes on with it', async () => {
    const { port, sockets } = await serve(asking(true))
    const begun = await open(port, { maxVersion: 'TLSv1.2', ...pair('client') })
    const again = await open(port, { maxVersion: 'TLSv1.2', session: begun.getSession() })
    await until(() => sockets.length === 2)
    expect(again.isSessionReused()).toBe(true)
    expect((sockets[1] as TLSSocket).getPeerCertificate().subject.CN).toBe('client')
  })

  test('when optional, none is served', async () => {
    const { port } = await serve(asking(false))
    expect(await ask(port)).toBe('true 127.0.0.1')
  })
})

test('names get their certificates, others the default one', async () => {
  const names = new Map([
    ['example.org', createSecureContext(pair('example'))],
    ['*.example.org', createSecureContext(pair('wildcard'))],
  ])
  const { port } = await serve({ names })
  const shown = async (servername?: string) => {
    const client = await open(port, { servername: servername ?? '', rejectUnauthorized: false })
    return client.getPeerCertificate().subject.CN
  }
  expect(await shown('example.org')).toBe('example')
  expect(await shown('EXAMPLE.org')).toBe('example')
  expect(await shown('a.example.org')).toBe('wildcard')
  expect(await shown('a.b.example.org')).toBe('server')
  expect(await shown('other.org')).toBe('server')
  expect(await shown()).toBe('server')
})

test('a context that was made elsewhere takes the place of the options', async () => {
  const { port } = await serve({ context: createSecureContext(pair('renewed')) })
  const client = await open(port)
  expect(client.getPeerCertificate().subject.CN).toBe('renewed')
})

test('versions and ciphers that are not allowed are refused, with words', async () => {
  const { port, refused } = await serve({ options: { minVersion: 'TLSv1.3' } })
  await failure(port, { maxVersion: 'TLSv1.2' })
  await until(() => refused.length === 1)
  expect(refused[0]?.[0]).toBe('TLS handshake: the client speaks no TLS version that is allowed here')
})

test.each([
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'the client does not trust our certificate'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'the client refused our certificate'],
  ['ERR_SSL_SOMETHING_NEW', 'something new'],
])('%s is told as: %s', (code, words) => {
  expect(handshakeWords(Object.assign(new Error('long'), { code, reason: 'something new' }))).toBe(
    `TLS handshake: ${words}`,
  )
})

test('plain HTTP is answered with 400 in the clear', async () => {
  const { port, refused, sockets } = await serve()
  const request = httpRequest({ port, host: '127.0.0.1', path: '/secret' }).end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(400)
  const [body] = await once(response, 'data')
  expect(String(body)).toContain('Plain HTTP was sent to a TLS port')
  expect(String(body)).not.toContain('secret')
  expect(refused).toEqual([['plain HTTP was sent to a TLS port', '127.0.0.1']])
  expect(sockets).toEqual([])
})

describe('a client that does not come through', () => {
  const closed = async (socket: Socket) => {
    socket.on('error', () => undefined).resume()
    await once(socket, 'close')
  }

  test('because it sends neither TLS nor HTTP is let go', async () => {
    const { port, refused } = await serve()
    const client = connectPlain({ port, host: '127.0.0.1' })
    client.write(Buffer.of(0, 1, 2, 3))
    await closed(client)
    expect(refused[0]?.[0]).toMatch(/neither TLS nor HTTP/)
  })

  test('because it stops in the middle of the handshake is cut after the time', async () => {
    const { port, refused } = await serve({}, 50)
    const client = connectPlain({ port, host: '127.0.0.1' })
    client.write(Buffer.of(0x16, 3, 1, 0, 200, 1))
    await closed(client)
    expect(refused).toEqual([['TLS handshake: not done within 50 ms', '127.0.0.1']])
  })

  test('because it says nothing is cut after the time, without a word', async () => {
    const { port, refused } = await serve({}, 50)
    await closed(connectPlain({ port, host: '127.0.0.1' }))
    expect(refused).toEqual([])
  })

  test.each(['end', 'resetAndDestroy'] as const)(
    'because it leaves (%s) is nobody to tell of',
    async (how) => {
      const { port, refused } = await serve()
      const client = connectPlain({ port, host: '127.0.0.1' })
      client.write(Buffer.of(0x16, 3, 1))
      await once(client, 'connect')
      client[how]()
      await closed(client)
      expect(await ask(port)).toBe('true 127.0.0.1')
      expect(refused).toEqual([])
    },
  )

  test('because it sends rubbish in TLS clothes is refused with a reason', async () => {
    const { port, refused } = await serve()
    const client = connectPlain({ port, host: '127.0.0.1' })
    client.write(Buffer.concat([Buffer.of(0x16, 3, 1, 0, 4), Buffer.from('junk')]))
    await closed(client)
    await until(() => refused.length === 1)
    expect(refused[0]?.[0]).toMatch(/^TLS handshake: /)
  })
})

test('what an earlier step knows of the client is known of the secure socket', async () => {
  const step = tlsStep({ options: pair('server') })
  const server = listenPlain({ allowHalfOpen: true }, (socket) => {
    Object.defineProperty(socket, 'remoteAddress', { value: '192.0.2.7' })
    step(socket, (secure) => secure.end(`${secure.remoteAddress}`), {
      onRefused: () => undefined,
      timeoutMs: 0,
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const client = await open((server.address() as AddressInfo).port)
  expect(String((await once(client, 'data'))[0])).toBe('192.0.2.7')
})
