/**
 * A master that there is not: answers like one, remembers its orders, and tells the events that a test wants. For tests
 * of who asks.
 */
import type { Administration, Granted, Order } from '../../src/control/administration.ts'
import type { PublicEvent, Status, WorkerStatus } from '../../src/control/status.ts'

export const fakeWorker = (age: number, more: Partial<WorkerStatus> = {}): WorkerStatus => ({
  age,
  pid: 1000 + age,
  kind: 'worker',
  language: 'javascript',
  state: 'ready',
  reason: null,
  generation: 1,
  uptime: 12.5,
  beatAge: 0.4567,
  requests: 10,
  inFlight: 0,
  connections: 1,
  rate: 1.5,
  p50: 0.001,
  p95: 0.002,
  cpuSeconds: 0.25,
  cpu: 0.01,
  rss: 50_000_000,
  pss: null,
  lag: 0,
  lastExit: null,
  ...more,
})

const fakeStatus = (workers: readonly WorkerStatus[], target: number): Status => ({
  version: 1,
  server: '0.0.0',
  name: 'fake',
  pid: 999,
  role: 'master',
  state: 'running',
  ready: true,
  alive: true,
  startedAt: '2026-01-01T00:00:00.000Z',
  uptime: 3723.456,
  generation: 1,
  staging: null,
  upgrade: 'none',
  otherMaster: null,
  listeners: ['http://127.0.0.1:8000'],
  app: 'app.mjs',
  worker_class: 'node',
  config: null,
  target,
  workers,
  totals: {
    requests: 20,
    inFlight: 0,
    refused: 0,
    lost: 0,
    bytesSent: 1234,
    statuses: { '1xx': 0, '2xx': 20, '3xx': 0, '4xx': 0, '5xx': 0 },
    rate: 3,
    p50: 0.001,
    p95: 0.002,
    restarts: { crash: 1, max_requests: 2 },
    reloads: { ok: 2, failed: 1 },
  },
  lastReload: null,
  lastUpgrade: null,
  lastExit: { pid: 1009, age: 9, at: '2026-01-01T00:00:01.000Z', code: 1, signal: null, reason: 'crash' },
})

export const at = '2026-01-01T00:00:02.000Z'

export class FakeAdministration implements Administration {
  readonly orders: { readonly order: Order; readonly by: string }[] = []
  readonly watchers = new Set<(event: PublicEvent) => void>()
  workers: readonly WorkerStatus[] = [fakeWorker(2), fakeWorker(1)]
  target = 2
  healthy: { alive: boolean; ready: boolean; why: string } = { alive: true, ready: true, why: 'it serves' }
  ending = false
  load = 0
  /** What an order is answered; a function may also tell events. */
  grant: (order: Order) => Granted | Promise<Granted> = (order) => {
    if (order.do === 'restart') return { ok: true, facts: this.#restarted(order.pid) }
    if (order.do !== 'scale')
      return { ok: true, facts: order.do === 'reload' ? { generation: 2, postponed: false } : {} }
    const before = this.target
    this.target = Math.max(1, 'to' in order ? order.to : before + order.by)
    return { ok: true, facts: { before, target: this.target } }
  }
  /** As the judgement has it: those that boot are new, and are not replaced. */
  #restarted(pid: number | undefined) {
    const ready = this.workers.filter(({ state }) => state === 'ready')
    const chosen = ready.filter((worker) => pid === undefined || worker.pid === pid)
    return { pids: chosen.map((worker) => worker.pid), ages: chosen.map(({ age }) => age) }
  }

  metricsText = '# HELP x y\nx 1\n'

  tell(event: PublicEvent): void {
    for (const told of this.watchers) told(event)
  }

  async status(): Promise<Status> {
    return fakeStatus(this.workers, this.target)
  }

  async requests() {
    return [
      {
        worker: 1001,
        front: null,
        method: 'GET',
        path: '/',
        age: 0.1,
        client: '127.0.0.1',
        phase: 'running' as const,
      },
    ]
  }

  async stack(pid: number) {
    return { pid, language: 'javascript' as const, stacks: [{ thread: 'main', text: 'at x' }], note: null }
  }

  async config() {
    return [
      { name: 'bind', value: ['127.0.0.1:8000'], origin: '--bind', isDefault: false },
      { name: 'workers', value: 2, origin: '--workers', isDefault: false },
      { name: 'worker_class', value: 'node', origin: 'default', isDefault: true },
      { name: 'timeout', value: 30, origin: 'default', isDefault: true },
      { name: 'preload_app', value: false, origin: 'default', isDefault: true },
      { name: 'post_fork', value: { function: 'hook' }, origin: 'gunicorn.conf.ts', isDefault: false },
    ]
  }

  async listeners() {
    return [{ name: 'http://127.0.0.1:8000', fd: 17, type: 'tcp' as const, queued: 0 }]
  }

  async generations() {
    return [{ number: 1, state: 'serving' as const, workers: [1001, 1002], config: null }]
  }

  async metrics(): Promise<string> {
    return this.metricsText
  }

  health() {
    return this.healthy
  }

  agent() {
    return { ...this.healthy, ending: this.ending, load: this.load }
  }

  async order(order: Order, by: string): Promise<Granted> {
    this.orders.push({ order, by })
    return this.grant(order)
  }

  async profile({ pid, what }: { pid: number; what: string }) {
    return { file: `/tmp/tsgunicorn-${pid}.${what}profile`, note: null }
  }

  watch(told: (event: PublicEvent) => void): () => void {
    this.watchers.add(told)
    return () => this.watchers.delete(told)
  }
}
