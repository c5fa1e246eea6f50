/**
 * The fields that say how a message is framed and what becomes of its connection, read while a head is scanned:
 * recognised by the length of the name, then its bytes. What can be judged from one field alone is refused here;
 * what several say together, or the version, is `head.ts`'s to judge.
 */
import type { Refusal } from './events.ts'
import { lowerBytes, spaceBytes, tokenBytes } from './grammar.ts'
import type { BlockFacts, Coding } from './header-block.ts'
import { isHost } from './host.ts'
import { refusals } from './refusals.ts'

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

const names = {
  host: bytesOf('host'),
  expect: bytesOf('expect'),
  upgrade: bytesOf('upgrade'),
  connection: bytesOf('connection'),
  contentType: bytesOf('content-type'),
  contentLength: bytesOf('content-length'),
  transferEncoding: bytesOf('transfer-encoding'),
}
/** First letters of those names by their length, 0 where there is none: what tells them from nearly all others. */
const initials = new Uint8Array(Math.max(...Object.values(names).map(({ length }) => length)) + 1)
for (const name of Object.values(names)) initials[name.length] = name[0] ?? 0

/** Whether `FramingFields.read` has to see the field whose name is there. */
export const mayFrame = (buffer: Uint8Array, name: number, end: number): boolean =>
  end - name < initials.length && initials[end - name] === lowerBytes[buffer[name] ?? 0]

const values = {
  close: bytesOf('close'),
  keepAlive: bytesOf('keep-alive'),
  upgrade: bytesOf('upgrade'),
  chunked: bytesOf('chunked'),
  continue: bytesOf('100-continue'),
}

/** Whether the bytes at `start` are `lower`, in letters of any size. */
const isAt = (buffer: Uint8Array, start: number, lower: Uint8Array): boolean => {
  for (let index = 0; index < lower.length; index += 1)
    if (lowerBytes[buffer[start + index] ?? 0] !== lower[index]) return false
  return true
}

const isText = (buffer: Uint8Array, start: number, end: number, lower: Uint8Array): boolean =>
  end - start === lower.length && isAt(buffer, start, lower)

const isToken = (buffer: Uint8Array, start: number, end: number): boolean => {
  for (let at = start; at < end; at += 1) if (tokenBytes[buffer[at] ?? 0] !== 1) return false
  return end > start
}

/** Content-Length = 1*DIGIT (RFC 9110, 8.6); as many digits as can be counted exactly. */
const mostDigits = 15
const comma = 0x2c

/** The coding after one more of the list; undefined when nothing may follow what is there. */
const codingAfter = (before: Coding, chunked: boolean): Coding | undefined => {
  if (before === 'none') return chunked ? 'chunked' : 'unframed'
  if (before === 'unframed') return chunked ? 'several' : 'unframed'
  return undefined
}

export class FramingFields {
  #hosts = 0
  #typed = false
  #contentLength = -1
  #coding: Coding = 'none'
  #close = false
  #keepAlive = false
  #upgradeListed = false
  #upgrade = false
  #expect: BlockFacts['expect'] = 'nothing'

  begin(): void {
    this.#hosts = 0
    this.#typed = false
    this.#contentLength = -1
    this.#coding = 'none'
    this.#close = false
    this.#keepAlive = false
    this.#upgradeListed = false
    this.#upgrade = false
    this.#expect = 'nothing'
  }

  facts(underscores: boolean, folded: boolean): BlockFacts {
    return {
      underscores,
      folded,
      hosts: this.#hosts,
      contentLength: this.#contentLength,
      coding: this.#coding,
      close: this.#close,
      keepAlive: this.#keepAlive,
      upgradeListed: this.#upgradeListed,
      upgrade: this.#upgrade,
      expect: this.#expect,
    }
  }

  /** Reads one field: where its name begins, how long it is, and its value without white space around it. */
  read(buffer: Uint8Array, name: number, length: number, start: number, end: number): Refusal | undefined {
    switch (length) {
      case 4:
        return isAt(buffer, name, names.host) ? this.#readHost(buffer, start, end) : undefined
      case 6:
        return isAt(buffer, name, names.expect) ? this.#readExpect(buffer, start, end) : undefined
      case 7:
        if (isAt(buffer, name, names.upgrade)) this.#upgrade = true
        return undefined
      case 10:
        return isAt(buffer, name, names.connection) ? this.#readConnection(buffer, start, end) : undefined
      case 12:
        return isAt(buffer, name, names.contentType) ? this.#readType() : undefined
      case 14:
        return isAt(buffer, name, names.contentLength) ? this.#readLength(buffer, start, end) : undefined
      case 17:
        return isAt(buffer, name, names.transferEncoding) ? this.#readCodings(buffer, start, end) : undefined
      default:
        return undefined
    }
  }

  /** RFC 9112, 3.2: one Host, valid; empty when the target has no authority. */
  #readHost(buffer: Uint8Array, start: number, end: number): Refusal | undefined {
    this.#hosts += 1
    if (this.#hosts > 1) return refusals.hostTwice
    return start === end || isHost(buffer, start, end) ? undefined : refusals.host
  }

  /** RFC 9110, 5.3 and 8.3: two of them cannot be one, and readers differ in which they take. */
  #readType(): Refusal | undefined {
    if (this.#typed) return refusals.contentTypeTwice
    this.#typed = true
    return undefined
  }

  #readExpect(buffer: Uint8Array, start: number, end: number): undefined {
    const isContinue = isText(buffer, start, end, values.continue)
    this.#expect = isContinue && this.#expect !== 'other' ? 'continue' : 'other'
  }

  /** RFC 9112, 6.3 would let equal lengths pass as one; nobody who means well sends them. */
  #readLength(buffer: Uint8Array, start: number, end: number): Refusal | undefined {
    if (this.#contentLength !== -1) return refusals.contentLengthTwice
    if (start === end || end - start > mostDigits) return refusals.contentLength
    let length = 0
    for (let at = start; at < end; at += 1) {
      const digit = (buffer[at] ?? 0) - 0x30
      if (digit < 0 || digit > 9) return refusals.contentLength
      length = length * 10 + digit
    }
    this.#contentLength = length
    return undefined
  }

  /** RFC 9112, 6.1. Empty elements and parameters have no use here but to confuse: they are malformed. */
  #readCodings(buffer: Uint8Array, start: number, end: number): Refusal | undefined {
    for (let at = start; at <= end; ) {
      const stop = elementEnd(buffer, at, end)
      const first = startOfValue(buffer, at, stop)
      const last = endOfValue(buffer, first, stop)
      if (!isToken(buffer, first, last)) return refusals.transferEncoding
      const coding = codingAfter(this.#coding, isText(buffer, first, last, values.chunked))
      if (coding === undefined) return refusals.chunkedNotLast
      this.#coding = coding
      at = stop + 1
    }
    return undefined
  }

  /** RFC 9110, 7.6.1; what is no connection option, or one we do not know, changes nothing. */
  #readConnection(buffer: Uint8Array, start: number, end: number): undefined {
    for (let at = start; at < end; ) {
      const stop = elementEnd(buffer, at, end)
      const first = startOfValue(buffer, at, stop)
      const last = endOfValue(buffer, first, stop)
      if (isText(buffer, first, last, values.close)) this.#close = true
      else if (isText(buffer, first, last, values.keepAlive)) this.#keepAlive = true
      else if (isText(buffer, first, last, values.upgrade)) this.#upgradeListed = true
      at = stop + 1
    }
  }
}

const elementEnd = (buffer: Uint8Array, start: number, end: number): number => {
  let at = start
  while (at < end && buffer[at] !== comma) at += 1
  return at
}

/** The first byte from `start` on that is no white space, `end` when there is none. */
export const startOfValue = (buffer: Uint8Array, start: number, end: number): number => {
  let at = start
  while (at < end && spaceBytes[buffer[at] ?? 0] === 1) at += 1
  return at
}

/** The end without the white space before it, `start` when there is nothing else. */
export const endOfValue = (buffer: Uint8Array, start: number, end: number): number => {
  let at = end
  while (at > start && spaceBytes[buffer[at - 1] ?? 0] === 1) at -= 1
  return at
}
