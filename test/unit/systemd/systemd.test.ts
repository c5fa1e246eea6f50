import { spawnSync } from 'node:child_process'
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type DatagramSocket, type Sending, whyNoDatagrams } from '../../../src/system/libc.ts'
import { FdStore, storedAddress, storedName, unknownDescriptor } from '../../../src/systemd/fd-store.ts'
import { isJournal, withPriority } from '../../../src/systemd/journal.ts'
import { listenFds } from '../../../src/systemd/listen-fds.ts'
import { createNotifier } from '../../../src/systemd/notify.ts'
import { noPython } from '../../support/apps.ts'
import { datagramServer } from '../../support/datagrams.ts'

const temporary = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tsg-notify-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test.each([
  [
    'ours',
    { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:adm' },
    [
      { fd: 3, name: 'web' },
      { fd: 4, name: 'adm' },
    ],
  ],
  ['without names', { LISTEN_PID: '7', LISTEN_FDS: '1' }, [{ fd: 3, name: 'unknown' }]],
  ["another process's", { LISTEN_PID: '8', LISTEN_FDS: '2' }, []],
  ['nonsense', { LISTEN_PID: '7', LISTEN_FDS: '-1' }, []],
  ['none', {}, []],
])('descriptors that are %s', (_, env, fds) => {
  expect(listenFds(env, 7)).toEqual(fds)
})

const hasHelper = spawnSync('sh', ['-c', 'command -v systemd-notify']).status === 0

describe('sd_notify', () => {
  const ways: [string, boolean, (() => undefined) | undefined][] = [
    ['by datagrams', whyNoDatagrams() === undefined, undefined],
    ['by systemd-notify', hasHelper, () => undefined],
  ]
  for (const [way, canBe, openSocket] of ways) {
    test.runIf(canBe && !noPython)(`what is said arrives, in order (${way})`, async () => {
      const socket = join(temporary(), 's')
      const manager = await datagramServer(socket)
      const warnings: string[] = []
      const notifier = createNotifier({
        env: { ...process.env, NOTIFY_SOCKET: socket },
        warn: (w) => warnings.push(w),
        ...(openSocket ? { openSocket } : {}),
      })
      notifier.reloading(2500)
      notifier.ready('2 workers\nready', 12)
      notifier.status('as before')
      notifier.mainPid(12)
      notifier.alive('well')
      notifier.extend(1.5)
      notifier.stopping()
      await notifier.settled()
      expect(warnings).toEqual([])
      await expect.poll(() => manager.got.length).toBe(7)
      expect(manager.got.map(({ text }) => text.trimEnd())).toEqual([
        expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+\nEXTEND_TIMEOUT_USEC=2500000$/),
        'READY=1\nMAINPID=12\nSTATUS=2 workers ready',
        'STATUS=as before',
        'MAINPID=12',
        'WATCHDOG=1\nSTATUS=well',
        'EXTEND_TIMEOUT_USEC=1500',
        'STOPPING=1',
      ])
      if (openSocket === undefined)
        expect(new Set(manager.got.map(({ pid }) => pid))).toEqual(new Set([process.pid]))
    })
  }

  test.each([
    ['by datagrams', undefined],
    ['by systemd-notify', () => undefined],
  ])(
    'a socket that nobody reads, or a program that is missing, is one warning (%s)',
    async (_, openSocket) => {
      const warnings: string[] = []
      const notifier = createNotifier({
        env: { NOTIFY_SOCKET: '/no/such', PATH: '/no/such' },
        warn: (w) => warnings.push(w),
        ...(openSocket ? { openSocket } : {}),
      })
      notifier.ready()
      notifier.status('x')
      await notifier.settled()
      expect(warnings).toEqual([expect.stringContaining('systemd is not notified (READY=1)')])
    },
  )

  test('messages wait in order while the socket is full, and the end waits for them', async () => {
    const outcomes: Sending[] = ['full', 'full', 'sent', 'full', 'sent']
    const sent: string[] = []
    const socket: DatagramSocket = {
      send: (_, bytes) => {
        const outcome = outcomes.shift() ?? 'sent'
        if (outcome === 'sent') sent.push(String(bytes))
        return outcome
      },
      close: () => undefined,
    }
    const notifier = createNotifier({
      env: { NOTIFY_SOCKET: '/x' },
      warn: (w) => expect.unreachable(w),
      openSocket: () => socket,
    })
    notifier.ready()
    notifier.status('a')
    notifier.stopping()
    await notifier.settled()
    expect(sent).toEqual(['READY=1', 'STATUS=a', 'STOPPING=1'])
  })

  test('without systemd nothing is run, and nothing is stored', async () => {
    const notifier = createNotifier({ env: { PATH: '/no/such' }, warn: (w) => expect.unreachable(w) })
    expect(notifier.isHeard).toBe(false)
    expect(notifier.canStore()).toBe(false)
    notifier.ready()
    await notifier.settled()
  })

  test('the watchdog is told twice in its time, by the process it is for', () => {
    const of = (env: NodeJS.ProcessEnv) => createNotifier({ env, pid: 7, warn: () => undefined }).watchdogMs
    expect(of({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' })).toBe(15_000)
    expect(of({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' })).toBeUndefined()
    expect(of({ WATCHDOG_USEC: '30000000' })).toBe(15_000)
    expect(of({})).toBeUndefined()
  })

  test.each<[string, NodeJS.ProcessEnv, boolean]>([
    ['a systemd before 254, that does not say', {}, true],
    ['a newer one that stores', { FDSTORE: '16', MEMORY_PRESSURE_WATCH: '/x' }, true],
    ['a newer one that does not', { MEMORY_PRESSURE_WATCH: '/x' }, false],
  ])('descriptors and %s', (_, env, can) => {
    const socket: DatagramSocket = { send: () => 'sent', close: () => undefined }
    const by = (openSocket: () => DatagramSocket | undefined) =>
      createNotifier({ env: { NOTIFY_SOCKET: '/x', ...env }, warn: () => undefined, openSocket }).canStore()
    expect(by(() => socket)).toBe(can)
    expect(by(() => undefined)).toBe(false)
  })
})

describe('the store of descriptors', () => {
  test('a name has the address in it, in letters that systemd allows, and gives it back', () => {
    expect(storedName('127.0.0.1:8000')).toBe('tsgunicorn-kept-127.0.0.1_3A8000')
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }), (address) => {
        const name = storedName(address)
        if (name === undefined) return
        expect(name).toMatch(/^[A-Za-z0-9._/-]{1,255}$/)
        expect(storedAddress(name)).toBe(address)
      }),
    )
  })

  test('names of others are no addresses, and an address too long has no name', () => {
    for (const name of [
      'unknown',
      'tsgunicorn.socket',
      'tsgunicorn-kept-',
      'tsgunicorn-kept-a_3',
      'tsgunicorn-kept-a:b',
    ])
      expect(storedAddress(name)).toBeUndefined()
    expect(storedName(`unix:${'_'.repeat(100)}`)).toBeUndefined()
  })

  const recorded = (kept: readonly [string, number][] = [], can = true) => {
    const said: string[] = []
    const store = new FdStore(
      {
        canStore: () => can,
        store: (name, fd) => void said.push(`store ${storedAddress(name)} ${fd}`),
        forget: (name) => void said.push(`forget ${storedAddress(name)}`),
      },
      new Map(kept.map(([address, fd]) => [storedName(address) ?? '', fd])),
    )
    return { store, said }
  }

  test('what is new is stored, what is gone is forgotten, what stays is left alone', () => {
    const { store, said } = recorded()
    store.keep([
      { address: 'a:1', fd: 20 },
      { address: 'b:2', fd: 21 },
    ])
    store.keep([
      { address: 'b:2', fd: 21 },
      { address: 'c:3', fd: 22 },
    ])
    store.release()
    store.release()
    expect(said).toEqual([
      'store a:1 20',
      'store b:2 21',
      'forget a:1',
      'store c:3 22',
      'forget b:2',
      'forget c:3',
    ])
  })

  test('what came from the store is in it, unless another socket has the address now', () => {
    const { store, said } = recorded([
      ['a:1', 3],
      ['b:2', unknownDescriptor],
      ['c:3', 5],
    ])
    store.keep([
      { address: 'a:1', fd: 3 },
      { address: 'b:2', fd: 20 },
    ])
    expect(said).toEqual(['forget b:2', 'forget c:3', 'store b:2 20'])
  })

  test('where nothing is stored nothing is said', () => {
    const { store, said } = recorded([], false)
    store.keep([{ address: 'a:1', fd: 3 }])
    store.release()
    expect(said).toEqual([])
  })
})

describe('the journal', () => {
  test('is where JOURNAL_STREAM says that a descriptor leads, and nowhere else', () => {
    const path = join(temporary(), 'stream')
    const fd = openSync(path, 'w')
    onTestFinished(() => closeSync(fd))
    const { dev, ino } = fstatSync(fd)
    expect(isJournal(fd, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(true)
    expect(isJournal(fd, { JOURNAL_STREAM: `${dev}:${ino + 1}` })).toBe(false)
    expect(isJournal(fd, { JOURNAL_STREAM: '' })).toBe(false)
    expect(isJournal(fd, {})).toBe(false)
    expect(isJournal(99_999, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(false)
  })

  test('each line has its priority', () => {
    expect(withPriority(3, 'it failed\n  why\n  where\n')).toBe('<3>it failed\n<3>  why\n<3>  where\n')
  })
})
