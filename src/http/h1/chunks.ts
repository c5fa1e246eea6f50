/**
 * The framing of a chunked body, RFC 9112, 7.1, byte by byte, resumable anywhere: size lines with their extensions,
 * and the CRLF behind each chunk's data. The data itself and the trailer section are others' to read.
 */
import type { Refusal } from './events.ts'
import { hexValues, quotedBytes, tokenBytes, valueBytes } from './grammar.ts'
import { isRefused, needsMore } from './outcome.ts'
import { refusals } from './refusals.ts'
import type { Rules } from './rules.ts'

const cr = 0x0d
const lf = 0x0a
const semicolon = 0x3b
const equals = 0x3d
const quote = 0x22
const backslash = 0x5c
const isSpace = (code: number): boolean => code === 0x20 || code === 0x09

/**
 * What the next byte may belong to. `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`: white space
 * must be followed by more of the extension, never by the line's end.
 */
const part = {
  dataCr: 0,
  dataLf: 1,
  firstDigit: 2,
  digits: 3,
  beforeSemicolon: 4,
  beforeName: 5,
  name: 6,
  afterName: 7,
  beforeValue: 8,
  token: 9,
  quoted: 10,
  escaped: 11,
  afterQuoted: 12,
  lineEnd: 13,
  complete: 14,
} as const
type Part = (typeof part)[keyof typeof part]

/** One more hexadecimal digit makes at most 2^52 of this, which is counted exactly. */
const mostBeforeDigit = 2 ** 48 - 1

export class ChunkFraming {
  refusal: Refusal | undefined
  /** Of the size line that was read last; 0 is the last chunk. */
  size = 0
  readonly #rules: Rules
  #part: Part = part.firstDigit
  #lineBytes = 0
  #extensionBytes = 0
  #bodyBytes = 0

  constructor(rules: Rules) {
    this.#rules = rules
  }

  /** The data of the chunk was read. */
  dataEnded(): void {
    this.#part = part.dataCr
  }

  /** Reads up to the end of a size line; answers the position behind it, `needsMore`, or `isRefused`. */
  read(buffer: Uint8Array, at: number, end: number): number {
    for (let position = at; position < end; position += 1) {
      this.refusal = this.#byte(buffer[position] ?? 0)
      if (this.refusal !== undefined) return isRefused
      if (this.#part === part.complete) return position + 1
    }
    return needsMore
  }

  #byte(code: number): Refusal | undefined {
    if (this.#part <= part.dataLf) return this.#afterData(code)
    this.#lineBytes += 1
    if (this.#part === part.lineEnd) return this.#complete(code)
    const refusal = this.#part <= part.digits ? this.#digit(code) : this.#extension(code)
    if (refusal !== undefined) return refusal
    if (this.#part > part.digits && this.#part < part.lineEnd) {
      this.#extensionBytes += 1
      if (this.#extensionBytes > this.#rules.chunkExtensions) return refusals.chunkExtensions
    }
    return this.#lineBytes >= this.#rules.chunkLine ? refusals.chunkLine : undefined
  }

  #afterData(code: number): Refusal | undefined {
    if (code !== (this.#part === part.dataCr ? cr : lf)) return refusals.chunkEnd
    this.#part = this.#part === part.dataCr ? part.dataLf : part.firstDigit
    return undefined
  }

  #complete(code: number): Refusal | undefined {
    if (code !== lf) return refusals.lineEnd
    if (this.#lineBytes > this.#rules.chunkLine) return refusals.chunkLine
    this.#bodyBytes += this.size
    if (this.#bodyBytes > this.#rules.body) return refusals.bodyLength
    this.#lineBytes = 0
    this.#part = part.complete
    return undefined
  }

  #digit(code: number): Refusal | undefined {
    const value = hexValues[code] ?? 16
    if (value < 16) {
      if (this.#part === part.firstDigit) this.size = 0
      if (this.size > mostBeforeDigit) return refusals.chunkSizeHuge
      this.size = this.size * 16 + value
      this.#part = part.digits
      return undefined
    }
    if (this.#part === part.firstDigit) return refusals.chunkSize
    return this.#afterElement(code, part.beforeSemicolon, refusals.chunkSize)
  }

  /** Behind the size, a name or a value: the line's end, the next extension, or white space before that. */
  #afterElement(code: number, inSpace: Part, otherwise: Refusal): Refusal | undefined {
    if (code === cr) this.#part = part.lineEnd
    else if (code === semicolon) this.#part = part.beforeName
    else if (isSpace(code)) this.#part = inSpace
    else return otherwise
    return undefined
  }

  #extension(code: number): Refusal | undefined {
    switch (this.#part) {
      case part.beforeSemicolon:
        return this.#spaced(code, code === semicolon, part.beforeName)
      case part.beforeName:
        return this.#spaced(code, tokenBytes[code] === 1, part.name)
      case part.name:
        if (tokenBytes[code] === 1) return undefined
        return this.#afterName(code)
      case part.afterName:
        return code === cr ? refusals.chunkExtension : this.#afterName(code)
      case part.beforeValue:
        return this.#spaced(
          code,
          code === quote || tokenBytes[code] === 1,
          code === quote ? part.quoted : part.token,
        )
      case part.token:
        if (tokenBytes[code] === 1) return undefined
        return this.#afterElement(code, part.beforeSemicolon, refusals.chunkExtension)
      case part.afterQuoted:
        return this.#afterElement(code, part.beforeSemicolon, refusals.chunkExtension)
      default:
        return this.#quoted(code)
    }
  }

  /** White space, or the one thing that may come after it. */
  #spaced(code: number, isNext: boolean, next: Part): Refusal | undefined {
    if (isNext) this.#part = next
    else if (!isSpace(code)) return refusals.chunkExtension
    return undefined
  }

  #afterName(code: number): Refusal | undefined {
    if (code !== equals) return this.#afterElement(code, part.afterName, refusals.chunkExtension)
    this.#part = part.beforeValue
    return undefined
  }

  #quoted(code: number): Refusal | undefined {
    if (this.#part === part.escaped) {
      if (valueBytes[code] !== 1) return refusals.chunkExtension
      this.#part = part.quoted
    } else if (code === backslash) this.#part = part.escaped
    else if (code === quote) this.#part = part.afterQuoted
    else if (quotedBytes[code] !== 1) return refusals.chunkExtension
    return undefined
  }
}
