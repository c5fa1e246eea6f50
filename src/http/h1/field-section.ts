/**
 * Field lines up to the empty line that ends them (RFC 9112, 5), of a head or of a trailer section, byte by byte,
 * resumable anywhere. Finds where names and values are; `framing-fields.ts` and `trailer-fields.ts` know what some
 * of them mean.
 */

import type { Refusal } from './events.ts'
import { endOfValue, FramingFields, mayFrame, startOfValue } from './framing-fields.ts'
import { nameBytes, valueBytes } from './grammar.ts'
import { HeaderBlock, marksPerField } from './header-block.ts'
import { latin1 } from './latin1.ts'
import { isRefused, needsMore } from './outcome.ts'
import { refusals } from './refusals.ts'
import type { Rules } from './rules.ts'
import { judgeTrailer } from './trailer-fields.ts'

const cr = 0x0d
const lf = 0x0a
const colon = 0x3a
const isSpace = (code: number | undefined): boolean => code === 0x20 || code === 0x09

/**
 * Where in a line the scan is: before its first byte, in the name, in space behind it, in the value, behind the CR,
 * before the line that may be this one's obs-fold, behind the CR of the empty line, behind its LF.
 */
const part = { start: 0, name: 1, gap: 2, value: 3, lineEnd: 4, next: 5, ending: 6, complete: 7 } as const
type Part = (typeof part)[keyof typeof part]

/** Marks kept from the largest section that was scanned; a larger one gives its memory back. */
const mostMarks = 1024

export class FieldSection {
  refusal: Refusal | undefined
  #part: Part = part.start
  #rules: Rules
  #kind: 'head' | 'trailers' = 'head'
  /** Index of the section's first byte in the buffer; all other offsets count from it. */
  #origin = 0
  /** Bytes that the whole section may have, and where the line that is read must have ended. */
  #most = 0
  #bound = 0
  #nameStart = 0
  #nameEnd = 0
  #valueStart = 0
  /** Bits of `nameBytes`, of all names. */
  #bits = 0
  #folded = false
  readonly #marks: number[] = []
  #used = 0
  readonly #framing = new FramingFields()

  constructor(rules: Rules) {
    this.#rules = rules
  }

  /** A section begins at `origin` and has at most `most` bytes. */
  begin(kind: 'head' | 'trailers', origin: number, most: number, rules: Rules): void {
    this.refusal = undefined
    this.#part = part.start
    this.#rules = rules
    this.#kind = kind
    this.#origin = origin
    this.#most = most
    this.#bits = 0
    this.#folded = false
    this.#used = 0
    this.#framing.begin()
    if (this.#marks.length > mostMarks) this.#marks.length = 0
  }

  get origin(): number {
    return this.#origin
  }

  /** The bytes read so far stand at `origin` of another buffer from now on. */
  moveTo(origin: number): void {
    this.#origin = origin
  }

  /** Reads from `at`; answers the position behind the empty line, `needsMore`, or `isRefused`. */
  read(buffer: Buffer, at: number, end: number): number {
    let position = at
    while (position < end && this.refusal === undefined) {
      if (this.#part === part.start)
        position = this.#start(buffer, this.#ordinary(buffer, position, end), end)
      if (this.#part === part.name) position = this.#name(buffer, position, end)
      if (this.#part === part.gap) position = this.#gap(buffer, position, end)
      if (this.#part === part.value) position = this.#value(buffer, position, end)
      if (this.#part === part.lineEnd) position = this.#lineEnd(buffer, position, end)
      if (this.#part === part.next) position = this.#next(buffer, position, end)
      if (this.#part === part.ending) position = this.#ending(buffer, position, end)
      if (this.#part === part.complete) return position
    }
    return this.refusal === undefined ? needsMore : isRefused
  }

  /** The section that was read whole; its bytes end at `end`. */
  block(buffer: Buffer, end: number): HeaderBlock {
    return new HeaderBlock(
      latin1(buffer, this.#origin, end),
      this.#marks.slice(0, this.#used),
      this.#framing.facts((this.#bits & 2) !== 0, this.#folded),
    )
  }

  #refuse(refusal: Refusal, at: number): number {
    this.refusal = refusal
    return at
  }

  /** Ran out of bytes at `at`: because there are no more yet, or because there may not be more. */
  #runOut(at: number, end: number, bound: number): number {
    if (at < end || at - this.#origin >= bound)
      this.refusal = bound === this.#most ? this.#tooLong() : refusals.fieldLength
    return at
  }

  #tooLong(): Refusal {
    return this.#kind === 'head' ? refusals.headLength : refusals.trailerLength
  }

  #stop(end: number, bound: number): number {
    const last = this.#origin + bound
    return end < last ? end : last
  }

  /**
   * Reads lines that are whole and in order, in one go each: nearly all there are. Stops before the first line that
   * is not, and leaves it to the parts below, which can stop anywhere and tell what is wrong.
   */
  #ordinary(buffer: Buffer, at: number, end: number): number {
    const { fields, fieldSize, leniency } = this.#rules
    if (leniency.obsoleteFolding) return at
    const stop = this.#stop(end, this.#most)
    let start = at
    while (this.#used < fields * marksPerField && this.refusal === undefined) {
      let position = start
      let bits = 0
      for (; position < stop; position += 1) {
        const kind = nameBytes[buffer[position] ?? 0] ?? 0
        if (kind === 0) break
        bits |= kind
      }
      if (position === start || position >= stop || buffer[position] !== colon) return start
      const nameEnd = position
      position += 1
      while (position < stop && valueBytes[buffer[position] ?? 0] === 1) position += 1
      const next = position + 2
      if (next > stop || buffer[position] !== cr || buffer[position + 1] !== lf || next - start > fieldSize)
        return start
      this.#bits |= bits
      const first = startOfValue(buffer, nameEnd + 1, position)
      this.#field(buffer, start, nameEnd, first, endOfValue(buffer, first, position))
      start = next
    }
    return start
  }

  #start(buffer: Buffer, at: number, end: number): number {
    if (this.refusal !== undefined) return at
    if (at >= this.#stop(end, this.#most)) return this.#runOut(at, end, this.#most)
    const code = buffer[at]
    if (code === cr) {
      this.#part = part.ending
      return at + 1
    }
    if (isSpace(code)) return this.#refuse(this.#used === 0 ? refusals.leadingSpace : refusals.folding, at)
    if (this.#used === this.#rules.fields * marksPerField) return this.#refuse(refusals.fieldCount, at)
    this.#nameStart = at - this.#origin
    this.#bound = Math.min(this.#most, this.#nameStart + this.#rules.fieldSize)
    this.#part = part.name
    return at
  }

  #name(buffer: Buffer, at: number, end: number): number {
    const stop = this.#stop(end, this.#bound)
    let position = at
    let bits = 0
    for (; position < stop; position += 1) {
      const kind = nameBytes[buffer[position] ?? 0] ?? 0
      if (kind === 0) break
      bits |= kind
    }
    this.#bits |= bits
    if (position >= stop) return this.#runOut(position, end, this.#bound)
    this.#nameEnd = position - this.#origin
    if (this.#nameEnd === this.#nameStart) return this.#refuse(refusals.fieldName, position)
    this.#part = part.gap
    return position
  }

  /** RFC 9112, 5.1: nothing between name and colon. */
  #gap(buffer: Buffer, at: number, end: number): number {
    const stop = this.#stop(end, this.#bound)
    let position = at
    for (; position < stop; position += 1) {
      const code = buffer[position]
      if (code === colon) {
        this.#valueStart = position + 1 - this.#origin
        this.#part = part.value
        return position + 1
      }
      if (!isSpace(code)) return this.#refuse(refusals.fieldName, position)
      if (!this.#rules.leniency.headerSpaces) return this.#refuse(refusals.nameSpace, position)
    }
    return this.#runOut(position, end, this.#bound)
  }

  #value(buffer: Buffer, at: number, end: number): number {
    const stop = this.#stop(end, this.#bound)
    let position = at
    while (position < stop && valueBytes[buffer[position] ?? 0] === 1) position += 1
    if (position >= stop) return this.#runOut(position, end, this.#bound)
    const code = buffer[position]
    if (code !== cr) return this.#refuse(code === lf ? refusals.lineEnd : refusals.fieldValue, position)
    this.#part = part.lineEnd
    return position + 1
  }

  #lineEnd(buffer: Buffer, at: number, end: number): number {
    if (at >= this.#stop(end, this.#bound)) return this.#runOut(at, end, this.#bound)
    if (buffer[at] !== lf) return this.#refuse(refusals.lineEnd, at)
    // Where folding is allowed only the next line's first byte tells whether the field is complete.
    if (this.#rules.leniency.obsoleteFolding) this.#part = part.next
    else this.#partsEnded(buffer, at - 1)
    return at + 1
  }

  #next(buffer: Buffer, at: number, end: number): number {
    if (at >= this.#stop(end, this.#most)) return this.#runOut(at, end, this.#most)
    if (isSpace(buffer[at])) {
      this.#folded = true
      this.#part = part.value
      return at + 1
    }
    this.#partsEnded(buffer, at)
    return at
  }

  #ending(buffer: Buffer, at: number, end: number): number {
    if (at >= this.#stop(end, this.#most)) return this.#runOut(at, end, this.#most)
    if (buffer[at] !== lf) return this.#refuse(refusals.lineEnd, at)
    this.#part = part.complete
    return at + 1
  }

  /** The field that was read in parts is complete; its value ends before `end`, but for white space. */
  #partsEnded(buffer: Buffer, end: number): void {
    const origin = this.#origin
    const first = startOfValue(buffer, origin + this.#valueStart, end)
    const last = endOfValue(buffer, first, end)
    this.#field(buffer, origin + this.#nameStart, origin + this.#nameEnd, first, last)
    this.#part = part.start
  }

  #field(buffer: Buffer, name: number, nameEnd: number, value: number, valueEnd: number): void {
    const origin = this.#origin
    const marks = this.#marks
    const at = this.#used
    marks[at] = name - origin
    marks[at + 1] = nameEnd - origin
    marks[at + 2] = value - origin
    marks[at + 3] = valueEnd - origin
    this.#used = at + marksPerField
    if (this.#kind === 'trailers') this.refusal = judgeTrailer(buffer, name, nameEnd)
    else if (mayFrame(buffer, name, nameEnd))
      this.refusal = this.#framing.read(buffer, name, nameEnd - name, value, valueEnd)
  }
}
