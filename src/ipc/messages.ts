/**
 * Everything a master and a worker say to one another, one union each way. Plain data: it travels as JSON over
 * Node's channel (see channel.ts). The master's death is the channel's end.
 */
import type { ConfigTransfer } from '../config/transfer.ts'
import type { ErrorCode } from '../errors.ts'
import type { Inherited } from '../python/inherited.ts'
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

/** What the bridge between fronts and Python workers needs (front/README.md). */
export interface Bridge {
  /** Absolute; mode 0700. */
  readonly folder: string
  /** Shown by whoever connects to a socket in the folder. */
  readonly token: string
}

/** What a Python worker, or a mold, is told besides. */
export interface PythonBoot {
  /** `MODULE[:EXPR]`. */
  readonly spec: string
  /** Where the worker listens. */
  readonly socket: string
  /** Channels it serves at a time, each by a thread of its own; 1 runs the application on the main thread. */
  readonly threads: number
  /** How many workers are wanted, this one among them. */
  readonly workers: number
  /** `wsgi.multiprocess`. */
  readonly multiprocess: boolean
  /** As SERVER_SOFTWARE: `tsgunicorn/0.1.0`. */
  readonly software: string
  /** The text of gunicorn.conf.py, for its hooks of the worker; absent when it is not Python, or has none. */
  readonly conf?: { readonly file: string; readonly source: string; readonly module?: string }
  /** What gunicorn.conf.py and hooks of the master have done that a fork would have brought along. */
  readonly inherited?: Inherited
}

/** A worker as its front is told of it. */
export interface WorkerAddress {
  readonly age: number
  readonly pid: number
  readonly path: string
  readonly threads: number
}

/** The answer to a worker's hello: all it needs. */
export interface BootMessage {
  readonly type: 'boot'
  /** A front serves HTTP for Python workers and runs no application. */
  readonly role: 'worker' | 'front'
  readonly bridge?: Bridge | undefined
  readonly python?: PythonBoot | undefined
  readonly age: number
  readonly generation: number
  /** The index of its slot in the board (system/board.ts): of both masters of an upgrade there are some. */
  readonly slot: number
  readonly config: ConfigTransfer
  /** The application's own, behind its name in argv. */
  readonly appArguments: readonly string[]
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
  /** Others serve meanwhile: whatever takes time is done before it is ready, so that no request waits for it. */
  readonly unhurried: boolean
}

/** What administration asks a worker or a front. Each is answered with the same word, or with 'failed'. */
export type Question =
  /** What is in hand: requests. */
  | { readonly what: 'requests' }
  /** Python alone: where its threads are. Node's loop is somewhere else while it answers. */
  | { readonly what: 'stack' }
  /** Samples its processor for so many seconds, and writes the profile to this file, which must not exist. */
  | { readonly what: 'cpu'; readonly seconds: number; readonly file: string }
  /** When it is drained it writes its heap to this file, before it exits. Answered when it is written. */
  | { readonly what: 'heap'; readonly file: string }

/** A request as who serves HTTP has it. `worker`: the pid of who runs it, null while it waits for one. */
export interface RequestSaid {
  readonly worker: number | null
  readonly method: string
  readonly path: string
  readonly ageMs: number
  readonly client: string
  readonly phase: 'waiting' | 'running' | 'responding'
}

export interface Answer {
  readonly type: 'answer'
  readonly id: number
  readonly answer:
    | { readonly what: 'requests'; readonly requests: readonly RequestSaid[] }
    | {
        readonly what: 'stack'
        readonly stacks: readonly { readonly thread: string; readonly text: string }[]
      }
    | { readonly what: 'cpu' | 'heap'; readonly note: string | null }
    | { readonly what: 'failed'; readonly message: string }
}

/** The most requests that one process tells of, and letters of a target, a stack, a client's address. */
export const mostSaid = { requests: 1000, path: 1000, stacks: 200, text: 20_000, words: 1000 } as const

export type ToWorker =
  | BootMessage
  /** Stop accepting, finish what is in hand, exit. `givenUp`: nobody will listen on the sockets again. */
  | { readonly type: 'drain'; readonly emptyAcceptQueue: boolean; readonly givenUp: boolean }
  | { readonly type: 'reopen-logs' }
  /** So many share the clients now, and one of them has none yet: the others' connections make way for it. */
  | { readonly type: 'share'; readonly of: number }
  /** To a front: the workers that it may use, all of them. `abandoned`: there are none, and there will be none. */
  | { readonly type: 'workers'; readonly workers: readonly WorkerAddress[]; readonly abandoned: boolean }
  /** To a front: the process of this worker has ended, though others may hold its channels open. */
  | { readonly type: 'worker-ended'; readonly age: number }
  /** Answered by `answer` with this id. */
  | { readonly type: 'ask'; readonly id: number; readonly question: Question }
  /** To a mold: fork a worker that is told this. */
  | { readonly type: 'fork'; readonly boot: BootMessage }
  /** To a mold: fork no more, and exit when its last child is gone. */
  | { readonly type: 'retire' }
  /** Comes with the handle of the listener with this index: asked for, or sent ahead of the boot message. */
  | { readonly type: 'listener'; readonly index: number }
  /** Comes with the handle of a connection that a blocked worker had accepted. Answered by `adopted` with this id. */
  | { readonly type: 'adopt'; readonly id: number }
  /** Comes with a handle: call listen(2) on it, for the master, which may not, and let go of it. */
  | { readonly type: 'listen'; readonly index: number; readonly backlog: number }

export type ToMaster =
  /** The worker listens to the channel; what was sent before would be lost. */
  | {
      readonly type: 'hello'
      /** Of one that a mold forked: which it is, and the token of the bridge. */
      readonly age?: number
      readonly token?: string
    }
  /** The answer to `listen`: 0, or libuv's negative errno. */
  | { readonly type: 'listened'; readonly index: number; readonly errno: number }
  /** It serves `program`, which looked like `shape`, as 'express'. */
  | { readonly type: 'ready'; readonly shape: string; readonly program: string }
  /** The worker cannot boot and exits with this status. `code`: of the catalogue; Python's errors have none. */
  | {
      readonly type: 'failed'
      readonly exit: number
      readonly message: string
      readonly code?: ErrorCode
      readonly detail?: string
    }
  /**
   * A limit of the worker's life is reached, or it was sent TERM: it serves on until it is told to drain. Of a mold
   * ('signal'): it forks no more.
   */
  | {
      readonly type: 'recycle'
      readonly reason: 'max_requests' | 'max_worker_memory' | 'timeout' | 'signal' | 'hook'
    }
  /**
   * A request took longer than `timeout`; its stack has been logged. `alone`: nothing else can run in this worker, it is to
   * be ended; else it finishes its other requests, and is replaced.
   */
  | { readonly type: 'overdue'; readonly alone: boolean }
  /** Of a mold: a worker was forked, could not be forked (pid 0), or has ended. */
  | { readonly type: 'forked'; readonly age: number; readonly pid: number; readonly message?: string }
  | {
      readonly type: 'ended'
      readonly age: number
      readonly code: number | null
      readonly signal: string | null
    }
  | Answer
  /** Whether it serves the connection that it was sent; one that does not has closed its descriptor of it. */
  | { readonly type: 'adopted'; readonly id: number; readonly taken: boolean }
  /** Accepting was stopped at worker_connections: the listener with this index is wanted again. */
  | { readonly type: 'listener'; readonly index: number }
