import { once } from 'node:events'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import { tlsStep } from '../../../src/http/intake/tls.ts'
import { pair, pem } from '../../support/certificates.ts'
import { connect, get, hello, latch, serve, until } from './harness.ts'

const intake = tlsStep({ options: pair('server') })

const secure = async (port: number): Promise<TLSSocket & { text: string }> => {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: pem('ca.crt') })
  onTestFinished(() => void socket.destroy())
  const client = Object.assign(socket, { text: '' })
  await once(socket, 'secureConnect')
  socket.setEncoding('latin1').on('data', (chunk) => {
    client.text += chunk
  })
  return client
}

test('records say https', async () => {
  const { port, records } = await serve(hello, {}, { intake })
  const client = await secure(port)
  client.write(get('/a'))
  await until(() => records.length === 1)
  expect(records[0]).toMatchObject({ scheme: 'https', target: '/a', remoteAddress: '127.0.0.1', status: 200 })
})

test('a handshake is one connection, and none when it is over', async () => {
  const { port, engine } = await serve(hello, {}, { intake })
  const [silent, client] = [await connect(port), await secure(port)]
  await until(() => engine.connections === 2)
  silent.socket.destroy()
  client.end()
  await until(() => engine.connections === 0)
})

test('a drain answers what is in hand, and ends idle connections when their time is up', async () => {
  const { opened, open } = latch()
  const app: Application = {
    kind: 'node',
    shape: 'f',
    handler: async (request, response) => {
      if (request.url === '/slow') await opened
      response.end('hello')
    },
  }
  const { port, engine, records } = await serve(app, {}, { intake })
  const [fresh, kept, slow] = [await secure(port), await secure(port), await secure(port)]
  kept.write(get('/a'))
  slow.write(get('/slow'))
  await until(() => records.length === 1 && engine.inflight().length === 1)
  const drained = engine.drain({ emptyAcceptQueue: false, idleMs: 50 })
  await Promise.all([once(fresh, 'end'), once(kept, 'end')])
  expect(engine.connections).toBeGreaterThan(0)
  open()
  await drained
  await until(() => slow.text.includes('hello'))
  expect(slow.text).toMatch(/connection: close/i)
  expect(engine.connections).toBe(0)
})

test('a client in the middle of its handshake does not hold up a drain', async () => {
  const { port, engine } = await serve(hello, {}, { intake })
  const client = await connect(port)
  client.socket.write(Buffer.of(0x16, 3, 1, 1, 0))
  await until(() => engine.connections === 1)
  await engine.drain({ emptyAcceptQueue: false, idleMs: 20 })
  expect(engine.connections).toBe(0)
})

test('a slow reader of a large body holds the application back, and gets all of it', async () => {
  let waited = 0
  const piece = 'x'.repeat(65_536)
  const app: Application = {
    kind: 'node',
    shape: 'f',
    handler: async (_, response) => {
      for (let count = 0; count < 160; count++) {
        if (response.write(piece)) continue
        waited += 1
        await once(response, 'drain')
      }
      response.end()
    },
  }
  const { port, records } = await serve(app, {}, { intake })
  const client = await secure(port)
  client.pause()
  client.write(get('/', 'Connection: close\r\n'))
  await until(() => waited > 0)
  client.resume()
  await once(client, 'end')
  expect(client.text.split('x').length - 1).toBe(160 * piece.length)
  expect(records[0]).toMatchObject({ completed: true, bodyBytes: 160 * piece.length })
})
