/** A status as a server tells it, for tests of who reads it. It is made up. */
import type { PublicEvent, Status, WorkerStatus } from '../../src/control/status.ts'

export const workerWith = (changes: Partial<WorkerStatus> = {}): WorkerStatus => ({
  age: 1,
  pid: 4301,
  kind: 'worker',
  language: 'javascript',
  state: 'ready',
  reason: null,
  generation: 1,
  uptime: 3725,
  beatAge: 0.2,
  requests: 12_345,
  inFlight: 2,
  connections: 5,
  rate: 120.4,
  p50: 0.0012,
  p95: 0.034,
  cpuSeconds: 12,
  cpu: 0.31,
  rss: 73_400_320,
  pss: null,
  lag: 0.0008,
  lastExit: null,
  ...changes,
})

export const statusWith = (changes: Partial<Status> = {}): Status => ({
  version: 1,
  server: '0.1.0',
  name: 'shop',
  pid: 4300,
  role: 'master',
  state: 'running',
  ready: true,
  alive: true,
  startedAt: '2026-11-01T10:00:00.000Z',
  uptime: 3800,
  generation: 1,
  staging: null,
  upgrade: 'none',
  otherMaster: null,
  listeners: ['http://127.0.0.1:8000'],
  app: 'app.mjs',
  worker_class: 'node',
  config: '/srv/shop/gunicorn.conf.ts',
  target: 2,
  workers: [workerWith(), workerWith({ age: 2, pid: 4302, requests: 99, rate: 3.21 })],
  totals: {
    requests: 12_444,
    inFlight: 4,
    refused: 3,
    lost: 0,
    bytesSent: 5_242_880,
    statuses: { '1xx': 0, '2xx': 12_400, '3xx': 0, '4xx': 40, '5xx': 4 },
    rate: 123.6,
    p50: 0.0012,
    p95: 0.034,
    restarts: {},
    reloads: { ok: 1, failed: 0 },
  },
  lastReload: null,
  lastUpgrade: null,
  lastExit: null,
  ...changes,
})

const at = '2026-11-01T10:00:05.120Z'

/** Events of a reload to generation 2 with one worker. */
export const stagingEvent: PublicEvent = {
  at,
  event: 'staging',
  generation: 2,
  step: 'booting',
  ready: 1,
  wanted: 2,
}
export const workerEvent: PublicEvent = {
  at,
  event: 'worker',
  age: 3,
  pid: 4303,
  kind: 'worker',
  generation: 2,
  from: 'booting',
  to: 'ready',
  reason: null,
}
export const reloadEvent = (
  changes: Partial<Extract<PublicEvent, { event: 'reload' }>> = {},
): PublicEvent => ({
  at,
  event: 'reload',
  generation: 2,
  ok: true,
  message: null,
  detail: null,
  seconds: 1.25,
  ...changes,
})
