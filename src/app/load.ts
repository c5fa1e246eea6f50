/**
 * Finds, evaluates and recognises the application of a worker. It does not serve it and does not know what a worker
 * is: everything that it needs of the process is given.
 */

import type { Server as HttpServer } from 'node:http'
import { extname } from 'node:path'
import { ServerError } from '../errors.ts'
import { ListenAdoption } from './adopt.ts'
import type { Application } from './application.ts'
import { choose } from './choose.ts'
import { maskCluster } from './cluster-mask.ts'
import { IdleWatch } from './idle.ts'
import { isTypeScript } from './package-scope.ts'
import type { ListenAddress } from './pretend.ts'
import type { AppType } from './recognise.ts'
import { resolveApp } from './resolve.ts'
import { parseSpec } from './spec.ts'

export interface LoadOptions {
  /** `MODULE[:EXPR]`. */
  readonly spec: string
  /** Absolute: where MODULE is looked for. */
  readonly cwd: string
  readonly type: AppType
  /** The worker's number: `cluster.worker.id`. */
  readonly workerId: number
  readonly warn: (message: string) => void
  /** The process's arguments, made to read `[node, MODULE's file, ...args]` in place. */
  readonly argv?: string[]
  readonly args?: readonly string[]
  /** What `server.address()` of an adopted server answers; asked each time. */
  readonly address?: () => ListenAddress | undefined
  /** Puts light classes in the place of Request and its kin; called, and awaited, when the application is one that is given them. */
  readonly installGlobals?: () => unknown
  /** Called when a server of the application's own is adopted, before its 'listening' event. */
  readonly onListen?: (server: HttpServer) => void
}

/**
 * The application that `options.spec` names. Patches the process (listen, node:cluster), once: a second call is a
 * mistake. Rejects with a `ServerError`: TSG_APP_NOT_FOUND, TSG_APP_THREW and TSG_APP_NO_LISTEN (exit 3),
 * TSG_APP_ATTRIBUTE and TSG_APP_SHAPE (exit 4).
 */
export const loadApp = async (options: LoadOptions): Promise<Application> => {
  const spec = parseSpec(options.spec)
  if (options.type === 'script' && spec.expression !== undefined) throw namedScript(options.spec, spec.module)
  const path = await resolveApp(spec.module, options.cwd)
  if (extname(path) === '.py') throw isPython(path, options.type)
  options.argv?.splice(1, Number.POSITIVE_INFINITY, path, ...(options.args ?? []))
  const { address, warn, onListen, type } = options
  const adoption = new ListenAdoption({ address, warn, onListen })
  adoption.install()
  maskCluster(options.workerId)
  if (isTypeScript(path)) await enable(path, warn)
  const application = await choose({ ...spec, path, type, adoption, idleWatch: new IdleWatch() })
  if (application.kind === 'fetch') await options.installGlobals?.()
  return application
}

const enable = async (path: string, warn: (message: string) => void): Promise<void> => {
  const { enableTypeScript } = await import('./typescript.ts')
  await enableTypeScript(path, warn)
}

const namedScript = (spec: string, module: string): ServerError =>
  new ServerError(
    'TSG_SETTING_INVALID',
    `app_type: 'script' runs a whole module, and '${spec}' names a part of one. Give '${module}', or another app_type.`,
  )

/** The master tells the languages apart before it starts a worker: only a stated `app_type` brings Python here. */
const isPython = (path: string, type: AppType): Error =>
  type === 'auto' || type === 'wsgi'
    ? new Error(`internal error: a worker of Node was given '${path}', which is Python's. Please report it.`)
    : new ServerError(
        'TSG_SETTING_INVALID',
        `'${path}' is a Python file, and app_type: '${type}' says that the application is JavaScript. Remove app_type.`,
      )
