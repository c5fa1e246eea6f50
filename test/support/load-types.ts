/** What the load generator's process and the test say to one another. Types only. */
import type { Target } from './raw-client.ts'

export interface LoadPlan {
  readonly target: Target
  /** `fresh`: a connection for each request. `keepalive`: `connections` clients, each holding one while it may. */
  readonly mode: 'fresh' | 'keepalive'
  /** How many requests may be under way at once (in `keepalive` mode the number of clients). */
  readonly connections: number
  /** Requests a second, all clients together; without it each client asks again as soon as it is answered. */
  readonly rate?: number
  readonly path: string
  /** What is sent first on every connection, as a balancer does that speaks the PROXY protocol. */
  readonly greeting?: string
  /** What a good answer's body contains. */
  readonly expectBody: string
  /** Milliseconds after which an unanswered request is a failure. */
  readonly timeout: number
}

export interface LoadFailure {
  /** `refused`, `reset`, `closed`, `truncated`, `timeout`, `status 500`, `body`, ... */
  readonly kind: string
  /** When it was begun: wall-clock milliseconds, so that other processes know what had happened by then. */
  readonly asked: number
  /** Milliseconds since the load began. */
  readonly at: number
  readonly detail: string
}

export interface LoadReport {
  readonly requests: number
  readonly answered: number
  readonly failures: readonly LoadFailure[]
  /** Connections opened. */
  readonly connections: number
  /** Idle connections that the server ended without having announced it. No request was on them. */
  readonly idleEndings: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly slowest: number
}

export type LoadOrder = 'progress' | 'stop'
export type LoadNews =
  | { readonly type: 'progress'; readonly answered: number; readonly failed: number }
  | { readonly type: 'report'; readonly report: LoadReport }
