/** Whose word is taken: not that of a peer of whom nothing is known any more. */
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import { serveCore, waiting } from './core/harness.ts'
import { connect, get, serve, until } from './harness.ts'

const forged = get('/', 'X-Forwarded-For: 10.1.2.3\r\nX-Forwarded-Proto: https\r\n')

/** Sends a request and resets the connection, all of it while this process is too busy to accept. */
const hitAndRun = (port: number, request: string): void => {
  const program = `const socket = require('node:net').connect(${port}, '127.0.0.1', () => {
    socket.write(${JSON.stringify(request)})
    socket.resetAndDestroy()
  })`
  execFileSync(process.execPath, ['-e', program])
}

it('takes no word of a TCP client that has reset its connection before it was accepted', async () => {
  const { consumer, begun } = waiting()
  const { port } = await serveCore(consumer, { forwardedAllowIps: ['192.0.2.1'] })
  hitAndRun(port, forged)
  // What comes behind it has been accepted behind it.
  const honest = await connect(port)
  honest.send(get('/honest'))
  await until(() => begun.some(({ target }) => target === '/honest'))
  const liars = begun.filter(({ target }) => target === '/')
  expect(liars.map(({ remoteAddress, scheme }) => `${remoteAddress} ${scheme}`)).not.toContain(
    '10.1.2.3 https',
  )
})

it('takes none on node:http either', async () => {
  const app: Application = {
    kind: 'node',
    shape: 'function',
    handler: (_, response) => void response.end(),
  }
  const { port, records } = await serve(app, { forwardedAllowIps: ['192.0.2.1'] })
  hitAndRun(port, forged)
  const honest = await connect(port)
  honest.send(get('/honest'))
  await until(() => records.some(({ target }) => target === '/honest'))
  expect(records.map(({ remoteAddress }) => remoteAddress)).not.toContain('10.1.2.3')
})

it('serves on, whatever a header is called', async () => {
  const app: Application = {
    kind: 'node',
    shape: 'function',
    handler: (request, response) => void response.end(Object.keys(request.headers).join()),
  }
  const { port } = await serve(app)
  const client = await connect(port)
  client.send(get('/', '__proto__: x\r\nconstructor: y\r\nA_b: z\r\n'))
  expect(await client.has('host')).toContain('200 OK')
})
