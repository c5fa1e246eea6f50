import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Session } from '../../../src/control/execute.ts'
import { replyTo } from '../../../src/control/gunicornc.ts'
import { FakeAdministration, fakeWorker } from '../../support/fake-administration.ts'
import { repository } from '../../support/machine.ts'
import { logTo } from './support.ts'

interface Recorded {
  readonly command: string
  readonly frame: string
  readonly reply: Record<string, unknown>
}

const recorded: readonly Recorded[] = JSON.parse(
  readFileSync(join(repository, 'test/fixtures/gunicornc/recorded.json'), 'utf8'),
)

const session = (administration = new FakeAdministration(), more: Partial<Session> = {}): Session => ({
  administration,
  by: 'tests',
  signal: new AbortController().signal,
  readOnly: false,
  log: logTo([]),
  ...more,
})

const ask = (command: unknown, asked = session()) => replyTo(asked, JSON.stringify({ id: 7, command }))

/** Names and types, not values: what a client can rely on. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (value === null || typeof value !== 'object') return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shapeOf(one)]))
}

/** Settings are told as they are; the fake has few. */
const isPlain = ({ command }: Recorded) => command !== 'show config'

describe('replies have the fields and types of those that Gunicorn 26.2 gave', () => {
  test.each(recorded.filter(isPlain))('$command', async ({ frame, reply }) => {
    const text = Buffer.from(frame, 'hex').subarray(4).toString()
    const ours = await replyTo(session(), text)
    const kill = /kill 1001/.test(text)
    if (reply['status'] === 'error') expect(ours).toEqual(reply)
    else if (kill) expect(ours).toEqual({ id: 1, status: 'ok', data: { success: true, killed: 1001 } })
    else expect(shapeOf(ours)).toEqual(shapeOf(reply))
  })
})

test('show config has the keys of Gunicorn', async () => {
  const theirs = recorded.find(({ command }) => command === 'show config')?.reply['data']
  const ours = (await ask('show config'))?.['data']
  expect(Object.keys(ours ?? {})).toEqual(Object.keys(theirs ?? {}))
})

test('booted is said truthfully, and workers without a process or of another kind are not listed', async () => {
  const administration = new FakeAdministration()
  administration.workers = [
    fakeWorker(4, { state: 'booting', beatAge: null }),
    fakeWorker(3, { kind: 'front' }),
    fakeWorker(5, { state: 'spawning', pid: null }),
    fakeWorker(1, { state: 'aborting' }),
  ]
  const reply = await ask('show workers', session(administration))
  expect(reply?.['data']).toEqual({
    workers: [
      { pid: 1001, age: 1, booted: true, aborted: true, last_heartbeat: 0.46 },
      { pid: 1004, age: 4, booted: false, aborted: false, last_heartbeat: null },
    ],
    count: 2,
  })
})

test('orders are given, and what came of them is told', async () => {
  const administration = new FakeAdministration()
  const asked = session(administration)
  expect((await ask('worker add 2', asked))?.['data']).toEqual({ added: 2, previous: 2, total: 4 })
  expect((await ask('worker remove 9', asked))?.['data']).toEqual({ removed: 3, previous: 4, total: 1 })
  await ask('shutdown quick', asked)
  await ask('reload', asked)
  expect(administration.orders.map(({ order }) => order)).toEqual([
    { do: 'scale', by: 2 },
    { do: 'scale', by: -9 },
    { do: 'stop', how: 'quick' },
    { do: 'reload' },
  ])
  expect(administration.orders[0]?.by).toBe('tests')
})

test('a refusal is an error in words', async () => {
  const administration = new FakeAdministration()
  administration.grant = () => ({ ok: false, why: 'the server is stopping' })
  expect(await ask('reload', session(administration))).toEqual({
    id: 7,
    status: 'error',
    error: 'Command failed: the server is stopping',
  })
  expect((await ask('worker kill 1001', session(administration)))?.['data']).toEqual({
    success: false,
    error: 'the server is stopping',
  })
})

test.each(['reload', 'worker add', 'worker kill 1001', 'shutdown', 'reopen'])(
  "'%s' is refused where no orders are taken",
  async (command) => {
    const administration = new FakeAdministration()
    const reply = await ask(command, session(administration, { readOnly: true }))
    expect(reply?.['error']).toMatch(/read-only/)
    expect(administration.orders).toEqual([])
  },
)

test('quoting is that of a shell', async () => {
  expect((await ask('show "workers"'))?.['status']).toBe('ok')
  expect((await ask('show "workers'))?.['error']).toBe('Invalid argument: No closing quotation')
  expect((await ask('   '))?.['error']).toBe('Empty command')
  expect((await ask(5))?.['error']).toMatch(/Invalid argument/)
  expect((await ask('constructor'))?.['error']).toBe('Invalid argument: Unknown command: constructor')
})

test('arguments may come apart from the command', async () => {
  const reply = await replyTo(session(), JSON.stringify({ id: 1, command: 'show', args: ['stats'] }))
  expect(reply?.['status']).toBe('ok')
})

test.each(['', 'x', '[]', '1', 'null'])("'%s' is no request", async (text) => {
  expect(await replyTo(session(), text)).toBeUndefined()
})
