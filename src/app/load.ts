/**
 * Finds, evaluates and recognises the application of a worker. It does not serve it and does not know what a worker
 * is: everything that it needs of the process is given.
 */

import type { Server as HttpServer } from 'node:http'
import { ServerError } from '../errors.ts'
import { ListenAdoption } from './adopt.ts'
import type { Application } from './application.ts'
import { maskCluster } from './cluster-mask.ts'
import { evaluate } from './evaluate.ts'
import { IdleWatch } from './idle.ts'
import { type Attribute, defaultNames, exportNames, lookup, member, type Namespace } from './namespace.ts'
import { isTypeScript } from './package-scope.ts'
import type { ListenAddress } from './pretend.ts'
import { type AppType, looksLike, recognise, shapeOf } from './recognise.ts'
import { resolveApp } from './resolve.ts'
import { fetchFunction, isPlainFunction } from './shapes.ts'
import { type AppSpec, type Expression, expressionText, parseSpec } from './spec.ts'

export interface LoadOptions {
  /** `MODULE[:EXPR]`. */
  readonly spec: string
  /** Absolute: where MODULE is looked for. */
  readonly cwd: string
  readonly type: AppType
  /** The worker's number: `cluster.worker.id`. */
  readonly workerId: number
  readonly warn: (message: string) => void
  /** `process.argv`, made to read `[node, MODULE's file, ...args]` in place. */
  readonly argv?: string[]
  readonly args?: readonly string[]
  /** What `server.address()` of an adopted server answers; asked each time. */
  readonly address?: () => ListenAddress | undefined
  /** Called when a server of the application's own is adopted, before its 'listening' event. */
  readonly onListen?: (server: HttpServer) => void
}

interface Loading {
  readonly options: LoadOptions
  readonly spec: AppSpec
  readonly path: string
  readonly adoption: ListenAdoption
  readonly idleWatch: IdleWatch
}

/**
 * The application that `options.spec` names. Patches the process (listen, node:cluster), once: a second call is a
 * mistake. Rejects with a `ServerError`: TSG_APP_NOT_FOUND, TSG_APP_THREW and TSG_APP_NO_LISTEN (exit 3),
 * TSG_APP_ATTRIBUTE and TSG_APP_SHAPE (exit 4).
 */
export const loadApp = async (options: LoadOptions): Promise<Application> => {
  const spec = parseSpec(options.spec)
  if (options.type === 'script' && spec.expression !== undefined) throw namedScript(options.spec, spec.module)
  const { path, language } = await resolveApp(spec.module, options.cwd)
  if (language === 'python') throw pythonLater(path)
  options.argv?.splice(1, Number.POSITIVE_INFINITY, path, ...(options.args ?? []))
  const { address, warn, onListen } = options
  const adoption = new ListenAdoption({ address, warn, onListen })
  adoption.install()
  maskCluster(options.workerId)
  if (isTypeScript(path)) await enable(path, warn)
  return choose({ options, spec, path, adoption, idleWatch: new IdleWatch() })
}

const enable = async (path: string, warn: (message: string) => void): Promise<void> => {
  const { enableTypeScript } = await import('./typescript.ts')
  await enableTypeScript(path, warn)
}

/** A spec with an expression, or a stated type, says what the application is; otherwise what listens comes first. */
const choose = async (loading: Loading): Promise<Application> => {
  const { options, spec } = loading
  const namespace = await run(loading, spec.expression === undefined ? 'main' : 'module')
  if (spec.expression !== undefined) return chooseNamed(loading, spec.expression, namespace)
  if (options.type === 'script') return untilListening(loading, namespace)
  const application = fromAdopted(loading) ?? (await chooseExported(loading, namespace))
  if (application !== undefined) return application
  if (options.type === 'auto') return untilListening(loading, namespace)
  throw (await words()).nothingFits(`'${loading.path}'`, namespace)
}

/** The words for failures bring packages along that an application that loads does without. */
const words = () => import('./failure.ts')

const run = async ({ path }: Loading, as: 'main' | 'module'): Promise<Namespace> => {
  try {
    return await evaluate(path, as)
  } catch (error) {
    throw await (await words()).threw(`'${path}' threw`, error, path)
  }
}

const chooseNamed = async (
  loading: Loading,
  expression: Expression,
  namespace: Namespace,
): Promise<Application> => {
  const { spec, path } = loading
  const attribute = lookup(namespace, expression.path)
  const name = expression.path.join('.')
  if (attribute.value === undefined) throw (await words()).attributeMissing(spec.module, name, namespace)
  const value = await guarded(loading, expressionText(expression), () => evaluateCall(attribute, expression))
  const application = await understand(loading, expressionText(expression), value)
  if (application === undefined)
    throw (await words()).nothingFits(
      `'${expressionText(expression)}' of '${path}'`,
      namespace,
      looksLike(value),
    )
  return application
}

const evaluateCall = ({ value, owner }: Attribute, { path, args }: Expression): unknown => {
  if (args === undefined) return value
  if (isPlainFunction(value)) return Reflect.apply(value, owner, args)
  throw new ServerError(
    'TSG_APP_ATTRIBUTE',
    `'${path.join('.')}' cannot be called: it is ${looksLike(value)}.`,
  )
}

/** The first of the default names that fits; one that is there and does not fit hides none behind it. */
const chooseExported = async (loading: Loading, namespace: Namespace): Promise<Application | undefined> => {
  for (const name of defaultNames) {
    const { value } = lookup(namespace, [name])
    if (shapeOf(value) === undefined) continue
    const application = await (name === 'fetch' && isPlainFunction(value)
      ? fetchFunction(value)
      : understand(loading, name, value))
    if (application !== undefined) return application
  }
  return undefined
}

/** A server that already listens and hands its requests to `value` is that application and more: it has upgrades. */
const understand = async (
  loading: Loading,
  name: string,
  value: unknown,
): Promise<Application | undefined> => {
  const { adoption, options } = loading
  const application = await guarded(loading, name, () => recognise(value, options.type))
  const named = loading.spec.expression !== undefined || options.type !== 'auto'
  const serves = (server: HttpServer): boolean =>
    server.listeners('request').some((listener) => listener === value) ||
    member(value, 'server') === server ||
    (application?.kind === 'server' && application.server === server)
  const isApps = (server: HttpServer): boolean => !named || serves(server)
  const listening = adoption.adopted
  if (application === undefined || (listening !== undefined && isApps(listening)))
    return fromAdopted(loading) ?? application
  adoption.settle(isApps)
  return application
}

const guarded = async <T>({ path }: Loading, name: string, action: () => T | Promise<T>): Promise<T> => {
  try {
    return await action()
  } catch (error) {
    throw await (await words()).threw(`'${name}' of '${path}' threw`, error, path)
  }
}

const fromAdopted = ({ adoption, options }: Loading): Application | undefined => {
  const server = adoption.adopted
  return server === undefined || options.type === 'fetch'
    ? undefined
    : { kind: 'server', shape: 'script', server }
}

/** Start-up is usually asynchronous, so a script may listen long after its last line. */
const untilListening = async (loading: Loading, namespace: Namespace): Promise<Application> => {
  const settled = new AbortController()
  const server = await Promise.race([loading.adoption.first, loading.idleWatch.idle(settled.signal)])
  settled.abort()
  if (server !== undefined) return { kind: 'server', shape: 'script', server }
  if (loading.options.type !== 'script' && exportNames(namespace).length > 0)
    throw (await words()).nothingFits(`'${loading.path}'`, namespace)
  throw noListen(loading.path)
}

const noListen = (path: string): ServerError =>
  new ServerError(
    'TSG_APP_NO_LISTEN',
    `'${path}' ended without an HTTP server that listens, and exports no application. ` +
      'Call server.listen(), or export the application.',
  )

const namedScript = (spec: string, module: string): ServerError =>
  new ServerError(
    'TSG_SETTING_INVALID',
    `app_type: 'script' runs a whole module, and '${spec}' names a part of one. Give '${module}', or another app_type.`,
  )

const pythonLater = (path: string): ServerError =>
  new ServerError(
    'TSG_SETTING_LATER',
    `'${path}' is a Python application: those come with the WSGI bridge, which this version does not have yet.`,
  )
