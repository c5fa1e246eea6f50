/** Bytes behind the message in hand: pipelined requests, unparsed, in the order they came. */
/** Bytes of pipelined requests at which reading pauses. */
export const mostHeld = 16_384

export class Held {
  #bytes: Buffer | undefined

  get length(): number {
    return this.#bytes?.length ?? 0
  }

  /** Keeps a copy of `bytes`. */
  add(bytes: Buffer): void {
    this.#bytes = this.#bytes ? Buffer.concat([this.#bytes, bytes]) : Buffer.from(bytes)
  }

  /** All of it; nothing is held any more. */
  take(): Buffer {
    const bytes = this.#bytes ?? nothing
    this.#bytes = undefined
    return bytes
  }
}

const nothing = Buffer.alloc(0)
