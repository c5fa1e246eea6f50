/**
 * What clients have not taken yet of answers that came whole: so that a slow client keeps no worker, the front has all
 * of it. Beyond a bound it takes no more large answers, and workers wait as they would without a front. Told of
 * exchanges, it knows no socket.
 */

/** As much of an exchange as is seen here. */
export interface Debtor {
  /** 'streaming' while the client has not taken all. */
  readonly phase: 'waiting' | 'streaming' | 'complete' | 'gone'
}

/** Bytes. */
const mostOwed = 64 * 1024 * 1024

/** How often it is looked whether clients have taken enough. */
const lookMs = 20

export class Debt {
  readonly #most: number
  #owed: { readonly debtor: Debtor; readonly bytes: number }[] = []
  #bytes = 0
  #waiting: (() => void)[] = []

  constructor(most = mostOwed) {
    this.#most = most
  }

  /** Bytes that clients had not taken when it was looked last. */
  get bytes(): number {
    return this.#bytes
  }

  /** An answer was handed over. True: it is too much, `resume` is called when it is not any more. */
  exceeds(debtor: Debtor, bytes: number, resume: () => void): boolean {
    if (debtor.phase !== 'streaming') return false
    this.#owed.push({ debtor, bytes })
    this.#bytes += bytes
    if (this.#bytes <= this.#most) return false
    this.#settle()
    if (this.#bytes <= this.#most) return false
    this.#waiting.push(resume)
    if (this.#waiting.length === 1) this.#lookLater()
    return true
  }

  #settle(): void {
    this.#owed = this.#owed.filter(({ debtor }) => debtor.phase === 'streaming')
    this.#bytes = this.#owed.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  #lookLater(): void {
    setTimeout(() => {
      this.#settle()
      if (this.#bytes > this.#most) return this.#lookLater()
      for (const resume of this.#waiting.splice(0)) resume()
    }, lookMs).unref()
  }
}
