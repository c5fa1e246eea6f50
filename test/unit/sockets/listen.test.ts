import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseAddress } from '../../../src/sockets/address.ts'
import { adoptDescriptor, inheritEnvironment, inheritListeners } from '../../../src/sockets/inherit.ts'
import { type BindOptions, bindListener, listenAll } from '../../../src/sockets/listen.ts'
import type { Listener } from '../../../src/sockets/listener.ts'
import { publishedPath, temporaryPath } from '../../../src/sockets/unix.ts'

let directory = ''
const open: { close(): unknown }[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsg-listen-'))
})

afterEach(() => {
  for (const one of open.splice(0)) one.close()
  rmSync(directory, { recursive: true })
})

const bind = async (text: string, options: Partial<BindOptions> = {}): Promise<Listener> => {
  const listener = await bindListener(parseAddress(text), { umask: 0o022, reusePort: false, ...options })
  open.push(listener)
  return listener
}

const portOf = ({ address }: Listener): number => (address.kind === 'tcp' ? address.port : Number.NaN)

/** Whether the kernel takes a connection for it: nobody accepts. */
const connects = async (to: { port: number; host: string } | { path: string }): Promise<boolean> => {
  const socket = connect(to)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

const otherServer = async (where: { port: number; host: string } | { path: string }): Promise<Server> => {
  const server = createServer().listen(where)
  await once(server, 'listening')
  open.push(server)
  return server
}

test('a bound listener has the real port, and queues connections once it listens', async () => {
  const listener = await bind('127.0.0.1:0')
  const port = portOf(listener)
  expect(port).toBeGreaterThan(0)
  expect(listener.name).toBe(`http://127.0.0.1:${port}`)
  expect(await connects({ port, host: '127.0.0.1' })).toBe(false)
  await listenAll([listener], 16)
  expect(await connects({ port, host: '127.0.0.1' })).toBe(true)
})

test('a name is resolved, IPv4 first', async () => {
  expect((await bind('localhost:0')).address).toMatchObject({ host: '127.0.0.1' })
})

test('IPv6 is bound and listened on', async () => {
  const listener = await bind('[::1]:0')
  await listenAll([listener], 16)
  expect(listener.name).toBe(`http://[::1]:${portOf(listener)}`)
  expect(await connects({ port: portOf(listener), host: '::1' })).toBe(true)
})

test('a port that is taken is told with the process that listens', async () => {
  const server = await otherServer({ port: 0, host: '127.0.0.1' })
  const { port } = server.address() as { port: number }
  await expect(bind(`127.0.0.1:${port}`)).rejects.toMatchObject({
    code: 'TSG_ADDRESS_IN_USE',
    message: expect.stringMatching(
      new RegExp(
        `^Connection in use: \\('127.0.0.1', ${port}\\). Process ${process.pid} \\(.*node.*\\) listens`,
      ),
    ),
  })
})

test('of two that are bound to one port, the second to listen is refused by name', async () => {
  const first = await bind('127.0.0.1:0')
  const second = await bind(`127.0.0.1:${portOf(first)}`)
  const free = await bind('127.0.0.1:0')
  await listenAll([first], 16)
  await expect(listenAll([free, second], 16)).rejects.toMatchObject({
    code: 'TSG_ADDRESS_IN_USE',
    message: expect.stringContaining(`('127.0.0.1', ${portOf(first)})`),
  })
})

test('an address of another machine is refused in words', async () => {
  await expect(bind('192.0.2.1:0')).rejects.toMatchObject({
    code: 'TSG_ADDRESS_REFUSED',
    message: expect.stringContaining('no interface of this machine'),
  })
})

test('a name without address is refused', async () => {
  await expect(bind('no-such-host.invalid:0')).rejects.toMatchObject({ code: 'TSG_ADDRESS_INVALID' })
})

test('a unix socket appears with the mode of the umask, listens, and goes with unlink only', async () => {
  const path = join(directory, 'a.sock')
  const before = process.umask()
  const listener = await bind(`unix:${path}`, { umask: 0o117 })
  expect(process.umask()).toBe(before)
  expect(statSync(path).mode & 0o777).toBe(0o660)
  expect(readdirSync(directory)).toEqual(['a.sock'])
  await listenAll([listener], 16)
  expect(await connects({ path })).toBe(true)
  listener.close()
  listener.close()
  expect(existsSync(path)).toBe(true)
  listener.unlink()
  expect(existsSync(path)).toBe(false)
})

test.skipIf(process.getuid?.() !== 0)(
  'a unix socket belongs to the owner that was asked for (root)',
  async () => {
    const path = join(directory, 'a.sock')
    await bind(`unix:${path}`, { owner: { uid: 65534, gid: 65534 } })
    expect(statSync(path)).toMatchObject({ uid: 65534, gid: 65534 })
  },
)

test('the file of a server that is gone is replaced', async () => {
  const path = join(directory, 'a.sock')
  const child = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)},()=>console.log('up'))`,
  ])
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(existsSync(path)).toBe(true)
  const listener = await bind(`unix:${path}`)
  await listenAll([listener], 16)
  expect(await connects({ path })).toBe(true)
})

test('a path on which a server answers is not taken from it', async () => {
  const path = join(directory, 'a.sock')
  await otherServer({ path })
  await expect(bind(`unix:${path}`)).rejects.toMatchObject({
    code: 'TSG_ADDRESS_IN_USE',
    message: expect.stringContaining(`unix:${path}. Process ${process.pid} `),
  })
  expect(await connects({ path })).toBe(true)
})

test('a file that is no socket stays', async () => {
  const path = join(directory, 'precious')
  writeFileSync(path, 'data')
  await expect(bind(`unix:${path}`)).rejects.toMatchObject({ code: 'TSG_ADDRESS_REFUSED' })
  expect(statSync(path).size).toBe(4)
})

test('a directory that is not there is named', async () => {
  await expect(bind(`unix:${directory}/none/a.sock`)).rejects.toMatchObject({
    code: 'TSG_ADDRESS_REFUSED',
    message: expect.stringContaining('directory of the socket does not exist'),
  })
})

test('unlink leaves the socket that another server has put there', async () => {
  const path = join(directory, 'a.sock')
  const first = await bind(`unix:${path}`)
  await bind(`unix:${path}`)
  first.unlink()
  expect(existsSync(path)).toBe(true)
})

test('the longest path can be bound', async () => {
  const path = join(directory, 'x'.repeat(107 - directory.length - 1))
  await bind(`unix:${path}`)
  expect(existsSync(path)).toBe(true)
})

test('the temporary name leads back to the path', () => {
  expect(publishedPath(temporaryPath('/run/a.sock', 4194304))).toBe('/run/a.sock')
})

test('descriptors are adopted with the addresses they have', async () => {
  const path = join(directory, 'a.sock')
  const listeners = [await bind('127.0.0.1:0'), await bind(`unix:${path}`)]
  await listenAll(listeners, 16)
  for (const listener of listeners) {
    // A handle per descriptor: these are closed by their first owners.
    expect(adoptDescriptor(listener.fd).address).toEqual(listener.address)
  }
})

test.each([
  ['a closed one', () => 9999],
  ['a standard stream', () => 1],
])('a descriptor that is %s is refused', (_, fd) => {
  expect(() => adoptDescriptor(fd())).toThrow(/not a listening socket/)
})

test('a descriptor that is a connection is refused', async () => {
  const server = await otherServer({ port: 0, host: '127.0.0.1' })
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
  open.push({ close: () => socket.destroy() })
  await once(socket, 'connect')
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
  expect(() => adoptDescriptor(fd)).toThrow(/it is a connection/)
})

test('a new master finds its listeners by the environment it is given', async () => {
  const path = join(directory, 'a.sock')
  const listeners = [await bind('127.0.0.1:0'), await bind(`unix:${path}`)]
  await listenAll(listeners, 16)
  const asked = ['localhost:0', `unix:${path}`].map(parseAddress)
  const names = inheritEnvironment({
    from: 'master',
    listeners: asked.map((address) => ({ asked: address })),
  })
  const inherited = inheritListeners({ ...names, GUNICORN_FD: listeners.map(({ fd }) => fd).join(',') })
  expect(inherited.from).toBe('master')
  expect(inherited.listeners.map(({ listener }) => listener.name)).toEqual(listeners.map(({ name }) => name))
  expect(inherited.listeners.map((one) => one.asked)).toEqual(asked)
  inherited.listeners[1]?.listener.unlink()
  expect(existsSync(path)).toBe(false)
})

test('numbers alone are enough, as Gunicorn passes them', async () => {
  const path = join(directory, 'a.sock')
  const listener = await bind(`unix:${path}`)
  await listenAll([listener], 16)
  expect(inheritListeners({ GUNICORN_FD: String(listener.fd) }).listeners[0]?.listener.address).toEqual(
    listener.address,
  )
  expect(() => inheritListeners({ GUNICORN_FD: '9999,x' })).toThrow(/GUNICORN_FD: 'x'/)
  expect(inheritListeners({})).toEqual({ from: 'nobody', listeners: [] })
})

test('a child that is sent the handle serves on it', async () => {
  const listener = await bind('127.0.0.1:0')
  const child = spawn(
    process.execPath,
    [
      '-e',
      "process.on('message',(_,h)=>require('net').createServer(s=>s.end('child')).listen(h,()=>process.send('up')))",
    ],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  open.push({ close: () => child.kill('SIGKILL') })
  child.send('listen', listener.handle as never)
  await once(child, 'message')
  const socket = connect(portOf(listener), '127.0.0.1')
  expect(String((await once(socket, 'data'))[0])).toBe('child')
})
