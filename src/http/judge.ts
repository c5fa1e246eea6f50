/**
 * Judges a request's head: too long, too many, ambiguous, contradictory, or in order. Pure; called for every
 * request, so it looks at each field once, and at its bytes only where they can matter.
 */
import { compileSecureHeaders, schemeOf } from './forwarded.ts'
import { type HttpPolicy, type Limits, limitsOf } from './policy.ts'
import { faultOfTarget, isHost } from './targets.ts'

export interface Head {
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly string[]
  /** As `1.1`. */
  readonly version: string
}

/** `status` is the answer's; `reason` is for logs and never holds a byte of the request. */
export interface Refusal {
  readonly verdict: 'refuse'
  readonly status: 400 | 413 | 414 | 417 | 431 | 501 | 503 | 505
  readonly reason: string
}

export type Verdict =
  | { readonly verdict: 'serve' }
  /** Serve it without these fields (names as they were sent). */
  | { readonly verdict: 'serve without'; readonly names: ReadonlySet<string> }
  | Refusal

export type Judge = (head: Head, trusted: () => boolean) => Verdict

const inOrder: Verdict = { verdict: 'serve' }
const refuse = (status: Refusal['status'], reason: string): Refusal => ({ verdict: 'refuse', status, reason })

/** ` HTTP/1.1` and CRLF, and the space before the target. */
const lineOverhead = 12
/** `: ` and CRLF. */
const fieldOverhead = 4
/** The empty line. */
const headEnd = 2

/** A judge by this policy. `trusted` says whether the peer's word is taken; it is asked only when it matters. */
export const createJudge = (policy: HttpPolicy): Judge => {
  const limits = limitsOf(policy)
  const lines = createLineJudge(policy, limits)
  const rules = createRules(policy)
  const underscores = createUnderscoreJudge(policy)
  return (head, trusted) => {
    const fault = lines(head)
    if (fault) return fault
    const { rawHeaders } = head
    const found: Found = { hosts: 0, types: 0, length: -1, codings: undefined, schemes: 0, fault: undefined }
    let size = head.method.length + head.target.length + lineOverhead + headEnd
    let odd = false
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? ''
      const value = rawHeaders[index + 1] ?? ''
      const length = name.length + value.length + fieldOverhead
      if (length > limits.fieldSize)
        return refuse(431, 'a header field is longer than limit_request_field_size')
      size += length
      if (name.includes('_')) odd = true
      else if (rules.concerns(name)) rules.note(found, name.toLowerCase(), value)
    }
    if (size > limits.head) return refuse(431, 'the head is longer than limit_request_head')
    const refusal = rules.judge(found, head, trusted)
    if (refusal) return refusal
    return odd ? underscores(rawHeaders, trusted) : inOrder
  }
}

/** Judges the request line, and the number of fields. */
const createLineJudge =
  (policy: HttpPolicy, limits: Limits) =>
  ({ method, target, version, rawHeaders }: Head): Refusal | undefined => {
    if (method.length + target.length + lineOverhead > limits.line)
      return refuse(414, 'the request line is longer than limit_request_line')
    if (version !== '1.1' && version !== '1.0') {
      // A line without a version is HTTP/0.9, which had no fields.
      if (version === '0.9' && rawHeaders.length === 0) return refuse(400, 'the request line has no version')
      if (version === '0.9' || !policy.unconventionalVersion)
        return refuse(505, 'the version is not 1.0 or 1.1')
    }
    if (rawHeaders.length > limits.fields * 2)
      return refuse(431, 'there are more header fields than limit_request_fields')
    if (ofRtsp.has(method)) return refuse(400, 'the method is of another protocol')
    const fault = faultOfTarget(method, target)
    return fault === undefined ? undefined : refuse(400, fault)
  }

/** Methods that node's parser takes from RTSP only, and then says HTTP. */
const ofRtsp = new Set([
  'ANNOUNCE',
  'DESCRIBE',
  'FLUSH',
  'GET_PARAMETER',
  'PAUSE',
  'PLAY',
  'RECORD',
  'REDIRECT',
  'SETUP',
  'SET_PARAMETER',
  'TEARDOWN',
])

/** What the fields said that a verdict depends on. */
interface Found {
  hosts: number
  types: number
  /** Content-Length; -1 without one. */
  length: number
  /** Transfer-Encoding, its lines joined. */
  codings: string | undefined
  schemes: number
  fault: Refusal | undefined
}

interface Rules {
  /** Whether this may be a field that is judged; wrong only towards yes. */
  readonly concerns: (name: string) => boolean
  readonly note: (found: Found, lowerName: string, value: string) => void
  readonly judge: (found: Found, head: Head, trusted: () => boolean) => Refusal | undefined
}

const createRules = (policy: HttpPolicy): Rules => {
  const secure = compileSecureHeaders(policy.secureSchemeHeaders)
  const most = policy.limitRequestBody <= 0 ? Infinity : policy.limitRequestBody
  /** By the length of a name, a bit for each letter it may begin with. */
  const initials = new Uint32Array(256)
  const bitOf = (name: string) => 1 << (name.charCodeAt(0) & 31)
  for (const name of ['host', 'content-type', 'content-length', 'transfer-encoding', ...secure.values.keys()])
    initials[name.length] = (initials[name.length] ?? 0) | bitOf(name)
  let goodHost = ''
  const isGood = (value: string): boolean => {
    // Nearly all requests of a server name the same few hosts.
    if (value === goodHost || isHost(value)) goodHost = value
    return value === goodHost
  }
  return {
    concerns: (name) => ((initials[name.length] ?? 0) & bitOf(name)) !== 0,
    note: (found, name, value) => {
      if (name === 'host') {
        found.hosts += 1
        if (!isGood(value)) found.fault = refuse(400, 'Host is malformed')
      } else if (name === 'content-type') found.types += 1
      else if (name === 'content-length') found.length = Number(value)
      else if (name === 'transfer-encoding')
        found.codings = found.codings === undefined ? value : `${found.codings},${value}`
      else if (secure.values.has(name)) found.schemes += 1
    },
    judge: (found, head, trusted) => {
      // RFC 9112, 3.2: none in 1.1, more than one, and a wrong one are answered with 400.
      if (found.fault) return found.fault
      if (found.hosts > 1) return refuse(400, 'there is more than one Host field')
      // RFC 9110, 5.3 and 8.3: node would take the first, others the last or both.
      if (found.types > 1) return refuse(400, 'there is more than one Content-Type')
      if (found.hosts === 0 && policy.requireHost && head.version !== '1.0')
        return refuse(400, 'there is no Host field')
      if (found.codings !== undefined || found.length !== -1) {
        const refusal = judgeFraming(found, head, most)
        if (refusal) return refusal
      }
      if (found.schemes > 1 && trusted() && schemeOf(head.rawHeaders, secure) === 'contradictory')
        return refuse(400, 'the headers of secure_scheme_headers contradict each other')
      return undefined
    },
  }
}

/** RFC 9112, 6: where a body ends must be beyond doubt. */
const judgeFraming = ({ codings, length }: Found, head: Head, most: number): Refusal | undefined => {
  if (head.method === 'CONNECT' && (codings !== undefined || length > 0))
    return refuse(400, 'CONNECT announces a body')
  if (codings !== undefined) {
    if (length !== -1) return refuse(400, 'there are both Content-Length and Transfer-Encoding')
    return codings === 'chunked' && head.version !== '1.0' ? undefined : judgeCodings(codings, head)
  }
  if (!Number.isSafeInteger(length)) return refuse(400, 'Content-Length is out of bounds')
  return length > most ? refuse(413, 'the body is larger than limit_request_body') : undefined
}

/** Not trim(), which takes more for white space than HTTP does. */
const withoutBlanks = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase()

const judgeCodings = (text: string, { version }: Head): Refusal | undefined => {
  if (version === '1.0') return refuse(400, 'there is Transfer-Encoding in HTTP/1.0')
  const codings = text.split(',').map(withoutBlanks)
  const isLast = codings.indexOf('chunked') === codings.length - 1
  if (!isLast || codings.includes('')) return refuse(400, 'Transfer-Encoding does not end in chunked')
  return codings.length === 1 ? undefined : refuse(501, 'Transfer-Encoding names another coding than chunked')
}

export type UnderscoreJudge = (rawHeaders: readonly string[], trusted: () => boolean) => Verdict

/** What becomes of names with `_`, by the policy. */
export const createUnderscoreJudge = ({ headerMap, forwarderHeaders }: HttpPolicy): UnderscoreJudge => {
  const forwarded = new Set(forwarderHeaders.map((name) => name.toUpperCase()))
  const mayForward = (name: string) => forwarded.has('*') || forwarded.has(name.toUpperCase())
  if (headerMap === 'dangerous') return () => inOrder
  return (rawHeaders, trusted) => {
    const names = new Set<string>()
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? ''
      if (name.includes('_') && !(mayForward(name) && trusted())) names.add(name)
    }
    if (names.size === 0) return inOrder
    return headerMap === 'refuse'
      ? refuse(400, 'a header name contains an underscore (header_map is refuse)')
      : { verdict: 'serve without', names }
  }
}

/** `rawHeaders` without the fields of these names. */
export const withoutFields = (rawHeaders: readonly string[], names: ReadonlySet<string>): string[] =>
  rawHeaders.filter((_, index) => !names.has(rawHeaders[index - (index % 2)] ?? ''))
