/**
 * What administration tells, as plain data: the documented, versioned shapes behind `--json`, the HTTP resources and the
 * metrics. Types only. Times are seconds unless a name says otherwise, moments are ISO 8601, sizes bytes; what is not
 * known is null.
 */

/** Grows when a field changes its meaning or goes; new fields may come without. */
export const shapeVersion = 1

export interface Status {
  readonly version: typeof shapeVersion
  /** The server's own version. */
  readonly server: string
  readonly name: string
  readonly pid: number
  readonly role: 'master' | 'challenger'
  readonly state: 'starting' | 'running' | 'lame-duck' | 'stopping'
  /** A generation serves and no end was asked for: what /readyz says. */
  readonly ready: boolean
  /** At least one worker has beaten within its `timeout`: what /livez says. */
  readonly alive: boolean
  readonly startedAt: string
  readonly uptime: number
  readonly generation: number | null
  /** The generation that is on its way, and how far it is. */
  readonly staging: { readonly generation: number; readonly step: string } | null
  readonly upgrade: 'none' | 'starting' | 'running'
  /** The other master of an upgrade. */
  readonly otherMaster: number | null
  readonly listeners: readonly string[]
  readonly app: string
  readonly worker_class: string
  readonly config: string | null
  readonly target: number
  readonly workers: readonly WorkerStatus[]
  readonly totals: Totals
  /** The last reload or upgrade that is over. */
  readonly lastReload: ReloadOutcome | null
  readonly lastUpgrade: UpgradeOutcome | null
  /** The last worker that ended. */
  readonly lastExit: ExitFact | null
}

export interface WorkerStatus {
  readonly age: number
  readonly pid: number | null
  readonly kind: 'worker' | 'front'
  readonly language: 'javascript' | 'python'
  /** The phases of arbiter/state.ts: spawning, booting, ready, leaving, retiring, dismissed, capturing, aborting, quitting, killed. */
  readonly state: string
  /** Why it is leaving or was killed. */
  readonly reason: string | null
  readonly generation: number
  readonly uptime: number | null
  /** Since the last beat. */
  readonly beatAge: number | null
  readonly requests: number
  readonly inFlight: number | null
  readonly connections: number | null
  readonly rate: number | null
  readonly p50: number | null
  readonly p95: number | null
  /** Processor time since its start, and the share of one processor since the last look (null at the first). */
  readonly cpuSeconds: number | null
  readonly cpu: number | null
  readonly rss: number | null
  readonly pss: number | null
  readonly lag: number | null
  readonly lastExit: ExitFact | null
}

export interface Totals {
  readonly requests: number
  readonly inFlight: number
  readonly refused: number
  readonly lost: number
  readonly bytesSent: number
  readonly statuses: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>
  readonly rate: number
  readonly p50: number
  readonly p95: number
  readonly restarts: Readonly<Record<string, number>>
  readonly reloads: Readonly<Record<'ok' | 'failed', number>>
}

export interface ExitFact {
  readonly pid: number
  readonly age: number
  readonly at: string
  readonly code: number | null
  readonly signal: string | null
  /** A word of `restartReasons` (metrics/own-counters.ts). */
  readonly reason: string
}

export interface ReloadOutcome {
  readonly at: string
  readonly generation: number
  readonly ok: boolean
  readonly message: string | null
  readonly detail: string | null
  readonly seconds: number
}

export interface UpgradeOutcome {
  readonly at: string
  readonly ok: boolean
  readonly message: string | null
}

/** A request in somebody's hands. `worker`: the pid of who runs it; null while it waits for one. */
export interface RequestFact {
  readonly worker: number | null
  readonly front: number | null
  readonly method: string
  /** The target as it was sent, cut at 1,000 letters. */
  readonly path: string
  readonly age: number
  readonly client: string
  readonly phase: 'waiting' | 'running' | 'responding'
}

export interface StackFact {
  readonly pid: number
  readonly language: 'javascript' | 'python'
  /** One for each thread of Python; Node has one. Text as the language prints stacks. */
  readonly stacks: readonly { readonly thread: string; readonly text: string }[]
  /** Set when there is none: why. */
  readonly note: string | null
}

export interface GenerationFact {
  readonly number: number
  readonly state: 'staging' | 'serving' | 'retiring'
  readonly workers: readonly number[]
  readonly config: string | null
}

export interface ListenerFact {
  readonly name: string
  readonly fd: number
  readonly type: 'tcp' | 'tcp6' | 'unix'
  /** Connections that wait to be accepted; null where the system does not tell. */
  readonly queued: number | null
}

export interface ConfigFact {
  readonly name: string
  /** JSON; functions as `{ "function": "name" }`. */
  readonly value: unknown
  /** As --print-config says it: `default`, `gunicorn.conf.ts`, `--workers`, ... */
  readonly origin: string
  readonly isDefault: boolean
}

/** What happens, told as it happens. `at` is ISO 8601. */
export type PublicEvent = { readonly at: string } & (
  | {
      readonly event: 'worker'
      readonly age: number
      readonly pid: number | null
      readonly kind: 'worker' | 'front'
      readonly generation: number
      readonly from: string | null
      readonly to: string
      readonly reason: string | null
    }
  | ({ readonly event: 'exit' } & ExitFact)
  | {
      readonly event: 'staging'
      readonly generation: number
      readonly step: string
      readonly ready: number
      readonly wanted: number
    }
  | ({ readonly event: 'reload' } & ReloadOutcome)
  | { readonly event: 'target'; readonly now: number; readonly before: number }
  | { readonly event: 'mode'; readonly state: Status['state'] }
  | ({ readonly event: 'upgrade'; readonly phase: 'none' | 'starting' | 'running' } & Partial<UpgradeOutcome>)
  | { readonly event: 'log'; readonly level: string; readonly message: string }
  | { readonly event: 'order'; readonly order: string; readonly by: string }
)
