/**
 * Pieces of a body in the order they came, kept for whoever takes them later. Clients choose how small a piece is:
 * small ones are put together, so that a byte that is kept costs a byte, and taking them all costs what they are.
 */

/** So many are kept as they are: usual bodies come in a few. */
const few = 8
/** Pieces up to this are copied into a block with others. */
const small = 2048
const blockSize = 8192

export class Pieces {
  /** Bytes kept. */
  bytes = 0
  #list: Buffer[] = []
  #next = 0
  #block: Buffer | undefined
  #used = 0

  /** Keeps a piece, which is not the giver's any more. */
  add(piece: Buffer): void {
    this.bytes += piece.length
    if (piece.length > small || this.#list.length - this.#next < few) {
      this.#seal()
      this.#list.push(piece)
      return
    }
    if (this.#block !== undefined && this.#used + piece.length > blockSize) this.#seal()
    this.#block ??= Buffer.allocUnsafeSlow(blockSize)
    piece.copy(this.#block, this.#used)
    this.#used += piece.length
  }

  /** The next in order; undefined when there is none. */
  take(): Buffer | undefined {
    if (this.#next === this.#list.length) this.#seal()
    const piece = this.#list[this.#next]
    if (piece === undefined) return undefined
    this.bytes -= piece.length
    this.#next += 1
    // Not shift(): of a long list it moves all that is left.
    if (this.#next >= few && this.#next * 2 >= this.#list.length) {
      this.#list = this.#list.slice(this.#next)
      this.#next = 0
    }
    return piece
  }

  /** All of them as one. */
  takeAll(): Buffer {
    this.#seal()
    const first = this.#list[this.#next]
    const alone = first !== undefined && this.#list.length - this.#next === 1
    const all = alone ? first : Buffer.concat(this.#list.slice(this.#next))
    this.clear()
    return all
  }

  clear(): void {
    this.bytes = 0
    this.#list = []
    this.#next = 0
    this.#block = undefined
    this.#used = 0
  }

  #seal(): void {
    if (this.#block !== undefined) this.#list.push(this.#block.subarray(0, this.#used))
    this.#block = undefined
    this.#used = 0
  }
}
