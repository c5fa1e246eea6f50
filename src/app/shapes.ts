/**
 * What applications look like: one row a shape, tried in order, the first that fits is taken. The documentation's
 * table is printed from these rows.
 *
 * Everything is judged by the methods it has and never by `instanceof` a framework's class, because two copies of a
 * package in one tree are common; classes of Node itself exist once.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'
import type {
  Application,
  FetchHandler,
  FetchUpgradeHandler,
  NodeHandler,
  UpgradeHandler,
} from './application.ts'
import { member } from './namespace.ts'
import { offerListening } from './pretend.ts'
import { isHttpServer, isPlainHttp } from './server-kinds.ts'

type Callable = (...args: unknown[]) => unknown

/** An application, or a value to be recognised in the place of this one. */
export type Adapted = Application | { readonly kind: 'again'; readonly value: unknown }

export interface Shape {
  /** One word or two, as they are logged: `express`, `fetch object`. */
  readonly word: string
  /** How it is told, for the manual. */
  readonly told: string
  /** What is done with it, for the manual. */
  readonly served: string
  readonly test: (value: unknown) => boolean
  readonly adapt: (value: unknown) => Adapted | Promise<Adapted>
}

const isFunction = (value: unknown): value is Callable => typeof value === 'function'
const has = (value: unknown, ...names: string[]): boolean =>
  names.every((name) => isFunction(member(value, name)))

/** Calls a method with its object as `this`; undefined when there is no such method. */
const call = (value: unknown, name: string, ...args: unknown[]): unknown => {
  const method = member(value, name)
  return isFunction(method) ? Reflect.apply(method, value, args) : undefined
}

/** A class cannot be called, although its `typeof` says so. */
export const isClass = (value: unknown): boolean =>
  isFunction(value) && /^class\b/u.test(Function.prototype.toString.call(value))

const isPlainFunction = (value: unknown): value is Callable => isFunction(value) && !isClass(value)

/** The method itself, bound: what is called for every request is looked up once. */
const bound = (value: unknown, name: string): Callable => {
  const method = member(value, name)
  if (!isFunction(method)) throw new TypeError(`${name} is not a function`)
  return method.bind(value)
}

const node = (shape: string, handler: Callable): Application => ({ kind: 'node', shape, handler })

const fetchObject = (value: unknown): Application => ({
  kind: 'fetch',
  shape: 'fetch object',
  fetch: bound(value, 'fetch') as FetchHandler,
  ...(has(value, 'upgrade') && { upgrade: bound(value, 'upgrade') as FetchUpgradeHandler }),
})

/**
 * Functions are given as many arguments as they name: a second one with a default (`(request, options = {})`) is for
 * the application's own use. Objects with `fetch` expect what every platform gives them.
 */
const fetchOf = (shape: string, handler: Callable): Application => ({
  kind: 'fetch',
  shape,
  fetch: (handler.length > 1 ? handler : (request: Request) => handler(request)) as FetchHandler,
})

/**
 * A server of the application's own. A clear-text one is fed connections; the handshake of a TLS one is ours to do,
 * so only its requests are passed on.
 */
const fromServer = (shape: string, server: unknown): Application => {
  if (!isPlainHttp(server)) return passRequests(shape, server as NetServer)
  offerListening(server)
  return { kind: 'server', shape, server }
}

const passRequests = (shape: string, server: NetServer): Application => ({
  kind: 'node',
  shape,
  handler: (request, response) => server.emit('request', request, response),
  ...upgradesOf(server),
})

/** Where someone listens for them. */
const upgradesOf = (server: NetServer): { readonly upgrade?: UpgradeHandler } =>
  server.listenerCount('upgrade') === 0
    ? {}
    : { upgrade: (request, socket, head) => void server.emit('upgrade', request, socket, head) }

/** A bare router calls this when no route matched, or one failed; applications have one of their own. */
const finalHandler =
  (request: IncomingMessage, response: ServerResponse) =>
  (error?: unknown): void => {
    if (error !== undefined && error !== null && error !== 'router') throw error
    response.statusCode = 404
    response.setHeader('Content-Type', 'text/plain; charset=utf-8')
    response.end(request.method === 'HEAD' ? undefined : 'Not Found\n')
  }

const routerHandler =
  (router: Callable): NodeHandler =>
  (request, response) =>
    new Promise<void>((resolve, reject) => {
      const final = finalHandler(request, response)
      response.once('close', resolve)
      const next = (error?: unknown): void => {
        try {
          final(error)
        } catch (thrown) {
          reject(thrown)
        }
      }
      Promise.resolve(router(request, response, next)).catch(reject)
    })

const adaptNest = async (app: unknown): Promise<Application> => {
  await call(app, 'init')
  // Without this, Nest on Fastify dies of its first request.
  await call(call(call(app, 'getHttpAdapter'), 'getInstance'), 'ready')
  return fromServer('nest', call(app, 'getHttpServer'))
}

const adaptHapi = async (app: unknown): Promise<Application> => {
  await call(app, 'initialize')
  return fromServer('hapi', member(app, 'listener'))
}

const adaptFastify = async (app: unknown): Promise<Application> => {
  await call(app, 'ready')
  const server = member(app, 'server')
  return {
    kind: 'node',
    shape: 'fastify',
    handler: bound(app, 'routing'),
    ...(server instanceof NetServer && upgradesOf(server)),
  }
}

export const shapes: readonly Shape[] = [
  {
    word: 'nest',
    told: 'methods `getHttpAdapter` and `getHttpServer`',
    served: '`await init()`, then its server is fed connections',
    test: (value) => has(value, 'getHttpAdapter', 'getHttpServer'),
    adapt: adaptNest,
  },
  {
    word: 'hapi',
    told: 'a `listener` that is a server, method `initialize`',
    served: '`await initialize()`, then its listener is fed connections',
    test: (value) => has(value, 'initialize') && isHttpServer(member(value, 'listener')),
    adapt: adaptHapi,
  },
  {
    word: 'fastify',
    told: 'methods `routing` and `ready`',
    served: '`await ready()`, then `routing(request, response)`; upgrades go to its server',
    test: (value) => has(value, 'routing', 'ready'),
    adapt: adaptFastify,
  },
  {
    word: 'koa',
    told: 'method `callback`, array `middleware`',
    served: '`callback()`',
    test: (value) => has(value, 'callback') && Array.isArray(member(value, 'middleware')),
    adapt: (value) => node('koa', call(value, 'callback') as Callable),
  },
  {
    word: 'server',
    told: "a server of Node's http, https or http2",
    served: 'it is fed connections; of one with TLS only the requests are used',
    test: isHttpServer,
    adapt: (value) => fromServer('server', value),
  },
  {
    word: 'fetch object',
    told: 'method `fetch`: Hono, H3, Elysia, `export default { fetch }`',
    served: '`fetch(Request, context, context)`; with a method `upgrade` beside it, that gets the upgrades',
    test: (value) => has(value, 'fetch'),
    adapt: fetchObject,
  },
  {
    word: 'polka',
    told: 'an object with methods `handler` and `listen`',
    served: '`handler(request, response)`',
    test: (value) => typeof value === 'object' && has(value, 'handler', 'listen'),
    adapt: (value) => node('polka', bound(value, 'handler')),
  },
  {
    word: 'server inside',
    told: 'an object with a method `listen` and a server as `server`: Restify',
    served: 'its server is fed connections',
    test: (value) => has(value, 'listen') && isHttpServer(member(value, 'server')),
    adapt: (value) => fromServer('server inside', member(value, 'server')),
  },
  {
    word: 'promise',
    told: 'method `then`',
    served: 'awaited, then recognised again',
    test: (value) => has(value, 'then'),
    adapt: async (value) => ({ kind: 'again', value: await value }),
  },
  {
    word: 'express',
    told: 'a function with methods `handle` and `listen`: Express, Connect',
    served: '`app(request, response)`',
    test: (value) => isFunction(value) && has(value, 'handle', 'listen'),
    adapt: (value) => node('express', value as Callable),
  },
  {
    word: 'router',
    told: 'a function with a method `handle` and none called `listen`: an Express router',
    served: '`router(request, response, next)`, with 404 when no route matches',
    test: (value) => isFunction(value) && has(value, 'handle'),
    adapt: (value) => ({ kind: 'node', shape: 'router', handler: routerHandler(value as Callable) }),
  },
  {
    word: 'factory',
    told: 'a function of no parameters',
    served: 'called once, its answer is recognised in its place',
    test: (value) => isPlainFunction(value) && value.length === 0,
    adapt: (value) => ({ kind: 'again', value: (value as Callable)() }),
  },
  {
    word: 'fetch function',
    told: 'a function of one parameter',
    served: '`handler(Request)`',
    test: (value) => isPlainFunction(value) && value.length === 1,
    adapt: (value) => fetchFunction(value as Callable),
  },
  {
    word: 'node handler',
    told: 'a function of two or more parameters',
    served: '`handler(request, response)`',
    test: isPlainFunction,
    adapt: (value) => node('node handler', value as Callable),
  },
]

/** Any function, as `(Request) => Response`; for `app_type` and exports named `fetch`. */
export const fetchFunction = (value: Callable): Application => fetchOf('fetch function', value)
/** Any function, as `(request, response)`. */
export const nodeFunction = (value: Callable): Application => node('node handler', value)
export { isPlainFunction }
