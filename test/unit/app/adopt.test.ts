import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Server as NetServer } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { ListenAdoption } from '../../../src/app/adopt.ts'
import type { ListenAddress } from '../../../src/app/pretend.ts'

const { listen } = NetServer.prototype
afterEach(() => {
  Object.assign(NetServer.prototype, { listen })
})

const install = (address?: () => ListenAddress | undefined) => {
  const warn = vi.fn<(message: string) => void>()
  const onListen = vi.fn()
  const adoption = new ListenAdoption({ address, warn, onListen })
  adoption.install()
  return { adoption, warn, onListen }
}

test.each([
  ['a port', [3000], { address: '::', family: 'IPv6', port: 3000 }],
  ['a port as text, and a host', ['3000', '127.0.0.1'], { address: '127.0.0.1', family: 'IPv4', port: 3000 }],
  ['options', [{ port: 3000, host: '::1' }], { address: '::1', family: 'IPv6', port: 3000 }],
  ['a path', ['/nowhere/x.sock'], '/nowhere/x.sock'],
  ['options with a path', [{ path: '/nowhere/x.sock' }], '/nowhere/x.sock'],
  ['nothing', [], { address: '::', family: 'IPv6', port: 0 }],
])(
  'a server that listens on %s is adopted, and told the address it asked for',
  async (_name, args, address) => {
    const { adoption, onListen, warn } = install()
    const server = createServer()
    const called = new Promise<void>((resolve) => Reflect.apply(server.listen, server, [...args, resolve]))
    expect(onListen).toHaveBeenCalledWith(server)
    await called
    expect(server.listening).toBe(true)
    expect(server.address()).toEqual(address)
    expect(await adoption.first).toBe(server)
    expect(warn).not.toHaveBeenCalled()
  },
)

test('the address that is given wins, and may change', () => {
  let address: ListenAddress = '/run/a.sock'
  install(() => address)
  const server = createServer().listen(3000)
  expect(server.address()).toBe('/run/a.sock')
  address = { address: '0.0.0.0', family: 'IPv4', port: 80 }
  expect(server.address()).toEqual(address)
})

test('listening twice is an error, as ever', () => {
  install()
  const server = createServer().listen(3000)
  expect(() => server.listen(3000)).toThrow(expect.objectContaining({ code: 'ERR_SERVER_ALREADY_LISTEN' }))
})

test('close calls back at any time, without error the first time, and the server can listen again', async () => {
  install()
  const server = createServer().listen(3000)
  expect(await new Promise((resolve) => server.close(resolve))).toBeUndefined()
  expect(await new Promise((resolve) => server.close(resolve))).toHaveProperty(
    'code',
    'ERR_SERVER_NOT_RUNNING',
  )
  await once(server.listen(3000), 'listening')
  expect(server.listening).toBe(true)
})

test('a server closed before it was told that it listens is not told', async () => {
  install()
  const listening = vi.fn()
  const server = createServer().listen(3000, listening)
  await new Promise((resolve) => server.close(resolve))
  expect(listening).not.toHaveBeenCalled()
})

test('an abort signal closes', async () => {
  install()
  const abort = new AbortController()
  const server = createServer().listen({ port: 3000, signal: abort.signal })
  const closed = once(server, 'close')
  abort.abort()
  await closed
  expect(server.listening).toBe(false)
})

test('a server with TLS of its own really listens, with a warning', async () => {
  const { adoption, warn } = install()
  const server = createTls({})
  server.on('error', () => undefined)
  // A port that no user may bind, or that root may: whichever, it is not adopted.
  server.listen({ port: 1, host: '127.0.0.1' })
  await Promise.race([once(server, 'listening'), once(server, 'error')])
  server.close()
  expect(adoption.adopted).toBeUndefined()
  expect(warn.mock.calls.join()).toContain('TLS of its own')
})

test('a server that turns out not to be the application really listens', async () => {
  const { adoption } = install()
  const metrics = createServer().listen(0, '127.0.0.1')
  adoption.settle(() => false)
  await vi.waitFor(() => expect((metrics.address() as AddressInfo).port).toBeGreaterThan(0))
  const answer = fetch(`http://127.0.0.1:${(metrics.address() as AddressInfo).port}/`)
  const [, response] = await once(metrics, 'request')
  response.end('metrics')
  expect(await (await answer).text()).toBe('metrics')
  metrics.close()
})

test("once the application is known, a listen on tsgunicorn's own port is a pretence", () => {
  const { adoption, warn } = install(() => ({ address: '127.0.0.1', family: 'IPv4', port: 8000 }))
  adoption.settle(() => false)
  const server = createServer().listen(8000)
  expect(server.listening).toBe(true)
  expect(adoption.adopted).toBeUndefined()
  expect(warn).not.toHaveBeenCalled()
})
