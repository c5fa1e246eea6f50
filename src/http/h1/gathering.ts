/** Bytes that came in pieces, in one buffer: it grows by doubling, so that gathering costs what the bytes are many. */

const smallest = 512

export class Gathering {
  buffer: Buffer
  length = 0

  constructor(source: Buffer, start: number, end: number) {
    this.buffer = Buffer.allocUnsafe(Math.max(smallest, end - start))
    this.append(source, start, end)
  }

  /** Copies bytes `start` to `end` of `source` behind those that are there. */
  append(source: Buffer, start: number, end: number): void {
    const length = this.length + end - start
    if (length > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, this.buffer.length * 2))
      this.buffer.copy(larger, 0, 0, this.length)
      this.buffer = larger
    }
    source.copy(this.buffer, this.length, start, end)
    this.length = length
  }
}
