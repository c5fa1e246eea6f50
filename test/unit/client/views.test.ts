import { describe, expect, test } from 'vitest'
import { valueWords } from '../../../src/client/actions/config.ts'
import { stackLines } from '../../../src/client/actions/facts.ts'
import { clockWords, eventWords } from '../../../src/client/event-words.ts'
import { logTargets } from '../../../src/client/logs/targets.ts'
import { versioned } from '../../../src/client/session.ts'
import { summaryLines } from '../../../src/client/summary.ts'
import { renderTable } from '../../../src/client/table.ts'
import { widthOf } from '../../../src/client/text.ts'
import { workerColumns } from '../../../src/client/workers.ts'
import { paintWith } from '../../../src/client/world.ts'
import type { PublicEvent } from '../../../src/control/status.ts'
import { reloadEvent, stagingEvent, statusWith, workerEvent, workerWith } from '../../support/fake-status.ts'

const plain = { width: Number.POSITIVE_INFINITY, paint: paintWith(false) }
const now = Date.parse('2026-11-01T10:01:00.000Z')
const summary = (changes = {}, width = Number.POSITIVE_INFINITY) =>
  summaryLines(statusWith(changes), { ...plain, width, now })

describe('the head of status', () => {
  test('says what it is, how it is, and what it did', () => {
    expect(summary()).toEqual([
      'shop  running  up 1h 3m  pid 4300  tsgunicorn 0.1.0',
      'app       app.mjs (node)',
      'config    /srv/shop/gunicorn.conf.ts',
      'listens   http://127.0.0.1:8000',
      'workers   2 of 2 ready, generation 1',
      'requests  12,444, 4 in flight, 2xx 12,400, 4xx 40, 5xx 4, 3 refused, 5 MB sent',
      'latency   124 requests/s, p50 1.2 ms, p95 34 ms',
    ])
  })

  test('a failed reload is told with its reason', () => {
    const lastReload = {
      at: '2026-11-01T10:00:48.000Z',
      generation: 2,
      ok: false,
      message: 'app.mjs threw',
      detail: null,
      seconds: 0.5,
    }
    expect(summary({ lastReload }).at(-1)).toBe('reload    failed: generation 2, 12s ago: app.mjs threw')
  })

  test('what is not well stands in the first line', () => {
    expect(summary({ alive: false, ready: false })[0]).toMatch(/^shop {2}running, no worker beats/)
    expect(summary({ ready: false, state: 'starting' })[0]).toMatch(/^shop {2}starting, not ready/)
    expect(summary({ role: 'challenger' })[0]).toMatch(/^shop {2}new master, running/)
  })

  test('an upgrade, a staging, fronts and an end are told when there are any', () => {
    const front = workerWith({ age: 9, kind: 'front' })
    const text = summary({
      upgrade: 'running',
      otherMaster: 77,
      staging: { generation: 2, step: 'booting' },
      workers: [workerWith(), front],
      lastExit: {
        pid: 5,
        age: 1,
        at: '2026-11-01T10:00:48.000Z',
        code: null,
        signal: 'SIGKILL',
        reason: 'timeout',
      },
    }).join('\n')
    expect(text).toMatch(/workers {3}1 of 2 ready, 1 front, generation 1, generation 2 is booting/)
    expect(text).toMatch(/upgrade {3}running, the other master is pid 77/)
    expect(text).toMatch(/last exit worker 1 \(pid 5\), 12s ago: timeout, SIGKILL/)
  })

  test('no line is wider than the terminal', () => {
    for (const line of summary({}, 40)) expect(widthOf(line)).toBeLessThanOrEqual(40)
  })
})

describe('the table of workers', () => {
  test('on 80 columns it keeps who, state, load and memory', () => {
    const [titles = '', row = ''] = renderTable(workerColumns, [workerWith()], { ...plain, width: 80 })
    expect(titles).toMatch(/WORKER +PID +STATE .*REQ\/S .*CPU +RSS/)
    expect(titles).not.toMatch(/LAST EXIT|LAG/)
    expect(widthOf(row)).toBeLessThanOrEqual(80)
  })

  test('CPU is since the last look, and over the life at the first', () => {
    const cpu = workerColumns.find(({ name }) => name === 'cpu')
    expect(cpu?.text(workerWith({ cpu: 0.5 }))).toBe('50 %')
    expect(cpu?.text(workerWith({ cpu: null, cpuSeconds: 10, uptime: 100 }))).toBe('10 %')
    expect(cpu?.text(workerWith({ cpu: null, cpuSeconds: null }))).toBe('-')
  })
})

describe('events in words', () => {
  const at = '2026-11-01T10:00:05.120Z'
  test.each<[PublicEvent, string]>([
    [workerEvent, 'worker 3 (pid 4303) of generation 2 is ready'],
    [stagingEvent, 'generation 2 is booting: 1 of 2 ready'],
    [{ ...stagingEvent, step: 'opening', ready: 0 } as PublicEvent, 'generation 2 is opening'],
    [reloadEvent(), 'generation 2 serves, after 1.3 s'],
    [reloadEvent({ ok: false, message: 'threw' }), 'generation 2 failed after 1.3 s: threw'],
    [
      { at, event: 'exit', pid: 7, age: 1, code: null, signal: 'SIGKILL', reason: 'timeout' },
      'worker 1 (pid 7) ended with SIGKILL: timeout',
    ],
    [{ at, event: 'target', now: 4, before: 2 }, '4 workers are wanted, 2 before'],
    [{ at, event: 'upgrade', phase: 'starting' }, 'upgrade: starting'],
    [{ at, event: 'upgrade', phase: 'none', ok: false, message: 'died' }, 'upgrade failed: died'],
    [{ at, event: 'order', order: 'scale', by: 'pid 3, user root' }, 'scale, ordered by pid 3, user root'],
    [{ at, event: 'log', level: 'info', message: 'a\x1bb' }, '[info] a\\x1bb'],
  ])('%o', (event, words) => expect(eventWords(event)).toBe(words))

  test('one of a newer server is told by its name', () => {
    expect(eventWords({ at, event: 'moon' } as unknown as PublicEvent)).toBe('moon')
    expect(clockWords('nonsense')).toBe('??:??:??')
  })
})

describe('the rest', () => {
  test('JSON has its version, and lists have the name of their command', () => {
    expect(versioned('requests', [])).toEqual({ version: 1, requests: [] })
    expect(versioned('metrics', 'x 1')).toEqual({ version: 1, metrics: 'x 1' })
    expect(versioned('scale', { target: 4 })).toEqual({ version: 1, target: 4 })
    expect(versioned('reopen', null)).toEqual({ version: 1 })
  })

  test('stacks stand under their threads, and a note where there are none', () => {
    const stacks = [{ thread: 'MainThread', text: 'File "app.py"\n' }]
    expect(stackLines({ pid: 7, language: 'python', stacks, note: null })).toEqual([
      'Python, pid 7',
      '',
      'MainThread:',
      'File "app.py"',
    ])
    expect(stackLines({ pid: 7, language: 'javascript', stacks: [], note: 'busy' })).toEqual([
      'JavaScript, pid 7',
      '',
      'busy',
    ])
  })

  test('values of settings are JSON, functions their names', () => {
    expect([
      valueWords('a'),
      valueWords(['b']),
      valueWords({ function: 'on_starting' }),
      valueWords(null),
    ]).toEqual(['"a"', '["b"]', '[function on_starting]', 'null'])
  })

  test('logs: files are absolute, streams and nothing are explained', () => {
    const fact = (name: string, value: unknown) => ({ name, value, origin: '', isDefault: false })
    expect(logTargets([fact('errorlog', 'e.log'), fact('accesslog', '/a.log')], '/srv')).toEqual({
      files: ['/srv/e.log', '/a.log'],
      notes: [],
    })
    expect(logTargets([fact('errorlog', '/a.log'), fact('accesslog', '/a.log')], null).files).toEqual([
      '/a.log',
    ])
    expect(logTargets([fact('errorlog', 'e.log')], null).files).toEqual([])
    const { files, notes } = logTargets([fact('errorlog', '-'), fact('accesslog', null)], '/srv')
    expect(files).toEqual([])
    expect(notes).toEqual([
      expect.stringMatching(/standard error.*journalctl/),
      'accesslog: nothing is logged.',
    ])
  })
})
