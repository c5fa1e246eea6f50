import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/http/engine.ts'
import { createEngine } from '../../../src/http/node/engine.ts'
import { defaultPolicy } from '../../../src/http/policy.ts'
import { bind, Client, get, hello } from './harness.ts'

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

describe.each(['tcp', 'unix'] as const)('worker_connections on %s', (kind) => {
  test('really stops accepting at the limit, and goes on below it: nobody is refused or reset', async () => {
    const { fd, open } = places[kind]()
    const parent = spawn(process.execPath, ['-e', master], {
      stdio: ['ignore', 'inherit', 'inherit', fd, 'ipc'],
    })
    child = parent
    await once(parent, 'message')
    let asked = 0
    const errors: unknown[] = []
    const limited = createEngine(hello, {
      policy: { ...defaultPolicy, workerConnections: 3, keepAliveMs: 60_000 },
      onError: (error) => errors.push(error),
      requestListenerDescriptor: async (index) => {
        asked += 1
        parent.send(index)
        const [, handle] = await once(parent, 'message')
        return handle as object
      },
    })
    engine = limited
    await limited.listen([{ fd }], 64)
    const clients = [open(), open(), open()]
    for (const client of clients) await client.send(get()).has('hello')
    expect(limited.connections).toBe(3)
    const waiting = Array.from({ length: 5 }, () => open().send(get('/', 'Connection: close\r\n')))
    // A full round through the engine: had it accepted anyone, that one would have been served by now.
    for (const client of clients) await client.send(get()).has('hello', 2)
    expect(waiting.map(({ text }) => text)).toEqual(['', '', '', '', ''])
    expect(limited.connections).toBe(3)
    clients[0]?.socket.end()
    for (const client of waiting) expect(await client.end()).toContain('hello')
    expect(asked).toBeGreaterThan(0)
    expect(errors).toEqual([])
    for (const client of clients) client.socket.end()
    await limited.drain({ emptyAcceptQueue: false, idleMs: 10 })
  })
})
