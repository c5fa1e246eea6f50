/**
 * What `new Request(input, init)` is told, judged as the Fetch standard does, as far as it matters on a server.
 */
import { isToken } from '../h1/grammar.ts'
import { isDisturbed, usedError } from './consume.ts'
import { LightHeaders } from './headers.ts'
import { extract, streamOfSource } from './response-body.ts'

/** Anything with the properties of a Request. */
export interface RequestLike {
  readonly url: string
  readonly method: string
  readonly headers: LightHeaders
  readonly body: ReadableStream<Uint8Array> | null
  readonly signal: AbortSignal
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: LightHeaders
  readonly body?: unknown
  readonly signal?: AbortSignal | null
  readonly duplex?: string
  readonly redirect?: string
}

export interface Made {
  readonly url: string
  readonly method: string
  readonly headers: LightHeaders
  readonly body: ReadableStream<Uint8Array> | null
  /** Asked when someone wants it: an AbortController is not made for nobody. */
  readonly signal: () => AbortSignal
  readonly rest: Rest | undefined
}

/** What matters to `fetch` alone, as far as it was given; `dispatcher` is undici's own. */
export type Rest = Readonly<Record<string, unknown>>

const restNames = [
  'redirect',
  'cache',
  'credentials',
  'integrity',
  'keepalive',
  'mode',
  'referrer',
  'referrerPolicy',
  'dispatcher',
]

const restOf = (init: object, before: Rest | undefined): Rest | undefined => {
  const given = restNames.filter((name) => Reflect.get(init, name) !== undefined)
  if (given.length === 0) return before
  return { ...before, ...Object.fromEntries(given.map((name) => [name, Reflect.get(init, name)])) }
}

const isRequestLike = (input: unknown): input is RequestLike =>
  typeof input === 'object' && input !== null && 'url' in input && 'headers' in input

/** Throws TypeError for what can be no request. */
export const makeRequest = (input: unknown, init: RequestOptions, before: Rest | undefined): Made => {
  const from = isRequestLike(input) ? input : undefined
  const method = methodOf(init.method ?? from?.method ?? 'GET')
  const headers = new LightHeaders(init.headers ?? (from?.headers as LightHeaders | undefined))
  const body = init.body === undefined || init.body === null ? takeBody(from) : madeBody(init, headers)
  if (body !== null && (method === 'GET' || method === 'HEAD'))
    throw new TypeError(`Request: one with method ${method} has no body.`)
  const signal = () => init.signal ?? from?.signal ?? new AbortController().signal
  return { url: from?.url ?? urlOf(input), method, headers, body, signal, rest: restOf(init, before) }
}

const urlOf = (input: unknown): string => {
  const text = String(input)
  if (!URL.canParse(text))
    throw new TypeError(`Request: ${JSON.stringify(text)} is not a URL. A server's are absolute.`)
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') throw new TypeError('Request: its URL holds credentials.')
  return url.href
}

const capitals = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])
const forbidden = new Set(['CONNECT', 'TRACE', 'TRACK'])

const methodOf = (method: string): string => {
  const upper = String(method).toUpperCase()
  if (!isToken(method) || forbidden.has(upper))
    throw new TypeError(`Request: ${JSON.stringify(method)} is not a method that it can have.`)
  return capitals.has(upper) ? upper : method
}

/** The other request's body is this one's from now on. */
const takeBody = (from: RequestLike | undefined): ReadableStream<Uint8Array> | null => {
  const body = from?.body ?? null
  if (body === null) return null
  if (body.locked || isDisturbed(body)) throw usedError()
  return body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>())
}

const madeBody = (init: RequestOptions, headers: LightHeaders): ReadableStream<Uint8Array> | null => {
  const { source, type } = extract(init.body)
  if (source instanceof ReadableStream && init.duplex === undefined)
    throw new TypeError("Request: a stream as body needs duplex: 'half'.")
  if (type !== undefined && !headers.has('content-type')) headers.append('content-type', type)
  return source === null ? null : streamOfSource(source)
}
