import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Engine, EngineOptions } from '../../../src/http/engine.ts'
import { createProxyStep } from '../../../src/http/intake/proxy.ts'
import { createEngine } from '../../../src/http/node/engine.ts'
import { defaultPolicy } from '../../../src/http/policy.ts'
import { bind, Client, get, hello, until } from './harness.ts'

/**
 * A master: it inherits the bound socket, so that it lives on when the engine closes its descriptor, and sends a
 * handle of it to whoever asks.
 */
const master = `
const handle = require('net')._createServerHandle(null, null, null, 3)
process.on('message', (index) => process.send({ index }, handle))
process.send('up')
`
const createHandle = Reflect.get(net, '_createServerHandle') as (
  path: string,
  a: number,
  b: number,
) => { fd: number }

let child: ChildProcess | undefined
let engine: Engine | undefined
let directory: string | undefined
afterEach(() => {
  engine?.destroy()
  child?.kill('SIGKILL')
  if (directory) rmSync(directory, { recursive: true, force: true })
})

const places = {
  tcp: () => {
    const { fd, port } = bind()
    return { fd, open: () => new Client({ port, host: '127.0.0.1' }) }
  },
  unix: () => {
    directory = mkdtempSync(join(tmpdir(), 'engine-'))
    const path = join(directory, 'sock')
    return { fd: createHandle(path, -1, -1).fd, open: () => new Client({ path }) }
  },
}

/** An engine that holds three connections at most, on a socket that its master keeps. */
const limited = async (kind: keyof typeof places, options: Partial<EngineOptions> = {}) => {
  const { fd, open } = places[kind]()
  const parent = spawn(process.execPath, ['-e', master], {
    stdio: ['ignore', 'inherit', 'inherit', fd, 'ipc'],
  })
  child = parent
  await once(parent, 'message')
  const errors: unknown[] = []
  const asked: number[] = []
  const made = createEngine(hello, {
    policy: { ...defaultPolicy, workerConnections: 3, keepAliveMs: 60_000, headersMs: 2000 },
    onError: (error) => errors.push(error),
    ...options,
    requestListenerDescriptor: async (index) => {
      asked.push(index)
      parent.send(index)
      const [, handle] = await once(parent, 'message')
      return handle as object
    },
  })
  engine = made
  await made.listen([{ fd }], 64)
  return { engine: made, open, errors, asked }
}

const full = async ({ engine, open }: Awaited<ReturnType<typeof limited>>) => {
  const clients = [open(), open(), open()]
  for (const client of clients) await client.send(get()).has('hello')
  expect(engine.connections).toBe(3)
  const waiting = Array.from({ length: 5 }, () => open().send(get('/', 'Connection: close\r\n')))
  // A full round through the engine: had it accepted anyone, that one would have been served by now.
  for (const client of clients) await client.send(get()).has('hello', 2)
  expect(waiting.map(({ text }) => text)).toEqual(['', '', '', '', ''])
  return { clients, waiting }
}

describe.each(['tcp', 'unix'] as const)('at worker_connections on %s', (kind) => {
  test('accepting really stops, and goes on below it: nobody is refused or reset', async () => {
    const story = await limited(kind)
    const { clients, waiting } = await full(story)
    clients[0]?.socket.end()
    for (const client of waiting) expect(await client.end()).toContain('hello')
    expect(story.asked.length).toBeGreaterThan(0)
    for (const client of clients) client.socket.end()
    await story.engine.drain({ emptyAcceptQueue: false, idleMs: 10 })
    expect(story.errors).toEqual([])
  })

  test('a drain that empties the queue takes in those who wait in it', async () => {
    const story = await limited(kind)
    const { waiting } = await full(story)
    const drained = story.engine.drain({ emptyAcceptQueue: true, idleMs: 500 })
    for (const client of waiting) expect(await client.end()).toContain('hello')
    await drained
    expect(story.errors).toEqual([])
  })

  test('connections on their way through the intake count, and those refused or gone make room', async () => {
    const intake = createProxyStep({ mode: 'v1', allowIps: ['127.0.0.1'] })
    const story = await limited(kind, { intake })
    const header = 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n'
    const leaving = [story.open(), story.open(), story.open()]
    for (const client of leaving) client.send('PROXY ')
    await until(() => story.engine.connections === 3)
    const waiting = Array.from({ length: 5 }, () => story.open())
    for (const client of waiting) client.send(header + get('/', 'Connection: close\r\n'))
    // One is refused, one gone; of the third the time will be up.
    leaving[0]?.send('nonsense\r\n')
    leaving[1]?.socket.destroy()
    for (const client of waiting) expect(await client.end()).toContain('hello')
    await until(() => leaving[2]?.ended === true || leaving[2]?.error !== undefined)
    await until(() => story.engine.connections === 0)
    expect(story.asked.length).toBeGreaterThan(0)
    expect(await leaving[0]?.end()).toContain('400 ')
    expect(story.errors).toEqual([])
  })

  test('accepting goes on although the master failed to answer once', async () => {
    const { fd, open } = places[kind]()
    const parent = spawn(process.execPath, ['-e', master], {
      stdio: ['ignore', 'inherit', 'inherit', fd, 'ipc'],
    })
    child = parent
    await once(parent, 'message')
    const told: string[] = []
    let asked = 0
    const made = createEngine(hello, {
      policy: { ...defaultPolicy, workerConnections: 1 },
      onError: (error, where) => told.push(`${error} at ${where}`),
      requestListenerDescriptor: async (index) => {
        asked += 1
        if (asked === 1) throw new Error('busy')
        parent.send(index)
        const [, handle] = await once(parent, 'message')
        return handle as object
      },
    })
    engine = made
    await made.listen([{ fd }], 64)
    for (const client of [open(), open()]) {
      expect(await client.send(get('/', 'Connection: close\r\n')).end()).toContain('hello')
    }
    expect(told).toEqual(['Error: busy at listener 0'])
  })
})

test('listening on what is no socket is refused, and nothing is left open', async () => {
  const made = createEngine(hello, { policy: defaultPolicy, onError: () => undefined })
  const { fd, port } = bind()
  await expect(made.listen([{ fd }, { fd: 9999 }], 64)).rejects.toThrow()
  const client = new Client({ port, host: '127.0.0.1' })
  await until(() => client.error !== undefined)
  expect(client.error).toMatchObject({ code: 'ECONNREFUSED' })
})
