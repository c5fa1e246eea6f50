/**
 * Judges a request's head: too long, too many, ambiguous, contradictory, or in order. Pure; called for every
 * request, so it looks at each field once, and at its bytes only where they can matter.
 */
import { compileSecureHeaders, schemeOf } from './forwarded.ts'
import { type HttpPolicy, limitsOf } from './policy.ts'

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
  readonly status: 400 | 414 | 431 | 505
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

/** A judge by this policy. `trusted` says whether the peer's word is taken; it is asked only when it matters. */
export const createJudge = (policy: HttpPolicy): Judge => {
  const limits = limitsOf(policy)
  const secure = compileSecureHeaders(policy.secureSchemeHeaders)
  const underscores = createUnderscoreJudge(policy)
  return (head, trusted) => {
    if (head.method.length + head.target.length + lineOverhead > limits.line)
      return refuse(414, 'the request line is longer than limit_request_line')
    if (head.version !== '1.1' && head.version !== '1.0') return refuse(505, 'the version is not 1.0 or 1.1')
    const { rawHeaders } = head
    if (rawHeaders.length > limits.fields * 2)
      return refuse(431, 'there are more header fields than limit_request_fields')
    let odd = false
    let schemes = 0
    let hosts = 0
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? ''
      if (name.length + (rawHeaders[index + 1] ?? '').length + fieldOverhead > limits.fieldSize)
        return refuse(431, 'a header field is longer than limit_request_field_size')
      if (name.includes('_')) odd = true
      else if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1
      else if (secure.lengths[name.length] === 1 && secure.values.has(name.toLowerCase())) schemes += 1
    }
    // RFC 9112, 3.2: more than one is answered with 400.
    if (hosts > 1) return refuse(400, 'there is more than one Host field')
    if (schemes > 1 && trusted() && schemeOf(rawHeaders, secure) === 'contradictory')
      return refuse(400, 'the headers of secure_scheme_headers contradict each other')
    return odd ? underscores(rawHeaders, trusted) : inOrder
  }
}

type UnderscoreJudge = (rawHeaders: readonly string[], trusted: () => boolean) => Verdict

const createUnderscoreJudge = ({ headerMap, forwarderHeaders }: HttpPolicy): UnderscoreJudge => {
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
