import { describe, expect, test } from 'vitest'
import type { Order } from '../../../src/control/administration.ts'
import { type Answer, execute } from '../../../src/control/execute.ts'
import type { PublicEvent } from '../../../src/control/status.ts'
import { ServerError } from '../../../src/errors.ts'
import { at, FakeAdministration, fakeWorker } from '../../support/fake-administration.ts'
import { logTo } from './support.ts'

const log: string[] = []

const ask = (administration: FakeAdministration, command: string, args?: unknown): Promise<Answer> =>
  execute(
    { administration, by: 'tests', signal: new AbortController().signal, readOnly: false, log: logTo(log) },
    command,
    args,
  )

/** Tells events when the order comes, before it is answered. */
const telling = (...events: readonly PublicEvent[]): FakeAdministration => {
  const administration = new FakeAdministration()
  const { grant } = administration
  administration.grant = (order: Order) => {
    for (const event of events) administration.tell(event)
    return grant(order)
  }
  return administration
}

const reload = (ok: boolean, generation = 2): PublicEvent => ({
  at,
  event: 'reload',
  generation,
  ok,
  message: ok ? null : 'the application does not load',
  detail: ok ? null : 'app.ts:3',
  seconds: 0.5,
})

describe('reload', () => {
  test('without wait is answered when it was judged', async () => {
    const answer = await ask(new FakeAdministration(), 'reload')
    expect(answer).toEqual({ ok: true, data: { generation: 2, postponed: false } })
  })

  test('with wait tells its outcome, also one that was told before the answer', async () => {
    const administration = telling(reload(false, 1), reload(true))
    expect(await ask(administration, 'reload', { wait: 5 })).toMatchObject({
      ok: true,
      data: { generation: 2, outcome: { ok: true, seconds: 0.5 } },
    })
    expect(administration.watchers.size).toBe(0)
  })

  test('that fails says why', async () => {
    expect(await ask(telling(reload(false)), 'reload', { wait: true })).toEqual({
      ok: false,
      error: { code: 'failed', message: 'the application does not load', detail: 'app.ts:3' },
    })
  })

  test('whose time is over is late', async () => {
    const answer = await ask(new FakeAdministration(), 'reload', { wait: 0.1 })
    expect(answer).toMatchObject({ ok: false, error: { code: 'late' } })
  })

  test('ends with the server', async () => {
    const answer = await ask(telling({ at, event: 'mode', state: 'stopping' }), 'reload', { wait: 5 })
    expect(answer).toMatchObject({ ok: false, error: { code: 'failed', message: 'the server is stopping' } })
  })
})

describe('upgrade', () => {
  test('is done when the new master serves', async () => {
    const events = (['starting', 'running'] as const).map((phase) => ({
      at,
      event: 'upgrade' as const,
      phase,
    }))
    expect(await ask(telling(...events), 'upgrade', { wait: 5 })).toMatchObject({ ok: true })
  })

  test('fails with the words of its end', async () => {
    const end = { at, event: 'upgrade', phase: 'none', ok: false, message: 'it ended with status 3' } as const
    expect(await ask(telling(end), 'upgrade', { wait: 5 })).toMatchObject({
      ok: false,
      error: { code: 'failed', message: 'it ended with status 3' },
    })
  })
})

describe('restart', () => {
  const moved = (age: number, to: string): PublicEvent => ({
    at,
    event: 'worker',
    age,
    pid: 1000 + age,
    kind: 'worker',
    generation: 1,
    from: 'ready',
    to,
    reason: null,
  })

  test('is done when each that was there is replaced', async () => {
    const administration = telling(
      moved(1, 'leaving'),
      moved(3, 'ready'),
      moved(1, 'retiring'),
      moved(2, 'retiring'),
    )
    expect(await ask(administration, 'restart', { wait: 5 })).toMatchObject({
      ok: true,
      data: { outcome: { replaced: 2 } },
    })
  })

  test('does not wait for one that boots while it is ordered: that one is new', async () => {
    const administration = telling(moved(1, 'retiring'), moved(2, 'retiring'))
    administration.workers = [fakeWorker(1), fakeWorker(2), fakeWorker(3, { state: 'booting' })]
    expect(await ask(administration, 'restart', { wait: 5 })).toMatchObject({ ok: true })
  })

  test('of one waits for that one', async () => {
    const administration = telling(moved(2, 'retiring'))
    expect(await ask(administration, 'restart', { pid: 1002, wait: 5 })).toMatchObject({ ok: true })
    expect(await ask(telling(moved(1, 'retiring')), 'restart', { pid: 1002, wait: 0.1 })).toMatchObject({
      error: { code: 'late' },
    })
  })

  test('does not wait for who went before anybody watched', async () => {
    const administration = new FakeAdministration()
    const { grant } = administration
    administration.grant = (order) => {
      const granted = grant(order)
      administration.workers = [fakeWorker(7)]
      return granted
    }
    expect(await ask(administration, 'restart', { wait: 5 })).toMatchObject({ ok: true })
  })
})

describe('a command', () => {
  test.each([
    ['statsu', undefined, /'statsu'.*Did you mean 'status'/],
    ['drain', { pdi: 5 }, /no argument 'pdi'.*Did you mean 'pid'/],
    ['drain', {}, /'pid' is missing/],
    ['drain', { pid: 0 }, /'pid' is a process id, not 0/],
    ['drain', { pid: 1.5 }, /not 1.5/],
    ['drain', [1], /'args' is an object/],
    ['scale', {}, /either 'to' or 'by'/],
    ['scale', { to: 2, by: 1 }, /either 'to' or 'by'/],
    ['scale', { by: 0 }, /not 0/],
    ['scale', { to: 1e9 }, /1 to 10000/],
    ['reload', { wait: 1e9 }, /seconds to wait/],
    ['profile', { pid: 5, what: 'disk' }, /'cpu' or 'heap'/],
    ['profile', { pid: 5, what: 'cpu', directory: 'x' }, /absolute path/],
    ['toString', undefined, /no command 'toString'/],
    ['status', { __proto__: null, constructor: 1 }, /no argument 'constructor'/],
  ])('%s %j is answered with what it should be', async (command, args, words) => {
    const administration = new FakeAdministration()
    const answer = await ask(administration, command, args)
    expect(answer).toMatchObject({ ok: false, error: { code: 'usage', message: words } })
    expect(administration.orders).toEqual([])
  })

  test('that the master refuses is refused', async () => {
    const administration = new FakeAdministration()
    administration.grant = () => ({ ok: false, why: 'there is no worker 5' })
    expect(await ask(administration, 'kill', { pid: 5 })).toEqual({
      ok: false,
      error: { code: 'refused', message: 'there is no worker 5' },
    })
  })

  test('that throws an error for users tells it; another is told and logged', async () => {
    const administration = new FakeAdministration()
    administration.profile = () => Promise.reject(new ServerError('TSG_PLATFORM', 'Use memray.'))
    const args = { pid: 5, what: 'heap' }
    expect(await ask(administration, 'profile', args)).toMatchObject({
      error: { code: 'failed', message: 'Use memray. [TSG_PLATFORM]' },
    })
    expect(log).toEqual([])
    administration.profile = () => Promise.reject(new Error('boom'))
    expect(await ask(administration, 'profile', args)).toMatchObject({
      error: { message: 'profile failed: boom' },
    })
    expect(log.splice(0)).toEqual(['error Control socket: profile failed: Error: boom'])
  })
})
