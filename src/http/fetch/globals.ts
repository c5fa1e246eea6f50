/**
 * Puts the light Request, Response and Headers in the place of the runtime's own in this process, when it is known
 * that a fetch application is served: `new Response('x')` then builds nothing of undici, and a light Request is taken
 * wherever one is. Objects of either kind pass `instanceof` the classes of both. Loads nothing of undici by itself.
 */
import { LightHeaders } from './headers.ts'
import { learnGlobals, realFetch } from './real.ts'
import { isLightRequest, LightRequest, restOf } from './request.ts'
import { LightResponse } from './response.ts'

/**
 * RFC 9110, 7.6.1: what spoke of the connection that a request came by says nothing of the one it is passed on by.
 * undici refuses most of them.
 */
const ofTheConnection = [
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

const passedOn = (headers: LightHeaders): [string, string][] => {
  const named = (headers.get('connection') ?? '').split(',').map((name) => name.trim().toLowerCase())
  const left = new Set([...ofTheConnection, ...named])
  return [...headers].filter(([name]) => !left.has(name))
}

/** As real ones: what `fetch` is to be told of a light request. The redirect mode and such are in `init`. */
const tell = (request: LightRequest, init: RequestInit | undefined): RequestInit => ({
  method: request.method,
  headers: passedOn(request.headers),
  body: request.body as ReadableStream,
  signal: request.signal,
  duplex: 'half',
  ...restOf(request),
  ...init,
})

const asLight = (value: unknown): LightRequest | undefined =>
  typeof value === 'object' && value !== null && isLightRequest(value) ? value : undefined

const lightFetch = async (input: string | URL, init?: RequestInit): Promise<Response> => {
  const request = asLight(input)
  const options = asLight(init)
  const settings = options === undefined ? init : tell(options, undefined)
  if (request === undefined) return realFetch(input, settings)
  return realFetch(request.url, tell(request, settings))
}

Object.defineProperty(lightFetch, 'name', { value: 'fetch' })

/** Assigned, not defined: that would look at what is there, and so load it. */
const assign = (classes: object): void => void Object.assign(globalThis, classes)

/**
 * Replaces the process's Request, Response, Headers and fetch by ours; returns the way back, which is only there for
 * `fetch` when the real classes were not loaded yet.
 */
export const installGlobals = (): (() => void) => {
  const { fetch } = globalThis
  const before = learnGlobals() ? { Request, Response, Headers, fetch } : { fetch }
  assign({ Request: LightRequest, Response: LightResponse, Headers: LightHeaders, fetch: lightFetch })
  return () => assign(before)
}
