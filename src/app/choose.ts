/**
 * Which of the things that a module does and exports is the application: what it names, what listens, or the first
 * export that fits. It knows nothing of files and settings: those are resolved before.
 */

import type { Server as HttpServer } from 'node:http'
import { ServerError } from '../errors.ts'
import type { ListenAdoption } from './adopt.ts'
import type { Application } from './application.ts'
import { evaluate } from './evaluate.ts'
import type { IdleWatch } from './idle.ts'
import { type Attribute, defaultNames, exportNames, lookup, member, type Namespace } from './namespace.ts'
import { type AppType, looksLike, recognise, shapeOf } from './recognise.ts'
import { isPlainFunction } from './shapes.ts'
import { type AppSpec, type Expression, expressionText } from './spec.ts'

export interface Loading extends AppSpec {
  /** The module's file, absolute. */
  readonly path: string
  readonly type: AppType
  /** Installed already. */
  readonly adoption: ListenAdoption
  /** Made before the module is evaluated. */
  readonly idleWatch: IdleWatch
}

/** A spec with an expression, or a stated type, says what the application is; otherwise what listens comes first. */
export const choose = async (loading: Loading): Promise<Application> => {
  const { expression, type, path } = loading
  const namespace = await run(loading, expression === undefined ? 'main' : 'module')
  if (expression !== undefined) return chooseNamed(loading, expression, namespace)
  if (type === 'script') return untilListening(loading, namespace)
  const application = fromAdopted(loading) ?? (await chooseExported(loading, namespace))
  if (application !== undefined) return application
  if (type === 'auto') return untilListening(loading, namespace)
  throw (await words()).nothingFits(`'${path}'`, namespace)
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
  const { module, path } = loading
  const attribute = lookup(namespace, expression.path)
  const text = expressionText(expression)
  if (attribute.value === undefined)
    throw (await words()).attributeMissing(module, expression.path.join('.'), namespace)
  const value = await guarded(loading, text, () => evaluateCall(attribute, expression))
  const application = await understand(loading, text, value)
  if (application !== undefined) return application
  if (mayListen(value)) return untilListening(loading, namespace)
  throw (await words()).nothingFits(`'${text}' of '${path}'`, namespace, looksLike(value))
}

/** What was called and gave nothing may be a `start()`, whose server listens or will. */
const mayListen = (value: unknown): boolean => value === undefined || shapeOf(value)?.word === 'factory'

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
    const type = name === 'fetch' ? 'fetch' : loading.type
    const application = await understand({ ...loading, type }, name, value)
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
  const { adoption, expression, type } = loading
  const application = await guarded(loading, name, () => recognise(value, type))
  if (application === undefined) return undefined
  const named = expression !== undefined || type !== 'auto'
  const serves = (server: HttpServer): boolean =>
    server.listeners('request').some((listener) => listener === value) ||
    member(value, 'server') === server ||
    (application.kind === 'server' && application.server === server)
  const isApps = (server: HttpServer): boolean => !named || serves(server)
  const listening = adoption.adopted
  if (listening !== undefined && isApps(listening)) return script(listening)
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

const fromAdopted = ({ adoption, type }: Loading): Application | undefined =>
  adoption.adopted === undefined || type === 'fetch' ? undefined : script(adoption.adopted)

const script = (server: HttpServer): Application => ({ kind: 'server', shape: 'script', server })

/** Start-up is usually asynchronous, so a script may listen long after its last line. */
const untilListening = async (loading: Loading, namespace: Namespace): Promise<Application> => {
  const settled = new AbortController()
  const server = await Promise.race([loading.adoption.first, loading.idleWatch.idle(settled.signal)])
  settled.abort()
  if (server !== undefined) return script(server)
  if (loading.type !== 'script' && exportNames(namespace).length > 0)
    throw (await words()).nothingFits(`'${loading.path}'`, namespace)
  throw noListen(loading.path)
}

const noListen = (path: string): ServerError =>
  new ServerError(
    'TSG_APP_NO_LISTEN',
    `'${path}' ended without an HTTP server that listens, and exports no application. ` +
      'Call server.listen(), or export the application.',
  )
