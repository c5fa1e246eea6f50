/** Bytes that were read and not yet taken: one buffer that grows by doubling. It knows no format and no bound. */

export class Held {
  #bytes = Buffer.alloc(0)
  #start = 0
  #end = 0

  get size(): number {
    return this.#end - this.#start
  }

  push(chunk: Buffer): void {
    if (this.#end + chunk.length > this.#bytes.length) this.#grow(chunk.length)
    chunk.copy(this.#bytes, this.#end)
    this.#end += chunk.length
  }

  /** Where a byte stands, looked for from `from` on; -1 when it is not there. */
  indexOf(byte: number, from = 0): number {
    const index = this.#bytes.subarray(this.#start, this.#end).indexOf(byte, from)
    return index
  }

  /** The first four bytes as a number, big-endian. There must be four. */
  length(): number {
    return this.#bytes.readUInt32BE(this.#start)
  }

  /** Takes the first `count` bytes as text, after `skip` that are dropped. */
  take(count: number, skip = 0): string {
    const from = this.#start + skip
    const text = this.#bytes.toString('utf8', from, from + count)
    this.#start = from + count
    if (this.#start === this.#end) {
      // An idle connection keeps nothing.
      this.#bytes = Buffer.alloc(0)
      this.#start = 0
      this.#end = 0
    }
    return text
  }

  #grow(more: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(1024, 2 * (this.size + more)))
    this.#bytes.copy(grown, 0, this.#start, this.#end)
    this.#bytes = grown
    this.#end -= this.#start
    this.#start = 0
  }
}
