/**
 * How a worker boots, in Gunicorn's order: log, `post_fork` and `ssl_context` (still the master's user), privileges,
 * the application, `post_worker_init`, listening, ready. Whatever fails here is told to the master, with the exit status it leads to.
 */
import type { Application } from '../app/application.ts'
import { loadApp } from '../app/load.ts'
import type { Config } from '../config/config.ts'
import type { HookRequest } from '../config/hook-types.ts'
import { receiveConfig } from '../config/transfer.ts'
import { messageOf, ServerError } from '../errors.ts'
import type { Front } from '../front/front.ts'
import { createEngineFor } from '../http/create.ts'
import type { Engine, EngineOptions, ExchangeMeter } from '../http/engine.ts'
import type { IntakeStep } from '../http/intake/intake.ts'
import { toMaster } from '../ipc/channel.ts'
import type { BootMessage, InheritedListener } from '../ipc/messages.ts'
import { dropPrivileges } from '../system/privileges.ts'
import { setTitle } from '../system/title.ts'
import { useCompileCache, writeCompileCache } from './compile-cache.ts'
import { exit } from './exit.ts'
import { type Facades, facades, type Vital } from './facade.ts'
import { type Inheritance, inherit } from './inheritance.ts'
import { createIntake } from './intake.ts'
import { openLogs, type WorkerLogs } from './logs.ts'
import { httpPolicy } from './policy.ts'

/** What answers requests here: an application, or, in a front, the Python workers that it is told of. */
export type Serves =
  | { readonly kind: 'app'; readonly app: Application }
  | { readonly kind: 'front'; readonly token: string }

/** A worker that has booted so far that it may serve. */
export interface Booted {
  readonly boot: BootMessage
  readonly inheritance: Inheritance
  readonly config: Config
  readonly logs: WorkerLogs
  readonly facades: Facades
  readonly vital: Vital
  readonly serves: Serves
  readonly intake: IntakeStep | undefined
}

/** Everything up to the application. Rejects with what failed. */
export async function bootWorker(boot: BootMessage, vital: Vital, program: string[]): Promise<Booted> {
  setTitle(`tsgunicorn: ${boot.role} [${boot.processName}]`)
  const config = await receiveConfig(boot.config)
  const inheritance = inherit(boot)
  const logs = await openLogs(config, boot)
  if (!boot.proof)
    logs.error.info(`Booting ${boot.role} with pid: ${process.pid}`, { pid: process.pid, age: boot.age })
  const both = facades(boot, config, logs.error, vital)
  if (!boot.proof) await config.post_fork?.(both.server, both.worker)
  const intake = await createIntake(config, boot.tls)
  if (boot.privileges) dropPrivileges(boot.privileges)
  const parts = { boot, inheritance, config, logs, facades: both, vital, intake }
  if (boot.role === 'front') {
    if (!boot.bridge) throw new Error('a front is told where its workers are')
    return { ...parts, serves: { kind: 'front', token: boot.bridge.token } }
  }
  if (config.preload_app) useCompileCache()
  const app = await loadApp({
    spec: config.wsgi_app ?? '',
    // As it is written: a symbolic link in it is a link to what is deployed next.
    cwd: config.chdir,
    type: config.app_type,
    workerId: boot.age,
    warn: (message) => logs.error.warning(message),
    argv: program,
    args: boot.appArguments,
    address: () => addressFor(boot.listeners),
    installGlobals: async () => (await import('../http/fetch/globals.ts')).installGlobals(),
  })
  if (boot.proof && config.preload_app) writeCompileCache()
  return { ...parts, serves: { kind: 'app', app } }
}

/** What an adopted script's `server.address()` answers. */
const addressFor = ([first]: readonly InheritedListener[]) => first?.address

/** From the application to a server that accepts. */
export async function serve(booted: Booted, options: ServeOptions): Promise<Served> {
  const { config, inheritance, facades: both } = booted
  const told = engineOptions(booted, options)
  if (booted.serves.kind === 'front') {
    const { serveFront } = await import('./front.ts')
    return serveFront(booted, booted.serves.token, told)
  }
  const engine = await createEngineFor(booted.serves.app, told)
  await config.post_worker_init?.(both.worker)
  await engine.listen(inheritance.sockets, config.backlog)
  return { engine }
}

export interface Served {
  readonly engine: Engine
  /** Of a front: tells it which workers it may use. */
  readonly front?: Pick<Front, 'workers' | 'ended' | 'requests' | 'close' | 'waiting' | 'oldestMs'>
}

function engineOptions(booted: Booted, options: ServeOptions): EngineOptions {
  const { config, logs, facades: both, intake } = booted
  const { pre_request: before, post_request: behind } = config
  const { worker } = both
  /** Gunicorn's own pre_request tells each request to the debug log. */
  const preRequest = (request: HookRequest) => {
    logs.error.debug(`${request.method} ${request.uri}`)
    return before?.(worker, request)
  }
  return {
    policy: httpPolicy(config),
    intake,
    meter: options.meter,
    onRequest: options.onRequest,
    onError: (error, where) =>
      logs.error.exception(
        where === 'post_request' ? 'Exception in post_request hook' : `Error handling request ${where}`,
        error,
      ),
    onRefused: (status, reason, address) =>
      logs.error.warning(
        status === 0
          ? `Connection of ip=${address} cut: ${reason}`
          : `Invalid request from ip=${address}: ${reason} (${status})`,
      ),
    requestListenerDescriptor: options.askListener,
    ...(logs.exchange ? { onExchange: logs.exchange } : {}),
    ...(before || config.loglevel === 'debug' ? { preRequest } : {}),
    ...(behind
      ? { postRequest: (request, environ, response) => behind(worker, request, environ, response) }
      : {}),
  }
}

export interface ServeOptions {
  readonly meter: ExchangeMeter
  readonly onRequest: () => void
  /** Asks the master for the listener with this index again. */
  readonly askListener: (index: number) => Promise<object>
}

/** Tells the master why this worker cannot boot, and ends. */
export async function failBoot(error: unknown): Promise<never> {
  const known = error instanceof ServerError
  const detail = known ? error.detail : error instanceof Error ? error.stack : undefined
  const status = known && error.exitStatus >= 3 ? error.exitStatus : 3
  const words = {
    exit: status,
    message: messageOf(error),
    ...(known ? { code: error.code } : {}),
    ...(detail ? { detail } : {}),
  }
  // A master that is gone meanwhile is told by nobody; the status is the same.
  await toMaster({ type: 'failed', ...words }).catch(() => undefined)
  return exit(status)
}
