/**
 * Judges a head as a whole: what its line, its version and its fields say together, which no line alone can tell
 * (RFC 9112, 3.2 and 6). Reads no bytes but those of the target.
 */

import type { Refusal, RequestHead } from './events.ts'
import type { BlockFacts, HeaderBlock } from './header-block.ts'
import { isHost, isHostAndPort } from './host.ts'
import { latin1Again } from './latin1.ts'
import { methodAt } from './method.ts'
import { refusals } from './refusals.ts'
import type { RequestLine } from './request-line.ts'
import type { Rules } from './rules.ts'

type Form = RequestHead['form']

const slash = 0x2f
const asterisk = 0x2a
const isLetter = (code: number): boolean => (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a
/** ALPHA / DIGIT / "+" / "-" / ".", RFC 3986, 3.1; the first is a letter. */
const isSchemeByte = (code: number): boolean =>
  isLetter(code) || (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e

/** absolute-form, RFC 9112, 3.2.2: `scheme://host[:port]`, then a path or a query. User names are refused. */
const isAbsolute = (buffer: Buffer, start: number, end: number): boolean => {
  let at = start
  while (at < end && isSchemeByte(buffer[at] ?? 0)) at += 1
  if (at === start || !isLetter(buffer[start] ?? 0)) return false
  if (buffer[at] !== 0x3a || buffer[at + 1] !== slash || buffer[at + 2] !== slash) return false
  const authority = at + 3
  let stop = authority
  while (stop < end && buffer[stop] !== slash && buffer[stop] !== 0x3f) stop += 1
  return authority < end && isHost(buffer, authority, stop)
}

const formOf = (buffer: Buffer, start: number, end: number, method: string): Form | undefined => {
  // RFC 9112, 3.2.3: authority-form is for CONNECT, and CONNECT has no other.
  if (method === 'CONNECT') return isHostAndPort(buffer, start, end) ? 'authority' : undefined
  if (buffer[start] === slash) return 'origin'
  // RFC 9112, 3.2.4.
  if (end === start + 1 && buffer[start] === asterisk) return method === 'OPTIONS' ? 'asterisk' : undefined
  return isAbsolute(buffer, start, end) ? 'absolute' : undefined
}

/** What the request line says, once it is in order. */
export interface Line {
  readonly method: string
  readonly target: string
  readonly form: Form
  readonly version: string
  readonly modern: boolean
}

const isSupported = (major: number, minor: number): boolean => major === 1 && minor <= 1

const versionOf = (major: number, minor: number): string => {
  if (major === 1 && minor === 1) return '1.1'
  return `${major}.${minor}`
}

/** Judges a complete request line that begins at `origin`; `lastTarget` is likely to come again. The version is judged before the target, as HTTP/2's preface has both. */
export const judgeLine = (
  buffer: Buffer,
  origin: number,
  { methodEnd, targetEnd, major, minor }: RequestLine,
  { leniency }: Rules,
  lastTarget: string,
): Line | Refusal => {
  if (!leniency.unconventionalVersion && !isSupported(major, minor)) return refusals.unsupportedVersion
  const sent = methodAt(buffer, origin, origin + methodEnd)
  const method = leniency.casefoldMethod ? sent.toUpperCase() : sent
  const start = origin + methodEnd + 1
  const form = formOf(buffer, start, origin + targetEnd, method)
  if (form === undefined) return refusals.targetForm
  const target = latin1Again(buffer, start, origin + targetEnd, lastTarget)
  const modern = major > 1 || (major === 1 && minor > 0)
  return { method, target, form, version: versionOf(major, minor), modern }
}

/** The order is part of the promise: the first that applies is answered. */
const judgeFraming = (line: Line, facts: BlockFacts, rules: Rules): Refusal | undefined => {
  const { coding, contentLength } = facts
  if (coding !== 'none') {
    if (contentLength !== -1) return refusals.twoFramings
    if (!line.modern) return refusals.codingInOld
    if (coding === 'unframed') return refusals.chunkedNotLast
  }
  // RFC 9110, 9.3.6: a CONNECT request has no content.
  if (line.method === 'CONNECT' && (coding !== 'none' || contentLength !== -1)) return refusals.connectBody
  if (coding === 'several') return refusals.unsupportedCoding
  return contentLength > rules.body ? refusals.bodyLength : undefined
}

/** Judges line and fields together; undefined when they are in order. */
export const judgeHead = (line: Line, facts: BlockFacts, rules: Rules): Refusal | undefined => {
  if (facts.hosts === 0 && line.modern && rules.leniency.requireHost) return refusals.hostMissing
  const refusal = judgeFraming(line, facts, rules)
  if (refusal !== undefined) return refusal
  return facts.expect === 'other' && line.modern ? refusals.expectation : undefined
}

/** RFC 9112, 9.3; `close` prevails. */
const keepsAlive = (modern: boolean, { close, keepAlive }: BlockFacts): boolean =>
  !close && (modern || keepAlive)

/** The head that a judged line and a judged block make. */
export const headOf = (line: Line, fields: HeaderBlock): RequestHead => {
  const { method, target, form, version, modern } = line
  const { facts } = fields
  const bodyLength = facts.coding === 'chunked' ? -1 : Math.max(0, facts.contentLength)
  return {
    method,
    target,
    form,
    version,
    modern,
    fields,
    bodyLength,
    keepAlive: keepsAlive(modern, facts),
    expectContinue: modern && facts.expect === 'continue' && bodyLength !== 0,
    upgrade: (modern && facts.upgradeListed && facts.upgrade) || method === 'CONNECT',
  }
}
