import { describe, expect, test } from 'vitest'
import { examine, type Facts } from '../../../src/client/doctor/checks.ts'
import { statusWith } from '../../support/fake-status.ts'

const well: Facts = {
  now: Date.parse('2026-11-20'),
  installed: Date.parse('2026-10-01'),
  node: '24.9.0',
  status: statusWith(),
  unreachable: null,
  stale: [],
  worker_connections: 1000,
  backlog: 2048,
  openFiles: 20_000,
  somaxconn: 4096,
  cpus: 2,
  cpuQuota: null,
  memory: null,
  paths: [{ what: 'pidfile', path: '/run/a.pid', problem: null }],
  shared: { path: '/dev/shm', free: 64 * 1024 * 1024 },
  python: { wanted: false, path: null, version: null },
}

/** What is not well, as `state check`. */
const complaints = (changes: Partial<Facts>): readonly string[] =>
  examine({ ...well, ...changes })
    .filter(({ state }) => state !== 'ok')
    .map(({ state, check }) => `${state} ${check}`)

const lastReload = { at: '', generation: 2, ok: false, message: 'threw', detail: null, seconds: 1 }
const killed = { pid: 5, age: 1, at: '', code: null, signal: 'SIGKILL', reason: 'died' }

describe('doctor', () => {
  test('finds nothing where all is well, and says what it saw', () => {
    expect(complaints({})).toEqual([])
    expect(new Set(examine(well).map(({ check }) => check)).size).toBeGreaterThanOrEqual(8)
  })

  test.each<[string, Partial<Facts>, readonly string[]]>([
    ['no server', { status: null }, []],
    ['a server that does not answer', { status: null, unreachable: 'no answer' }, ['problem server']],
    ['no worker that beats', { status: statusWith({ alive: false }) }, ['problem server']],
    ['a server that is not ready', { status: statusWith({ ready: false }) }, ['warning server']],
    ['a failed reload', { status: statusWith({ lastReload }) }, ['warning server']],
    ['an upgrade that nobody ended', { status: statusWith({ upgrade: 'running' }) }, ['warning server']],
    ['a worker that was killed', { status: statusWith({ lastExit: killed }) }, ['warning server']],
    ['sockets left over', { stale: ['/x.ctl'] }, ['warning server']],
    ['a Node at its end', { node: '20.19.0' }, ['warning node']],
    ['a Node that nobody knows yet', { node: '99.0.0' }, []],
    ['too few open files', { openFiles: 1024 }, ['problem open files']],
    ['just enough open files', { openFiles: 1064 }, []],
    ['a short queue of the system', { somaxconn: 128 }, ['warning backlog']],
    ['far too many workers', { status: statusWith({ target: 20 }) }, ['warning processors']],
    ['one worker on two processors', { status: statusWith({ target: 1 }) }, ['warning processors']],
    ['one worker on half a processor', { status: statusWith({ target: 1 }), cpuQuota: 0.5 }, []],
    ['memory at its limit', { memory: { limit: 100, used: 95 } }, ['warning memory']],
    ['memory within its limit', { memory: { limit: 100, used: 50 } }, []],
    [
      'a path that cannot be written',
      { paths: [{ what: 'pidfile', path: '/x', problem: 'EACCES' }] },
      ['problem writable'],
    ],
    ['no shared memory', { shared: { path: '/dev/shm', free: 4096 } }, ['problem shared memory']],
    ['a clock in the past', { now: 0 }, ['problem clock']],
    [
      'a Python application without Python',
      { python: { wanted: true, path: null, version: null } },
      ['problem python'],
    ],
    ['an old Python', { python: { wanted: true, path: '/p', version: '3.8.10' } }, ['problem python']],
    [
      'an old Python that nobody needs',
      { python: { wanted: false, path: '/p', version: '2.7.18' } },
      ['warning python'],
    ],
    ['a Python at its end', { python: { wanted: true, path: '/p', version: '3.9.2' } }, ['warning python']],
    ['a good Python', { python: { wanted: true, path: '/p', version: '3.13.1' } }, []],
  ])('%s', (_, changes, expected) => expect(complaints(changes)).toEqual(expected))

  test('whatever is not well comes with what to do', () => {
    const bad = { openFiles: 10, somaxconn: 1, node: '20.1.0', now: 0, stale: ['/x'] }
    for (const { state, advice } of examine({ ...well, ...bad })) expect(advice === null).toBe(state === 'ok')
  })
})
