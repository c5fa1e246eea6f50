/**
 * Puts the light Request, Response and Headers in the place of the runtime's own in this process, before an
 * application is loaded: `new Response('x')` then builds nothing of undici, and a light Request is taken wherever a
 * real one is. Objects of either kind pass `instanceof` the classes of both. Loads nothing of undici by itself.
 */
import { flatOf, isLightHeaders, LightHeaders } from './headers.ts'
import { isReal, originals, real, type WebName } from './real.ts'
import { isLightRequest, type LightRequest, realOf, realWithoutBody } from './request.ts'
import { LightResponse } from './response.ts'

const asLight = (value: unknown): LightRequest | undefined =>
  typeof value === 'object' && value !== null && isLightRequest(value) ? value : undefined

const hasBody = (init: unknown): boolean =>
  typeof init === 'object' && init !== null && 'body' in init && init.body !== undefined && init.body !== null

/** The arguments of `fetch` and `new Request`, with real Requests for light ones. */
const convert = (input: unknown, init: unknown): [string, RequestInit] => {
  const light = asLight(input)
  const options = asLight(init)
  const target = light === undefined ? input : hasBody(init) ? realWithoutBody(light) : realOf(light)
  const settings = options === undefined ? withPairs(init) : realOf(options)
  return [target as string, settings as RequestInit]
}

/** Light headers as pairs, which need no check of what they are. */
const withPairs = (init: unknown): unknown => {
  if (typeof init !== 'object' || init === null || !('headers' in init)) return init
  const { headers } = init
  if (typeof headers !== 'object' || headers === null || !isLightHeaders(headers)) return init
  const flat = flatOf(headers)
  const pairs = flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : []))
  return Object.create(init, { headers: { value: pairs } })
}

const isRequest = (value: unknown): boolean => asLight(value) !== undefined || isReal('Request', value)

/** Needed by `new`, and never called itself. */
function StandIn(): void {
  throw new TypeError('Class constructor Request cannot be invoked without new')
}
Object.defineProperty(StandIn, 'name', { value: 'Request' })

const LazyRequest: object = new Proxy(StandIn, {
  construct: (_, [input, init], newTarget) => {
    const { Request } = real()
    return Reflect.construct(Request, convert(input, init), newTarget === LazyRequest ? Request : newTarget)
  },
  get: (target, key, receiver) => {
    if (key === 'prototype') return real().Request.prototype
    if (key !== Symbol.hasInstance) return Reflect.get(target, key, receiver)
    return receiver === LazyRequest ? isRequest : Function.prototype[Symbol.hasInstance]
  },
})

const standIns: Readonly<Record<WebName, unknown>> = {
  Request: LazyRequest,
  Response: LightResponse,
  Headers: LightHeaders,
}

/**
 * Replaces the process's Request, Response, Headers and fetch by ours; returns the way back. Not to be called again
 * before that.
 */
export const installGlobals = (): (() => void) => {
  const { fetch } = globalThis
  const lightFetch = (input: unknown, init?: unknown): Promise<Response> => fetch(...convert(input, init))
  Object.defineProperty(lightFetch, 'name', { value: 'fetch' })
  globalThis.fetch = lightFetch as typeof globalThis.fetch
  for (const [name, value] of Object.entries(standIns))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false })
  return () => {
    globalThis.fetch = fetch
    for (const [name, descriptor] of Object.entries(originals))
      if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor)
  }
}
