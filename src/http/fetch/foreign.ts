/**
 * Responses that are not ours: the runtime's own (as `fetch` gives them), and those of polyfills and other realms,
 * told by what they have. From either comes what is to be sent.
 */
import { LightHeaders } from './headers.ts'
import type { Sendable } from './response.ts'
import type { Source } from './response-body.ts'
import { checkedText } from './response-status.ts'

interface Foreign {
  readonly status: number
  readonly statusText?: unknown
  readonly headers: object
  readonly body?: unknown
  readonly bodyUsed?: unknown
  readonly type?: unknown
  arrayBuffer?(): Promise<ArrayBuffer>
}

const isForeign = (value: unknown): value is Foreign =>
  typeof value === 'object' &&
  value !== null &&
  'status' in value &&
  typeof value.status === 'number' &&
  'headers' in value &&
  typeof value.headers === 'object' &&
  value.headers !== null &&
  ('body' in value || 'arrayBuffer' in value)

const wordFor = (value: unknown): string => {
  if (value === undefined || value === null) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  const maker: unknown = Reflect.get(value, 'constructor')
  return typeof maker === 'function' ? `an object of class ${maker.name}` : 'an object of no class'
}

/** Throws TypeError for what is no Response, or one that cannot be sent. Resolves late only for odd bodies. */
export const takeForeign = (answer: unknown): Sendable | Promise<Sendable> => {
  if (!isForeign(answer))
    throw new TypeError(
      `The application returned ${wordFor(answer)}, not a Response. Return a Response, as new Response('text').`,
    )
  const { status, body, bodyUsed } = answer
  if (!Number.isInteger(status) || status < 200 || status > 999)
    throw new TypeError(
      `The application returned a Response of status ${status}, which cannot be sent. Use 200 to 599.`,
    )
  if (bodyUsed === true)
    throw new TypeError('The application returned a Response whose body has been read already.')
  const headers = sentHeaders(answer)
  const statusText = checkedText(String(answer.statusText ?? ''))
  const base = { status, statusText, headers, type: undefined }
  const source = sourceFrom(body)
  if (source !== undefined) return { ...base, source }
  return (answer.arrayBuffer?.() ?? Promise.resolve(new ArrayBuffer(0))).then((bytes) => ({
    ...base,
    source: new Uint8Array(bytes),
  }))
}

/** undefined: only its methods can give it. */
const sourceFrom = (body: unknown): Source | undefined => {
  if (body === null) return null
  if (body instanceof ReadableStream) {
    if (body.locked)
      throw new TypeError('The application returned a Response whose body is being read by someone else.')
    return body
  }
  if (typeof body === 'object' && body !== undefined && Symbol.asyncIterator in body)
    return ReadableStream.from(body as AsyncIterable<Uint8Array>)
  return undefined
}

/** Content codings that the runtime's `fetch` takes off a body, and leaves in the headers. */
const takenOff = new Set(['gzip', 'x-gzip', 'deflate', 'br'])

/**
 * What `fetch` answered may be returned as it is: then the body is no longer what Content-Encoding and Content-Length
 * say of it.
 */
const sentHeaders = ({ headers: given, body, type }: Foreign): LightHeaders => {
  const headers = new LightHeaders(given as LightHeaders)
  const codings = headers.get('content-encoding')
  if (codings === null || body === null || type === undefined || type === 'default') return headers
  if (!codings.split(',').every((coding) => takenOff.has(coding.trim().toLowerCase()))) return headers
  headers.delete('content-encoding')
  headers.delete('content-length')
  return headers
}
