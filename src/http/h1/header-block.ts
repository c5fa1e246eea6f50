/**
 * The fields of one message, as they were sent: one latin1 text and offsets into it. Names and values are cut out
 * when asked for. Immutable, so that requests with the same bytes share one.
 */
import { lowerBytes } from './grammar.ts'

/** What a head's Transfer-Encoding fields come to: none; `chunked`; chunked last of several; not chunked at last. */
export type Coding = 'none' | 'chunked' | 'several' | 'unframed'

/** Facts about the names of a block, and about the fields that frame a message, gathered while it was scanned. */
export interface BlockFacts {
  /** Whether a name holds `_`, which CGI cannot tell from `-`. */
  readonly underscores: boolean
  /** Whether a field is folded (obs-fold). */
  readonly folded: boolean
  readonly hosts: number
  /** -1 when there is no Content-Length. */
  readonly contentLength: number
  readonly coding: Coding
  /** What Connection lists. */
  readonly close: boolean
  readonly keepAlive: boolean
  readonly upgradeListed: boolean
  /** Whether there is an Upgrade field. */
  readonly upgrade: boolean
  readonly expect: 'nothing' | 'continue' | 'other'
}

export const noFacts: BlockFacts = {
  underscores: false,
  folded: false,
  hosts: 0,
  contentLength: -1,
  coding: 'none',
  close: false,
  keepAlive: false,
  upgradeListed: false,
  upgrade: false,
  expect: 'nothing',
}

/** Offsets of one field: start and end of its name, start and end of its value without white space around it. */
export const marksPerField = 4

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

/** Without blanks around it. Not trim(), which takes away what HTTP does not call a blank. */
const bare = (line: string): string => {
  let start = 0
  let end = line.length
  while (start < end && isBlank(line.charCodeAt(start))) start += 1
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1
  return line.slice(start, end)
}

/**
 * RFC 9112, 5.2: an obs-fold counts as one or more spaces. Line by line: a pattern for the blanks before a fold tries
 * again at each of them, and values of blanks alone would cost the square of their length.
 */
const unfolded = (value: string): string =>
  value.includes('\r') ? value.split('\r\n').map(bare).join(' ') : value

export class HeaderBlock {
  readonly count: number
  readonly facts: BlockFacts
  /** The field lines with the empty line that ends them: two blocks with the same text are the same. */
  readonly text: string
  readonly #marks: readonly number[]
  #raw: readonly string[] | undefined

  /** `marks` has `marksPerField` offsets into `text` for each field. Both are kept. */
  constructor(text: string, marks: readonly number[], facts: BlockFacts) {
    this.text = text
    this.count = marks.length / marksPerField
    this.facts = facts
    this.#marks = marks
  }

  /** The name of the field line at `index`, as sent. */
  name(index: number): string {
    const at = index * marksPerField
    return this.text.slice(this.#marks[at], this.#marks[at + 1])
  }

  /** The value of the field line at `index`, without the white space around it. */
  value(index: number): string {
    const at = index * marksPerField
    const value = this.text.slice(this.#marks[at + 2], this.#marks[at + 3])
    return this.facts.folded ? unfolded(value) : value
  }

  /** Index of the first field line of this name from `from` on, -1 when there is none. `lowerName` in small letters. */
  find(lowerName: string, from = 0): number {
    const marks = this.#marks
    const { length } = lowerName
    for (let index = from; index < this.count; index += 1) {
      const start = marks[index * marksPerField] ?? 0
      const end = marks[index * marksPerField + 1] ?? 0
      if (end - start === length && this.#isAt(start, lowerName)) return index
    }
    return -1
  }

  #isAt(start: number, lowerName: string): boolean {
    const { text } = this
    for (let index = 0; index < lowerName.length; index += 1) {
      if (lowerBytes[text.charCodeAt(start + index)] !== lowerName.charCodeAt(index)) return false
    }
    return true
  }

  /** All values of this name joined with `, ` (`; ` for cookie); undefined when there is none. */
  get(lowerName: string): string | undefined {
    let index = this.find(lowerName)
    if (index === -1) return undefined
    let joined = this.value(index)
    // RFC 9110, 5.3 joins lists with a comma; RFC 6265, 5.4 has Cookie alone, which is joined with its own separator.
    const separator = lowerName === 'cookie' ? '; ' : ', '
    for (index = this.find(lowerName, index + 1); index !== -1; index = this.find(lowerName, index + 1))
      joined += separator + this.value(index)
    return joined
  }

  /** name, value, name, value ... as sent; made once. */
  raw(): readonly string[] {
    this.#raw ??= Array.from({ length: this.count * 2 }, (_, index) =>
      index % 2 === 0 ? this.name(index / 2) : this.value((index - 1) / 2),
    )
    return this.#raw
  }

  /** The same without the fields whose names (as sent) are in `names`; its text stays whole. */
  without(names: ReadonlySet<string>): HeaderBlock {
    const marks = this.#marks.filter((_, at) => !names.has(this.name(Math.floor(at / marksPerField))))
    return marks.length === this.#marks.length ? this : new HeaderBlock(this.text, marks, this.facts)
  }
}

export const emptyBlock = new HeaderBlock('\r\n', [], noFacts)
