/** The program of child.ts: loads, serves on a free loopback port, asks once, writes the verdict to descriptor 3. */
import { writeSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Server as TcpServer } from 'node:net'
import { listenForReal } from '../../../src/app/adopt.ts'
import type { Application } from '../../../src/app/application.ts'
import { type LoadOptions, loadApp } from '../../../src/app/load.ts'
import { ServerError } from '../../../src/errors.ts'
import { installGlobals } from '../../../src/http/fetch/globals.ts'

const warnings: string[] = []
const { upgrade, globals, ...options } = JSON.parse(process.argv[2] ?? '{}') as LoadOptions & {
  upgrade?: boolean
  globals?: boolean
}

const finish = (verdict: object): never => {
  writeSync(3, JSON.stringify({ ...verdict, warnings }))
  process.exit(0)
}

const serverOf = (application: Application): TcpServer => {
  if (application.kind === 'server')
    return createTcp((socket) => application.server.emit('connection', socket))
  if (application.kind === 'fetch')
    return createServer(async (request, response) => {
      const context = { waitUntil: () => undefined, requestIP: () => null }
      const answer = await application.fetch(new Request(`http://127.0.0.1${request.url}`), context)
      response.writeHead(answer.status).end(await answer.text())
    })
  const server: Server = createServer((request, response) => void application.handler(request, response))
  if (application.upgrade !== undefined) server.on('upgrade', application.upgrade)
  return server
}

const ask = (port: number): Promise<object> =>
  new Promise((resolve, reject) => {
    const headers = upgrade ? { connection: 'upgrade', upgrade: 'echo' } : {}
    const asked = request({ host: '127.0.0.1', port, path: '/hello', headers }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, body }))
    })
    asked.on('upgrade', (response, socket) =>
      resolve({ status: response.statusCode, body: String(socket.readable) }),
    )
    asked.on('error', reject)
    asked.end()
  })

// The worker's channel: something of ours that keeps the loop alive.
setInterval(() => undefined, 1000)
const ownResponse = Response
try {
  const application = await loadApp({
    ...options,
    ...(globals && { installGlobals }),
    argv: process.argv,
    warn: (message) => warnings.push(message),
    address: () => ({ address: '127.0.0.1', family: 'IPv4', port: 8000 }),
  })
  const server = serverOf(application)
  await new Promise<void>((resolve) => listenForReal(server, { port: 0, host: '127.0.0.1' }, resolve))
  const answer = await ask((server.address() as AddressInfo).port)
  finish({
    kind: application.kind,
    shape: application.shape,
    globals: Response === ownResponse ? 'own' : 'light',
    ...answer,
  })
} catch (error) {
  if (!(error instanceof ServerError)) throw error
  const { code, message, detail = '', exitStatus: exit } = error
  finish({ error: { code, message, detail, exit } })
}
