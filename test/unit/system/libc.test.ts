import { execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  duplicate,
  openDatagramSocket,
  peerCredentials,
  rightsMessage,
  socketAddress,
  whyNoDatagrams,
} from '../../../src/system/libc.ts'
import { noPython } from '../../support/apps.ts'
import { datagramServer } from '../../support/datagrams.ts'

const temporary = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tsg-libc-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

const fdOf = (socket: Socket): number => (socket as unknown as { _handle: { fd: number } })._handle.fd

const opened = () => {
  const socket = openDatagramSocket()
  if (socket === undefined) throw new Error(whyNoDatagrams())
  onTestFinished(() => socket.close())
  return socket
}

const linux = { solSocket: 1, hasLength: false, longestPath: 107, cmsg: { wide: true, header: 16 } }

describe('structures', () => {
  test("a path's address is its family, the path and a NUL; an abstract one has the NUL before the name", () => {
    expect(socketAddress('/run/x', linux)).toEqual(Buffer.from('\x01\0/run/x\0'))
    expect(socketAddress('@x', linux)).toEqual(Buffer.from('\x01\0\0x'))
    expect(socketAddress('/x', { hasLength: true, longestPath: 103 })).toEqual(Buffer.from('\x05\x01/x\0'))
  })

  test('a path that the structure has no room for has no address', () => {
    expect(socketAddress(`/${'x'.repeat(106)}`, linux)).toHaveLength(2 + 108)
    expect(socketAddress(`/${'x'.repeat(107)}`, linux)).toBeUndefined()
  })

  test('descriptors are packed as CMSG_SPACE asks, and can be read again', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), (fds) => {
        const bytes = rightsMessage(fds, linux)
        expect(bytes.length % 8).toBe(0)
        expect(Number(bytes.readBigUInt64LE(0))).toBe(16 + 4 * fds.length)
        expect([bytes.readInt32LE(8), bytes.readInt32LE(12)]).toEqual([1, 1])
        expect(fds.map((_, at) => bytes.readInt32LE(16 + 4 * at))).toEqual(fds)
      }),
    )
  })
})

describe.skipIf(whyNoDatagrams() !== undefined)('with koffi', () => {
  test('who connected is known by the kernel, also another process', async () => {
    const path = join(temporary(), 's')
    const server = createServer()
    onTestFinished(() => void server.close())
    await once(server.listen(path), 'listening')
    const child = spawn(process.execPath, ['-e', `require('net').connect(${JSON.stringify(path)})`])
    onTestFinished(() => void child.kill('SIGKILL'))
    const [socket] = (await once(server, 'connection')) as [Socket]
    expect(peerCredentials(fdOf(socket))).toEqual({
      pid: child.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    })
    socket.destroy()
  })

  test('a TCP socket, a file and a number that is none have no peer', async () => {
    const server = createServer((socket) => socket.destroy())
    onTestFinished(() => void server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'connect')
    expect(peerCredentials(fdOf(socket))).toBeUndefined()
    socket.destroy()
    const file = openSync('/dev/null', 'r')
    onTestFinished(() => closeSync(file))
    expect(peerCredentials(file)).toBeUndefined()
    expect(peerCredentials(99_999)).toBeUndefined()
  })

  test.skipIf(noPython).each(['path', 'abstract'])(
    'a datagram arrives (%s), and tells who sent it',
    async (kind) => {
      const name = kind === 'path' ? join(temporary(), 's') : `@tsg-test-${randomUUID()}`
      const server = await datagramServer(name)
      const socket = opened()
      expect(socket.send(name, Buffer.from('one\ntwo'))).toBe('sent')
      expect(socket.send(name, Buffer.from(''))).toBe('sent')
      await expect
        .poll(() => server.got)
        .toEqual([
          { text: 'one\ntwo', pid: process.pid, fds: [] },
          { text: '', pid: process.pid, fds: [] },
        ])
    },
  )

  test.skipIf(noPython)('descriptors go along, in order', async () => {
    const path = join(temporary(), 's')
    const receiver = await datagramServer(path)
    const servers = await Promise.all(
      [1, 2].map(async () => {
        const server = createServer()
        onTestFinished(() => void server.close())
        await once(server.listen(0, '127.0.0.1'), 'listening')
        return server
      }),
    )
    const fds = servers.map((server) => (server as unknown as { _handle: { fd: number } })._handle.fd)
    expect(opened().send(path, Buffer.from('two'), fds)).toBe('sent')
    const ports = servers.map((server) => (server.address() as AddressInfo).port)
    await expect.poll(() => receiver.got).toEqual([{ text: 'two', pid: process.pid, fds: ports }])
  })

  test('nobody at the path, a stream socket there, a bad descriptor: the error is named', async () => {
    const folder = temporary()
    const socket = opened()
    expect(socket.send(join(folder, 'none'), Buffer.from('x'))).toMatchObject({ code: 'ENOENT' })
    expect(socket.send(`/${'x'.repeat(200)}`, Buffer.from('x'))).toMatchObject({ code: 'ENAMETOOLONG' })
    const server = createServer()
    onTestFinished(() => void server.close())
    await once(server.listen(join(folder, 's')), 'listening')
    expect(socket.send(join(folder, 's'), Buffer.from('x'))).toMatchObject({ code: 'EPROTOTYPE' })
    expect(socket.send(join(folder, 's'), Buffer.from('x'), [99_999])).toMatchObject({ code: 'EBADF' })
  })

  test.skipIf(noPython)('a receiver that does not keep up costs no time: full is full', async () => {
    const path = join(temporary(), 's')
    await datagramServer(path, { reads: 'when told' })
    const socket = opened()
    const most = Buffer.alloc(8000)
    const outcomes = Array.from({ length: 5000 }, () => socket.send(path, most))
    expect(outcomes[0]).toBe('sent')
    expect(outcomes.at(-1)).toBe('full')
  })

  test('a closed socket sends no more, twice closed is once closed, and nothing stays open', () => {
    const count = () => readdirSync('/proc/self/fd').length
    const before = count()
    const socket = opened()
    socket.close()
    socket.close()
    expect(socket.send('/x', Buffer.from('x'))).toMatchObject({ code: 'EBADF' })
    expect(count()).toBe(before)
  })

  test('children do not inherit it', () => {
    opened()
    const links = execFileSync('ls', ['-l', '/proc/self/fd']).toString()
    expect(links).not.toMatch(/ [3-9] -> socket/)
  })
})

describe('without koffi', () => {
  afterEach(() => {
    vi.doUnmock('node:module')
    vi.resetModules()
  })

  test('every answer is that it cannot be had, and why', async () => {
    vi.resetModules()
    vi.doMock('node:module', () => ({
      createRequire: () => () => {
        throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' })
      },
    }))
    const libc = await import('../../../src/system/libc.ts')
    expect(libc.peerCredentials(0)).toBeUndefined()
    expect(libc.openDatagramSocket()).toBeUndefined()
    expect(libc.whyNoDatagrams()).toBe("the package 'koffi' is not installed")
  })
})

describe('another descriptor', () => {
  test.skipIf(whyNoDatagrams() !== undefined)('is of the same open file, and no child has it', () => {
    const fd = openSync('/dev/null', 'r')
    const copy = duplicate(fd) ?? -1
    expect(copy).toBeGreaterThan(2)
    expect(copy).not.toBe(fd)
    closeSync(fd)
    expect(fstatSync(copy).rdev).toBe(statSync('/dev/null').rdev)
    if (process.platform === 'linux')
      expect(readFileSync(`/proc/self/fdinfo/${copy}`, 'latin1')).toMatch(/^flags:\s+02\d{6}$/m)
    closeSync(copy)
  })

  test('of what is not open is not to be had', () => {
    expect(duplicate(99_999)).toBeUndefined()
  })
})
