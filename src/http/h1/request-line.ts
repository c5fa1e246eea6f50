/**
 * The request line, RFC 9112, 3: `method SP request-target SP HTTP/d.d CRLF`, byte by byte, resumable anywhere.
 * Says where the parts are (counted from the line's first byte); what the target means is judged when it is whole.
 */
import type { Refusal } from './events.ts'
import { targetBytes } from './grammar.ts'
import { isRefused, needsMore } from './outcome.ts'
import { refusals } from './refusals.ts'
import type { Rules } from './rules.ts'

const space = 0x20
const digit = 0
/** 0 stands for a DIGIT. RFC 9112, 2.3: HTTP-name is case-sensitive. */
const versionShape = Uint8Array.from([0x48, 0x54, 0x54, 0x50, 0x2f, digit, 0x2e, digit, 0x0d, 0x0a])

const part = { method: 0, target: 1, version: 2, complete: 3 } as const
type Part = (typeof part)[keyof typeof part]

export class RequestLine {
  methodEnd = 0
  targetEnd = 0
  major = 0
  minor = 0
  refusal: Refusal | undefined
  #part: Part = part.method
  #origin = 0

  begin(origin: number): void {
    this.refusal = undefined
    this.#part = part.method
    this.#origin = origin
  }

  /** The bytes read so far stand at `origin` of another buffer from now on. */
  moveTo(origin: number): void {
    this.#origin = origin
  }

  /** Reads from `at`; answers the position behind the line, `needsMore`, or `isRefused`. */
  read(buffer: Uint8Array, at: number, end: number, rules: Rules): number {
    const bound = this.#origin + rules.line
    const stop = end < bound ? end : bound
    let position = at
    if (this.#part === part.method) position = this.#method(buffer, position, stop, rules)
    if (this.#part === part.target) position = this.#target(buffer, position, stop)
    if (this.#part === part.version) position = this.#version(buffer, position, stop)
    if (this.#part === part.complete) return position
    if (this.refusal === undefined) {
      if (end < bound) return needsMore
      this.refusal = rules.beyondLine
    }
    return isRefused
  }

  #refuse(refusal: Refusal, at: number): number {
    this.refusal = refusal
    return at
  }

  #method(buffer: Uint8Array, at: number, stop: number, rules: Rules): number {
    const { methodBytes, longestMethod } = rules
    let position = at
    while (position < stop && methodBytes[buffer[position] ?? 0] === 1) position += 1
    const length = position - this.#origin
    if (length > longestMethod) return this.#refuse(refusals.method, position)
    if (position === stop) return position
    if (buffer[position] !== space || length < rules.shortestMethod)
      return this.#refuse(refusals.method, position)
    this.methodEnd = length
    this.#part = part.target
    return position + 1
  }

  #target(buffer: Uint8Array, at: number, stop: number): number {
    let position = at
    while (position < stop && targetBytes[buffer[position] ?? 0] === 1) position += 1
    if (position === stop) return position
    const length = position - this.#origin - this.methodEnd - 1
    const code = buffer[position]
    // `GET /` and CRLF is a request of HTTP/0.9.
    if (code === 0x0d && length > 0) return this.#refuse(refusals.version, position)
    if (code !== space || length === 0) return this.#refuse(refusals.target, position)
    this.targetEnd = position - this.#origin
    this.#part = part.version
    return position + 1
  }

  #version(buffer: Uint8Array, at: number, stop: number): number {
    const first = this.#origin + this.targetEnd + 1
    let position = at
    for (; position < stop; position += 1) {
      const code = buffer[position] ?? 0
      const wanted = versionShape[position - first] ?? 0
      if (wanted === digit ? code < 0x30 || code > 0x39 : code !== wanted)
        return this.#refuse(position - first > 8 ? refusals.lineEnd : refusals.version, position)
      if (wanted === 0x0a) return this.#complete(buffer, first)
    }
    return position
  }

  #complete(buffer: Uint8Array, first: number): number {
    this.major = (buffer[first + 5] ?? 0) - 0x30
    this.minor = (buffer[first + 7] ?? 0) - 0x30
    this.#part = part.complete
    return first + versionShape.length
  }
}
