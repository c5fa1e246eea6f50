/** Who attacks the bridge between fronts and Python workers: local processes, clients, and signals at the wrong time. */
import { readdirSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Daemon } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { statusField } from '../support/processes.ts'
import { randomOf } from '../support/random.ts'
import { requestText } from '../support/raw-client.ts'
import {
  failureOf,
  frontsOf,
  hasPythons,
  noPython,
  noted,
  pythonLabel,
  pythonsOf,
  startWsgi,
} from '../support/wsgi.ts'

/** Seconds that the live fuzzing takes; a run of its own takes more. */
const fuzzSeconds = Number(process.env['FUZZ_SECONDS'] ?? 3)
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000)

const megabytes = (pid: number): number => Number.parseInt(statusField(pid, 'VmRSS') ?? 'NaN', 10) / 1024

/** Where fronts and workers of this server meet. */
const bridgeOf = (server: Daemon): string => {
  // Beside it is the folder of control sockets, which is the user's.
  const name = readdirSync(server.path('tmp')).find((one) => /^tsgunicorn-(?!\d+$)/.test(one))
  return join(server.path('tmp'), name ?? 'no bridge')
}

const socketsIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.sock'))

/** A connection that reads and forgets; it ends as it likes. */
const visit = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket))
    socket.on('error', reject).on('data', () => undefined)
    socket.once('connect', () => socket.off('error', reject).on('error', () => undefined))
  })

const frame = (type: number, flags: number, index: number, id: number, text: string, body = ''): Buffer => {
  const head = Buffer.alloc(16)
  head.writeUInt32LE(text.length + body.length, 0)
  head[4] = type
  head[5] = flags
  head.writeUInt16LE(index, 6)
  head.writeUInt32LE(id, 8)
  head.writeUInt32LE(text.length, 12)
  return Buffer.concat([head, Buffer.from(text, 'latin1'), Buffer.from(body, 'latin1')])
}

const closed = (socket: Socket): boolean => socket.destroyed || socket.readableEnded

describe.skipIf(noPython !== undefined)(pythonLabel, () => {
  test('the sockets are for nobody else, and those of the dead are gone', async () => {
    const server = await startWsgi({ args: ['--workers', '2', '--preload'] })
    const [pid = 0] = await hasPythons(server, 2)
    const folder = bridgeOf(server)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(socketsIn(folder).length).toBe(3)
    const before = socketsIn(folder)
    process.kill(pid, 'SIGKILL')
    await hasPythons(server, 2, { not: [pid] })
    await eventually(() => socketsIn(folder).length === 3)
    expect(socketsIn(folder)).not.toEqual(before)
    await server.assertClean({ allows: [/SIGKILL/] })
  })

  test('strangers without the token are shown the door, also at the master, and cost nothing', async () => {
    const server = await startWsgi({ args: ['--workers', '1', '--preload'] })
    const pythons = await hasPythons(server, 1)
    const folder = bridgeOf(server)
    const wrong = [
      frame(1, 0, 1, 0, '0'.repeat(32)),
      frame(1, 1, 1, 0, 'f'.repeat(32)),
      frame(1, 0, 1, 0, 'short'),
      frame(3, 0, 1, 1, 'GET\0/'),
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.alloc(1_000_000, 0xff),
      Buffer.from('{"cmd":"NODE_TSGUNICORN","body":{"type":"hello","age":1,"token":"x"}}\n'),
      Buffer.from('\n\n[]\nnull\n'.repeat(3)),
    ]
    for (const name of socketsIn(folder))
      for (const bytes of wrong) {
        const socket = await visit(join(folder, name))
        socket.write(bytes)
        // The master reads lines.
        socket.write('\n')
        await eventually(() => closed(socket), { what: `${name} to close on ${bytes.subarray(0, 40)}` })
      }
    // Who says nothing, and who says a bit of it, is let sit for a while.
    const silent = await Promise.all(socketsIn(folder).map((name) => visit(join(folder, name))))
    for (const socket of silent) socket.write(Buffer.from([33, 0]))
    for (let n = 0; n < 10; n += 1) expect(await server.get()).toBe('hello 1')
    for (const socket of silent) socket.destroy()
    expect(pythonsOf(server)).toEqual(pythons)
    expect(server.log()).not.toMatch(/uncaught|Unhandled|Traceback/)
    await server.assertClean({ allows: [/a connection (without the right token|that did not say HELLO)/] })
  })

  test(`whoever has the token and sends garbage for ${fuzzSeconds} s gets nothing but closed channels`, async () => {
    const { below: whole, chance, pick } = randomOf(seed)
    const server = await startWsgi({ args: ['--workers', '1', '--threads', '3'] })
    const [pid = 0] = await hasPythons(server, 1)
    const token = await server.get('/token')
    expect(token).toMatch(/^[0-9a-f]{32}$/)
    const folder = bridgeOf(server)
    const [name = ''] = socketsIn(folder)
    const shape = ['1', 'SERVER_PROTOCOL', 'HTTP/1.1', ...keys].join('\0')
    const request = ['GET', '/', '/', '', '127.0.0.1', '1'].join('\0')
    const anyFrame = (): Buffer => {
      const type = chance(0.8) ? 1 + whole(10) : whole(256)
      const text = pick([request, shape, '', '\0'.repeat(whole(40)), 'x'.repeat(whole(300))])
      const bytes = frame(type, whole(3), whole(4), whole(6), text, 'y'.repeat(whole(100)))
      // A letter here and there, a length that is not true, or less than all of it.
      if (chance(0.3)) bytes[whole(bytes.length)] = whole(256)
      return chance(0.1) ? bytes.subarray(0, whole(bytes.length)) : bytes
    }
    const end = performance.now() + fuzzSeconds * 1000
    let channels = 0
    while (performance.now() < end) {
      // A worker that is busy with garbage lets its visitors wait.
      const come = () => eventually(() => visit(join(folder, name)), { within: 10_000 })
      const sockets = await Promise.all([0, 1, 2, 3].map(come))
      for (const [at, socket] of sockets.entries()) {
        const good = [
          frame(1, at === 0 ? 1 : 0, 1, 0, token),
          frame(2, 0, 1, 0, shape),
          frame(3, 0, 1, 1, request),
        ]
        const frames = [...good.slice(0, at === 0 ? 1 : 3), ...Array.from({ length: 1 + whole(8) }, anyFrame)]
        socket.write(Buffer.concat(frames))
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
      for (const socket of sockets) socket.destroy()
      channels += sockets.length
    }
    expect(channels).toBeGreaterThan(50)
    await eventually(async () => (await server.get()) === 'hello 1', { what: `an answer, seed ${seed}` })
    for (let n = 0; n < 30; n += 1) expect(await server.get()).toBe('hello 1')
    expect(pythonsOf(server), `seed ${seed}`).toEqual([pid])
    expect(server.log(), `seed ${seed}`).not.toMatch(/Traceback|callback failed|CRITICAL/)
    await server.assertClean({ allows: [/channel|connection|Error handling request/] })
  })

  test(`a worker that sends its fronts garbage for ${fuzzSeconds} s loses channels; the front serves on`, async () => {
    const server = await startWsgi({
      args: ['--workers', '2', '--timeout', '1'],
      env: { FUZZ_SEED: String(seed) },
    })
    const fronts = frontsOf(server)
    const pythons = await hasPythons(server, 2)
    const end = performance.now() + fuzzSeconds * 1000
    const statuses = new Map<number | string, number>()
    let told = 0
    const attack = async (): Promise<void> => {
      // What a frame that never ends has swallowed is told after four seconds: there may be few of the others.
      while (performance.now() < end || told < 16) {
        const answer = server.request('/fuzz/front', { within: 60_000 })
        const status = await answer.then(
          ({ status }) => status,
          () => failureOf(answer),
        )
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        told += 1
      }
    }
    await Promise.all(Array.from({ length: 8 }, attack))
    // What was swallowed by a frame that never ended is not waited for any longer than anything else.
    expect([...statuses.keys()]).not.toContain('timeout')
    await eventually(async () => (await server.get()) === 'hello 1', { what: `an answer, seed ${seed}` })
    await eventually(async () => {
      for (let n = 0; n < 20; n += 1) if ((await server.get()) !== 'hello 1') return false
      return true
    })
    expect(frontsOf(server), `seed ${seed}`).toEqual(fronts)
    expect(pythonsOf(server), `seed ${seed}`).toEqual(pythons)
    expect(server.log(), `seed ${seed}`).not.toMatch(/TypeError|RangeError|uncaught| {4}at /)
    await server.assertClean({ allows: [/channel|died|cannot be sent|Error handling/] })
  })

  test('a front that is killed within frames harms no worker', async () => {
    const server = await startWsgi({ args: ['--workers', '2', '--threads', '3'] })
    const pythons = await hasPythons(server, 2)
    for (let round = 0; round < 3; round += 1) {
      const [front = 0] = frontsOf(server)
      const clients = Array.from({ length: 12 }, (_, at) => {
        const socket = connect(server.port, '127.0.0.1', () =>
          socket.write(requestText(at % 2 ? '/big/generator?200' : '/big/list?200')),
        )
        return socket.on('error', () => undefined).on('data', () => undefined)
      })
      await eventually(() => clients.filter(({ bytesRead }) => bytesRead > 100_000).length > 3)
      process.kill(front, 'SIGKILL')
      await eventually(() => clients.every(closed))
      await eventually(() => frontsOf(server).some((pid) => pid !== front))
      await eventually(async () => (await server.get()) === 'hello 1')
    }
    expect(pythonsOf(server)).toEqual(pythons)
    expect(server.log()).not.toMatch(/Traceback|Error handling/)
    await server.assertClean({ allows: [/SIGKILL/] })
  })

  test('the queue before busy workers is bounded; beyond it clients are told when to come again', async () => {
    const server = await startWsgi({ args: ['--workers', '1', '--backlog', '64'] })
    const [front = 0] = frontsOf(server)
    const before = megabytes(front)
    const answers = await Promise.all(
      Array.from({ length: 400 }, () => server.request('/slow?0.02', { within: 60_000 })),
    )
    const refused = answers.filter(({ status }) => status === 503)
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(64)
    expect(refused.length).toBeGreaterThan(100)
    expect(refused.length + answers.filter(({ status }) => status === 200).length).toBe(400)
    for (const { headers } of refused) expect(headers['retry-after']).toBe('1')
    expect(megabytes(front) - before).toBeLessThan(60)
    expect(await server.get()).toBe('hello 1')
    await server.assertClean()
  })

  test('requests of clients that left the queue are never given to the application', async () => {
    const server = await startWsgi({ args: ['--workers', '1'] })
    const busy = server.request('/slow?1.5')
    await noted(server, /seen \/slow/)
    const clients = Array.from({ length: 100 }, (_, at) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(requestText(`/slow?0&gone=${at}`)))
      return socket.on('error', () => undefined).on('data', () => undefined)
    })
    await eventually(() => clients.every(({ bytesWritten }) => bytesWritten > 0))
    for (const [at, client] of clients.entries()) at % 2 ? client.destroy() : client.resetAndDestroy()
    expect((await busy).status).toBe(200)
    expect(await server.get()).toBe('hello 1')
    expect(server.read('notes.log')).not.toMatch(/gone=/)
    await server.assertClean()
  })

  test('clients that read nothing of large answers owe the front a bounded sum', async () => {
    const server = await startWsgi({ args: ['--workers', '1', '--bind', 'unix:slow.sock'] })
    const [front = 0] = frontsOf(server)
    const before = megabytes(front)
    const clients = Array.from({ length: 250 }, () => {
      const socket = connect(server.path('slow.sock'), () => socket.write(requestText('/big/list?1')))
      return socket.on('error', () => undefined).pause()
    })
    let most = 0
    const end = performance.now() + 3000
    await eventually(
      () => {
        most = Math.max(most, megabytes(front) - before)
        return performance.now() > end
      },
      { within: 5000, every: 50 },
    )
    expect(most).toBeLessThan(150)
    for (const client of clients) client.destroy()
    await eventually(async () => (await server.get()) === 'hello 1', { within: 10_000 })
    await server.assertClean()
  })
})

const keys = ['REQUEST_METHOD', 'RAW_URI', 'PATH_INFO', 'QUERY_STRING', 'REMOTE_ADDR', 'REMOTE_PORT']
