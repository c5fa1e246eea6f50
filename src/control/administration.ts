/**
 * The boundary between those who ask (control socket, admin listener) and the master who answers. Types only: the master
 * implements it (arbiter/administration/), the servers of this folder are given it and know nothing else of the master.
 */
import type { AgentFacts } from './agent.ts'
import type {
  ConfigFact,
  GenerationFact,
  ListenerFact,
  PublicEvent,
  RequestFact,
  StackFact,
  Status,
} from './status.ts'

/** What may be asked of the master to be done. The judgement (arbiter/decide.ts) grants or refuses it. */
export type Order =
  | { readonly do: 'reload' }
  | { readonly do: 'reopen' }
  /** `to` workers, or `by` more (less); never below 1, as TTOU. */
  | { readonly do: 'scale'; readonly to: number }
  | { readonly do: 'scale'; readonly by: number }
  /** Replaced by a successor first, one after the other (`pid`: this one alone); the configuration stays. */
  | { readonly do: 'restart'; readonly pid?: number }
  /** Accepts no more, finishes, exits; a successor is started at the same time. */
  | { readonly do: 'drain'; readonly pid: number }
  /** SIGKILL: what it holds is lost. */
  | { readonly do: 'kill'; readonly pid: number }
  | { readonly do: 'stop'; readonly how: 'graceful' | 'quick' }
  | { readonly do: 'upgrade' }
  /** Ends the new master of an upgrade under way: this one serves on. */
  | { readonly do: 'back-out' }

/** `facts`: what the order led to, as { target: 4, before: 2 } or { generation: 3 }. */
export type Granted =
  | { readonly ok: true; readonly facts: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly why: string }

/** Who asks, for the log: `pid 123, user root`, `admin_bind 10.0.0.3`. */
export type Asker = string

export interface Administration {
  status(options?: { readonly pss?: boolean }): Promise<Status>
  requests(): Promise<readonly RequestFact[]>
  stack(pid: number): Promise<StackFact>
  config(): Promise<readonly ConfigFact[]>
  listeners(): Promise<readonly ListenerFact[]>
  generations(): Promise<readonly GenerationFact[]>
  /** Prometheus's text, version 0.0.4. */
  metrics(): Promise<string>
  /** /livez and /readyz: cheap and synchronous. */
  health(): { readonly alive: boolean; readonly ready: boolean; readonly why: string }
  /** The same with the load, for agent checks: cheap and synchronous, too. */
  agent(): AgentFacts
  /** Judged at once; what follows is told by events. Logged with who asked. */
  order(order: Order, by: Asker): Promise<Granted>
  /** Runs a profile in a worker and answers with the file it was written to. Rejects with a ServerError. */
  profile(
    options: ProfileOptions,
    by: Asker,
  ): Promise<{ readonly file: string; readonly note: string | null }>
  /** Tells what happens until the answer is called. */
  watch(told: (event: PublicEvent) => void): () => void
}

export interface ProfileOptions {
  readonly pid: number
  readonly what: 'cpu' | 'heap'
  /** Of `cpu`. */
  readonly seconds: number
  /** A directory on the server's machine; absolute. */
  readonly directory: string
}
