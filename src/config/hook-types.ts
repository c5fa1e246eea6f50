/**
 * What server hooks are given. Names are Gunicorn's; a hook may be async, and has `hook_timeout` seconds.
 */

import type { Config } from './config.ts'

export interface HookLog {
  critical(message: string): void
  error(message: string): void
  warning(message: string): void
  info(message: string): void
  debug(message: string): void
}

/** A worker as a hook sees it, in the master and in the worker itself. */
export interface HookWorker {
  /** The worker's number, from 1, never reused. */
  readonly age: number
  /** The process id; `'[booting]'` in `pre_fork`, when there is no process yet. */
  readonly pid: number | '[booting]'
  readonly ppid: number
  /** The configuration load the worker belongs to, from 1. */
  readonly generation: number
  /** Requests this worker has finished; always 0 in the master's hooks. */
  readonly nr: number
  readonly alive: boolean
  readonly booted: boolean
  readonly aborted: boolean
  readonly log: HookLog
  readonly cfg: Config
}

/** The master as a hook sees it. */
export interface HookServer {
  readonly pid: number
  readonly log: HookLog
  readonly cfg: Config
  readonly proc_name: string
  /** How many workers are wanted. */
  readonly num_workers: number
  /** The addresses listened on, as they are logged. */
  readonly address: readonly string[]
  /** Worker pid -> worker. */
  readonly WORKERS: ReadonlyMap<number, HookWorker>
}

export interface HookRequest {
  readonly method: string
  /** The target as sent. */
  readonly uri: string
  readonly path: string
  readonly query: string
  readonly version: readonly [number, number]
  /** Upper-case name and value, in order of arrival. */
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly scheme: 'http' | 'https'
  readonly remote_addr: string
  /** 1 for the first request of a connection. */
  readonly req_number: number
}

export interface HookResponse {
  /** As `200 OK`. */
  readonly status: string
  readonly status_code: number
  readonly headers: ReadonlyArray<readonly [string, string]>
  /** Bytes of body sent. */
  readonly sent: number
}

/** CGI names of the request, as `REQUEST_METHOD`, `PATH_INFO`, `HTTP_HOST`. */
export type HookEnviron = Readonly<Record<string, string>>

/** Options of node's `tls.createServer`; all of them are taken, these are the usual ones. Texts are PEM. */
export interface HookSslOptions {
  readonly cert?: string | Uint8Array | ReadonlyArray<string | Uint8Array>
  readonly key?: string | Uint8Array | ReadonlyArray<string | Uint8Array>
  readonly passphrase?: string
  readonly ca?: string | Uint8Array | ReadonlyArray<string | Uint8Array>
  readonly ciphers?: string
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly requestCert?: boolean
  readonly rejectUnauthorized?: boolean
  readonly [option: string]: unknown
}

/** What `ssl_context` returns: options, or what node's `tls.createSecureContext` makes of them. */
export type HookSslContext = HookSslOptions | { readonly context: unknown }

/** Gives the options that the settings lead to. */
export type HookSslFactory = () => HookSslOptions
