/** The end of a file, and what is written to it later, also after it was rotated or emptied. It prints nothing. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { hasCode } from '../../errors.ts'

const chunk = 64 * 1024
/** A line longer than this is given in pieces. */
const longest = 1024 * 1024

/** Gives whole lines, without their ends. Throws system errors but for a file that is not there (yet). */
export class Tail {
  readonly path: string
  #fd: number | undefined
  #position = 0
  #rest = Buffer.alloc(0)

  constructor(path: string) {
    this.path = path
  }

  /** The last `count` lines of what is there. */
  last(count: number): readonly string[] {
    this.#open()
    if (this.#fd === undefined) return []
    const { size } = fstatSync(this.#fd)
    let from = size
    let text = Buffer.alloc(0)
    while (from > 0 && linesIn(text) <= count && text.length < 64 * longest) {
      const length = Math.min(chunk, from)
      from -= length
      text = Buffer.concat([this.#readAt(from, length), text])
    }
    this.#position = size
    const lines = this.#lines(text)
    return count === 0 ? [] : lines.slice(-count)
  }

  /** The lines that were written since; those of a rotated file's end before those of its successor. */
  more(): readonly string[] {
    const before = this.#fd === undefined ? [] : this.#readOn()
    if (!this.#isReplaced()) return before
    this.close()
    this.#open()
    return this.#fd === undefined ? before : [...before, ...this.#readOn()]
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    this.#position = 0
    this.#rest = Buffer.alloc(0)
  }

  #open(): void {
    try {
      this.#fd = openSync(this.path, 'r')
    } catch (error) {
      // It is between its old name and its new file, or nothing was logged yet.
      if (!hasCode(error, 'ENOENT')) throw error
    }
  }

  #readOn(): readonly string[] {
    if (this.#fd === undefined) return []
    const { size } = fstatSync(this.#fd)
    // Emptied in place, as `copytruncate` does.
    if (size < this.#position) this.#position = 0
    const lines: string[] = []
    while (this.#position < size) {
      const text = this.#readAt(this.#position, Math.min(chunk, size - this.#position))
      if (text.length === 0) break
      this.#position += text.length
      lines.push(...this.#lines(text))
    }
    return lines
  }

  #readAt(position: number, length: number): Buffer {
    const buffer = Buffer.allocUnsafe(length)
    return buffer.subarray(0, readSync(this.#fd ?? -1, buffer, 0, length, position))
  }

  /** Whole lines; what follows the last line end waits for the rest of it. */
  #lines(text: Buffer): readonly string[] {
    const all = this.#rest.length === 0 ? text : Buffer.concat([this.#rest, text])
    const end = all.lastIndexOf(0x0a)
    const whole = end === -1 && all.length < longest ? 0 : end === -1 ? all.length : end + 1
    this.#rest = Buffer.from(all.subarray(whole))
    return whole === 0 ? [] : all.toString('utf8', 0, whole).replace(/\n$/, '').split('\n')
  }

  #isReplaced(): boolean {
    try {
      const now = statSync(this.path)
      if (this.#fd === undefined) return true
      const open = fstatSync(this.#fd)
      return now.ino !== open.ino || now.dev !== open.dev
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false
      throw error
    }
  }
}

const linesIn = (text: Buffer): number => {
  let count = 0
  for (let at = text.indexOf(0x0a); at !== -1; at = text.indexOf(0x0a, at + 1)) count++
  return count
}
