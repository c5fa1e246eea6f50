/**
 * One head, or one trailer section, under way: the request line, its judgement, the fields. Reads a buffer that
 * holds all bytes of it so far; whose buffer that is, is not its business.
 */

import type { Refusal, RequestHead } from './events.ts'
import { FieldSection } from './field-section.ts'
import { headOf, judgeHead, judgeLine, type Line } from './head.ts'
import type { HeaderBlock } from './header-block.ts'
import { isTextAt } from './latin1.ts'
import { isRefused, needsMore } from './outcome.ts'
import { refusals } from './refusals.ts'
import { RequestLine } from './request-line.ts'
import type { Rules } from './rules.ts'

const lf = 0x0a

export class HeadScan {
  refusal: Refusal = refusals.cutShort
  /** After `read` found the end: of a head, all of it, also when it is refused as a whole; of a trailer section, its fields. */
  head: RequestHead | undefined
  fields: HeaderBlock | undefined
  #rules: Rules
  #origin = 0
  readonly #line = new RequestLine()
  #judged: Line | undefined
  readonly #section: FieldSection

  constructor(rules: Rules) {
    this.#rules = rules
    this.#section = new FieldSection(rules)
  }

  /** The next byte that is read, at `origin`, is a head's first. */
  beginHead(origin: number, rules: Rules): void {
    this.#rules = rules
    this.#origin = origin
    this.#judged = undefined
    this.#line.begin(origin)
  }

  /** The next byte that is read, at `origin`, is a trailer section's first. */
  beginTrailers(origin: number, rules: Rules): void {
    this.#rules = rules
    this.#origin = origin
    this.#section.begin('trailers', origin, rules.trailers, rules)
  }

  /** The bytes read so far stand at the start of another buffer from now on. */
  moveToStart(): void {
    const first = this.#judged === undefined ? 0 : this.#section.origin - this.#origin
    this.#line.moveTo(0)
    this.#section.moveTo(first)
    this.#origin = 0
  }

  /**
   * Reads a head from `at`. What came in `known` may come again. Answers the position behind the head,
   * `needsMore`, or `isRefused`.
   */
  readHead(buffer: Buffer, at: number, end: number, known: RequestHead): number {
    let position = at
    if (this.#judged === undefined) {
      position = this.#line.read(buffer, at, end, this.#rules)
      if (position < 0) return position === needsMore ? needsMore : this.#refuse(this.#line.refusal)
      const judged = judgeLine(buffer, this.#origin, this.#line, this.#rules, known.target)
      if ('status' in judged) return this.#refuse(judged)
      this.#judged = judged
      if (this.#isNext(buffer, position, end, known.fields))
        return this.#complete(judged, known.fields, position + known.fields.text.length)
      const most = this.#rules.head - (position - this.#origin)
      this.#section.begin('head', position, most, this.#rules)
    }
    position = this.#section.read(buffer, position, end)
    if (position < 0) return position === needsMore ? needsMore : this.#refuse(this.#section.refusal)
    return this.#complete(this.#judged, this.#section.block(buffer, position), position)
  }

  /** Reads a trailer section from `at`; answers as `readHead` does. */
  readTrailers(buffer: Buffer, at: number, end: number): number {
    const position = this.#section.read(buffer, at, end)
    if (position < 0) return position === needsMore ? needsMore : this.#refuse(this.#section.refusal)
    this.fields = this.#section.block(buffer, position)
    return position
  }

  /**
   * Whether the bytes at `at` are those of `known`, which obeyed the same rules and ends in the empty line; what it
   * cannot know is how much the request line before it leaves of the whole head's bound.
   */
  #isNext(buffer: Buffer, at: number, end: number, { text }: HeaderBlock): boolean {
    const last = at + text.length
    if (last > end || buffer[last - 1] !== lf || last - this.#origin > this.#rules.head) return false
    return isTextAt(buffer, at, text)
  }

  #complete(line: Line, fields: HeaderBlock, position: number): number {
    this.head = headOf(line, fields)
    const refusal = judgeHead(line, fields.facts, this.#rules)
    return refusal === undefined ? position : this.#refuse(refusal)
  }

  #refuse(refusal: Refusal | undefined): number {
    this.refusal = refusal ?? refusals.cutShort
    return isRefused
  }
}
