/** Connections between two workers. The one that is blocked is this process, which has the sockets. */
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Member } from '../../../src/arbiter/crew.ts'
import type { Office } from '../../../src/arbiter/office.ts'
import { Salvage } from '../../../src/arbiter/salvage.ts'
import type { Ask } from '../../../src/system/stack.ts'
import { until } from '../http/harness.ts'
import { Story } from './story.ts'

interface Told {
  readonly to: number
  readonly id: number
  readonly handle: { close(): void }
}

/** A crew whose members say nothing by themselves, and what they were told. */
class Fixture {
  readonly told: Told[] = []
  readonly lines: string[] = []
  readonly sockets = new Map<number, Socket>()
  readonly story = new Story({ workers: 3 }).serve()
  readonly salvage: Salvage
  readonly members: readonly Member[]

  constructor() {
    const cfg = { proxy_protocol: 'off', sni_certs: {} }
    this.members = [1, 2, 3, 4].map((age) => {
      const tell = ({ id }: { id: number }, handle: Told['handle']) => this.told.push({ to: age, id, handle })
      const child = { pid: process.pid, tell }
      return { age, role: 'worker', language: 'javascript', listeners: [], cfg, child } as unknown as Member
    })
    const write = (message: string) => this.lines.push(message)
    const crew = {
      all: () => this.members,
      get: (age: number) => this.members.find((member) => member.age === age),
    }
    const office = { log: { info: write, warning: write, debug: write }, crew, state: () => this.story.state }
    this.salvage = new Salvage(() => office as unknown as Office)
  }

  /** Connections of the worker that is blocked. Gives their clients. */
  async accept(count: number): Promise<Socket[]> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const clients: Socket[] = []
    for (let index = 0; index < count; index += 1) {
      const accepted = once(server, 'connection')
      const client = connect((server.address() as { port: number }).port, '127.0.0.1')
      client.on('error', () => undefined)
      const [[socket]] = (await Promise.all([accepted, once(client, 'connect')])) as [[Socket], unknown]
      this.sockets.set((Reflect.get(socket, '_handle') as { fd: number }).fd, socket)
      onTestFinished(() => [client, socket].forEach((one) => void one.destroy()))
      clients.push(client)
    }
    server.close()
    return clients
  }

  /** As worker/hang.ts answers; `keeping`: it lets go of none. */
  readonly ask =
    (keeping: boolean): Ask =>
    async (expression) => {
      if (expression.includes('resting')) return { value: [...this.sockets.keys(), 9999, 'no', -1] }
      if (keeping) return { threw: 'Script execution was interrupted' }
      const fds = JSON.parse(/\((\[.*\])\)$/.exec(expression)?.[1] ?? '[]') as number[]
      return { value: fds.filter((fd) => this.sockets.get(fd)?.destroy()) }
    }

  take(keeping = false): Promise<void> {
    const [blocked] = this.members
    if (!blocked) throw new Error('there is one')
    this.story.tell({ type: 'overdue', age: 1, alone: true })
    return this.salvage.take(blocked, this.ask(keeping))
  }

  /** Whoever was told last answers. */
  answer(taken: boolean, which = this.told.at(-1)): void {
    if (which) this.salvage.adopted(which.to, { type: 'adopted', id: which.id, taken })
  }
}

const openSockets = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      // The descriptor that the folder was read by.
      return false
    }
  }).length

describe.runIf(process.platform === 'linux')('connections of a blocked worker', () => {
  let fixture: Fixture
  beforeEach(() => {
    fixture = new Fixture()
  })
  afterEach(() => vi.useRealTimers())

  test('go to those that are ready, one at a time for each, until all are somewhere', async () => {
    const clients = await fixture.accept(4)
    await fixture.take()
    expect(fixture.told.map(({ to }) => to)).toEqual([2, 3])
    const before = openSockets()
    for (const told of fixture.told.slice()) fixture.answer(true, told)
    expect(fixture.told.map(({ to }) => to)).toEqual([2, 3, 2, 3])
    expect(fixture.lines).toEqual([])
    for (const told of fixture.told.slice(2)) fixture.answer(true, told)
    expect(fixture.lines).toEqual([
      `Worker (pid:${process.pid}) was blocked; 4 of its idle connections were handed to other workers`,
    ])
    await until(() => openSockets() <= before - 4)
    // What the others have of them is closed here, too: nobody else was sent a copy.
    await until(() => clients.every(({ readyState }) => readyState !== 'open'))
  })

  test('are whole: who gets one can serve its client', async () => {
    const [client] = await fixture.accept(1)
    await fixture.take()
    expect(fixture.sockets.values().next().value?.destroyed).toBe(true)
    const { Socket: Adopted } = await import('node:net')
    const socket = new Adopted({ handle: fixture.told[0]?.handle } as never)
    onTestFinished(() => void socket.destroy())
    const heard = client && once(client, 'data')
    socket.write('hello')
    expect(String(await heard)).toBe('hello')
  })

  test('are tried elsewhere when a worker has no place, and there again a moment later', async () => {
    await fixture.accept(1)
    await fixture.take()
    fixture.answer(false)
    expect(fixture.told.map(({ to }) => to)).toEqual([2, 3])
    fixture.answer(false)
    await until(() => fixture.told.length === 3)
    fixture.answer(true)
    expect(fixture.lines).toHaveLength(1)
  })

  test('are lost with a worker that ends before it has said that it has one; it and nobody else can say so', async () => {
    const [client] = await fixture.accept(1)
    await fixture.take()
    fixture.salvage.adopted(3, { type: 'adopted', id: 1, taken: true })
    fixture.salvage.adopted(2, { type: 'adopted', id: 7, taken: true })
    expect(fixture.lines).toEqual([])
    fixture.salvage.ended(2)
    expect(fixture.lines).toEqual([expect.stringMatching(/1 of its idle connections were closed/)])
    await until(() => client?.readyState !== 'open')
  })

  test('wait for a worker that gets ready', async () => {
    fixture.story
      .tell({ type: 'overdue', age: 2, alone: true })
      .tell({ type: 'overdue', age: 3, alone: true })
    await fixture.accept(1)
    await fixture.take()
    expect(fixture.told).toEqual([])
    fixture.story.spawn().ready(4)
    fixture.salvage.judged()
    expect(fixture.told.map(({ to }) => to)).toEqual([4])
  })

  test('do not wait for ever, nor for a master that ends', async () => {
    for (const end of ['time', 'stop']) {
      const told = new Fixture()
      told.story.tell({ type: 'overdue', age: 2, alone: true }).tell({ type: 'overdue', age: 3, alone: true })
      const [client] = await told.accept(1)
      vi.useFakeTimers()
      await told.take()
      if (end === 'time') vi.advanceTimersByTime(30_000)
      else {
        told.story.signal('SIGTERM')
        told.salvage.judged()
      }
      vi.useRealTimers()
      await until(() => client?.readyState !== 'open')
      expect(told.lines).toHaveLength(end === 'time' ? 1 : 0)
    }
  })

  test('stay with it, and are not copied, when it does not say that it has let go of them', async () => {
    const [client] = await fixture.accept(1)
    const before = openSockets()
    await fixture.take(true)
    await until(() => openSockets() === before)
    expect([fixture.told, fixture.lines, client?.readyState]).toEqual([[], [], 'open'])
  })
})
