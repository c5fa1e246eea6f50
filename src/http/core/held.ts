/** Bytes behind the message in hand: pipelined requests, unparsed, in the order they came. */
export class Held {
  #bytes: Buffer | undefined

  get length(): number {
    return this.#bytes?.length ?? 0
  }

  /** Keeps `bytes`: a copy of them when they are `shared`, as their buffer is read into again. */
  add(bytes: Buffer, shared: boolean): void {
    if (this.#bytes) this.#bytes = Buffer.concat([this.#bytes, bytes])
    else this.#bytes = shared ? Buffer.from(bytes) : bytes
  }

  /** All of it; nothing is held any more. */
  take(): Buffer {
    const bytes = this.#bytes ?? nothing
    this.#bytes = undefined
    return bytes
  }
}

const nothing = Buffer.alloc(0)
