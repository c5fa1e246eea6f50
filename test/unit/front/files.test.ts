/** Files that the front sends itself, and those that it leaves to the worker. */
import {
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readNamedFile } from '../../../src/front/files.ts'
import { eventually } from '../../support/eventually.ts'
import { connect } from '../http/harness.ts'
import { FakeWorker } from './fake-worker.ts'
import { serveFront } from './harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'front-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fileOf = (name: string, content: Buffer | string): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const named = (path: string, offset: number, size: number, like = path): string => {
  const { dev, ino } = statSync(like)
  return [path, offset, size, dev, ino].join('\n')
}

/** A worker that answers with this FILE, and sends 'itself' when it has to. */
const serve = async (body: string, text = 'OK\nContent-Type\ntext/plain') => {
  const oks: number[] = []
  const worker = await new FakeWorker((channel, { type, id, flags }) => {
    if (type === 3) channel.send(70, { id, index: 200, text, body })
    if (type !== 7) return
    oks.push(flags)
    if (flags === 0) return
    channel.send(68, { id, body: 'itself' })
    channel.send(69, { id })
  }).listen()
  return { worker, oks, ...(await serveFront([worker])) }
}

const content = Buffer.alloc(1_000_000, 'abcdefghij')

describe('a file', () => {
  test('is sent from its offset, with its length, and the worker is told at once', async () => {
    const path = fileOf('whole', content)
    const { url, oks } = await serve(named(path, 10, 900_005))
    for (let round = 0; round < 2; round += 1) {
      const response = await fetch(url('/'))
      expect(response.headers.get('content-length')).toBe('900005')
      expect(Buffer.from(await response.arrayBuffer()).equals(content.subarray(10, 900_015))).toBe(true)
    }
    await eventually(() => oks.join() === '0,0')
  })

  test('is found by the descriptor of a process that has it open, also when it was unlinked', async () => {
    const path = fileOf('gone', 'content')
    const fd = openSync(path, 'r')
    const body = named(`/proc/${process.pid}/fd/${fd}`, 0, 7, path)
    rmSync(path)
    const { url } = await serve(body)
    expect(await (await fetch(url('/'))).text()).toBe('content')
    closeSync(fd)
  })

  test('to HEAD has a length and no body', async () => {
    const { url, oks } = await serve(named(fileOf('head', content), 0, content.length))
    const response = await fetch(url('/'), { method: 'HEAD' })
    expect([response.headers.get('content-length'), await response.text()]).toEqual(['1000000', ''])
    await eventually(() => oks.length === 1 && oks[0] === 0)
  })

  test('is sent no further than Content-Length says', async () => {
    const { url } = await serve(named(fileOf('some', '0123456789'), 0, 10), 'OK\nContent-Length\n4')
    expect(await (await fetch(url('/'))).text()).toBe('0123')
  })

  test('that becomes shorter meanwhile is cut, and logged', async () => {
    const path = fileOf('shrinks', Buffer.alloc(60_000_000, 'x'))
    const { port, logs } = await serve(named(path, 0, 60_000_000))
    const client = await connect(port)
    client.socket.pause()
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually(() => client.socket.bytesRead > 0 || client.socket.readableLength > 0, { every: 50 })
    truncateSync(path, 1000)
    client.socket.resume()
    await eventually(() => client.ended || client.socket.destroyed)
    expect(client.socket.bytesRead).toBeLessThan(60_000_000)
    await eventually(() => logs.some(({ level, message }) => level === 'error' && /shorter/.test(message)))
  })

  test('of a client that goes is closed, and the channel serves on', async () => {
    const path = fileOf('left', Buffer.alloc(60_000_000, 'x'))
    const { port, url, front } = await serve(named(path, 0, 60_000_000))
    const client = await connect(port)
    client.socket.pause()
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually(() => client.socket.bytesWritten > 0 && front.running === 0)
    client.socket.destroy()
    const response = await fetch(url('/'))
    expect(response.status).toBe(200)
    await response.body?.cancel()
  })
})

describe('what is not the file that was named', () => {
  const other = () => fileOf('other', 'other content')
  test.each([
    ['another file', () => named(other(), 0, 5, fileOf('first', 'first'))],
    ['none', () => named(join(folder, 'nowhere'), 0, 5, other())],
    ['a folder', () => named(folder, 0, 5)],
    ['shorter', () => named(other(), 0, 500)],
    [
      'a link to another',
      () => {
        const link = join(folder, `link-${Math.random()}`)
        symlinkSync(other(), link)
        return named(link, 0, 5, fileOf('target', 'target'))
      },
    ],
  ])('(%s) is left to the worker', async (_, body) => {
    const { url, oks } = await serve(body())
    expect(await (await fetch(url('/'))).text()).toBe('itself')
    expect(oks).toEqual([1])
  })
})

test.each([
  '',
  'relative\n0\n1\n2\n3',
  '/p\n0\n1\n2',
  '/p\n0\n1\n2\n3\n4',
  '/p\n-1\n1\n2\n3',
  '/p\nx\n1\n2\n3',
  '/p\n0\n99999999999999999999\n2\n3',
])('%j names no file', (body) => {
  expect(readNamedFile(body)).toBe(undefined)
})
