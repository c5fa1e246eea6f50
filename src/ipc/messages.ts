/**
 * Everything a master and a worker say to one another, one union each way. Plain data: it travels as JSON over
 * Node's channel (see channel.ts). The master's death is the channel's end.
 */
import type { ConfigTransfer } from '../config/transfer.ts'
import type { TlsMaterial } from '../tls/material.ts'

/** Ids of users and groups a worker changes to before it loads the application. */
export interface Privileges {
  readonly uid: number
  readonly gid: number
  /** With initgroups(3): the user whose supplementary groups are taken. */
  readonly userName: string | undefined
  readonly initgroups: boolean
}

/** A listener as a worker inherits it. */
export interface InheritedListener {
  /** Its descriptor, or 'sent': it came as a handle, in the order of the listeners (arbiter/early-worker.ts). */
  readonly fd: number | 'sent'
  /** As it is logged: `http://127.0.0.1:8000`, `unix:/run/x`. */
  readonly name: string
  /** What an adopted script's `server.address()` answers: a unix path, or host and port. */
  readonly address:
    | string
    | { readonly address: string; readonly port: number; readonly family: 'IPv4' | 'IPv6' }
}

/** The answer to a worker's hello: all it needs. */
export interface BootMessage {
  readonly type: 'boot'
  readonly age: number
  readonly generation: number
  readonly slot: number
  readonly config: ConfigTransfer
  readonly listeners: readonly InheritedListener[]
  /** The board: a descriptor, or a path to open it by. */
  readonly board: number | string
  /** For a process that was started before these were known. */
  readonly place?: { readonly cwd: string; readonly env: Readonly<Record<string, string>> }
  readonly processName: string
  readonly privileges: Privileges | undefined
  /** Absent: plain HTTP. */
  readonly tls?: TlsMaterial | undefined
  /** Requests after which the worker asks to be replaced, jitter included; 0 for never. */
  readonly maxRequests: number
  /** Only prove that the application loads, then exit with status 0 (`preload_app`). */
  readonly proof: boolean
}

export type ToWorker =
  | BootMessage
  /** Stop accepting, finish what is in hand, exit. `givenUp`: nobody will listen on the sockets again. */
  | { readonly type: 'drain'; readonly emptyAcceptQueue: boolean; readonly givenUp: boolean }
  | { readonly type: 'reopen-logs' }
  /** Comes with the handle of the listener with this index: asked for, or sent ahead of the boot message. */
  | { readonly type: 'listener'; readonly index: number }
  /** Comes with a handle: call listen(2) on it, for the master, which may not, and let go of it. */
  | { readonly type: 'listen'; readonly index: number; readonly backlog: number }

export type ToMaster =
  /** The worker listens to the channel; what was sent before would be lost. */
  | { readonly type: 'hello' }
  /** The answer to `listen`: 0, or libuv's negative errno. */
  | { readonly type: 'listened'; readonly index: number; readonly errno: number }
  /** It serves `program`, which looked like `shape`, as 'express'. */
  | { readonly type: 'ready'; readonly shape: string; readonly program: string }
  /** The worker cannot boot and exits with this status. */
  | { readonly type: 'failed'; readonly exit: number; readonly message: string; readonly detail?: string }
  /** A limit of the worker's life is reached: it serves on until it is told to drain. */
  | { readonly type: 'recycle'; readonly reason: 'max_requests' | 'max_worker_memory' }
  /** Accepting was stopped at worker_connections: the listener with this index is wanted again. */
  | { readonly type: 'listener'; readonly index: number }
