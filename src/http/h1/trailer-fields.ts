/**
 * Which fields a trailer section must not have (RFC 9110, 6.5.1): those that frame, route, authenticate, modify
 * the request, or say what the content is. Whoever acts on them has acted before they come.
 */

import type { Refusal } from './events.ts'
import { latin1 } from './latin1.ts'
import { refusals } from './refusals.ts'

const forbidden = new Set([
  'age',
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expect',
  'expires',
  'forwarded',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'location',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'retry-after',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
  'warning',
  'www-authenticate',
])
const longest = Math.max(...[...forbidden].map((name) => name.length))

export const isForbiddenTrailer = (name: string): boolean =>
  name.length <= longest && forbidden.has(name.toLowerCase())

export const judgeTrailer = (buffer: Buffer, start: number, end: number): Refusal | undefined =>
  end - start <= longest && isForbiddenTrailer(latin1(buffer, start, end)) ? refusals.trailerName : undefined
