/**
 * What UDP and stream destinations share: the words of trouble said once for each outage, the bounded queue and the
 * bounded goodbye. A log or a metric that does not arrive never troubles the server.
 */

export interface Remote {
  /** Sends, or keeps for later, or drops when too much is kept. Never throws. */
  send(bytes: Buffer): void
  /** Resolves when what was kept is sent, or half a second later. */
  close(): Promise<void>
}

/** Told once when messages stop getting through, with the reason; and silent until they did again. */
export type OnTrouble = (error: unknown) => void

/** Messages kept while there is no connection. */
export const QUEUE = 1000

/** Milliseconds until a lost destination is tried again, doubling. */
export const RETRY = { first: 1000, most: 30_000 }

/** Milliseconds that an ending process waits for its last messages. */
const GOODBYE = 500

export class Outage {
  readonly #tell: OnTrouble
  #told = false

  constructor(tell: OnTrouble) {
    this.#tell = tell
  }

  begin(error: unknown): void {
    if (this.#told) return
    this.#told = true
    this.#tell(error)
  }

  end(): void {
    this.#told = false
  }
}

/** Calls `begin` with a function to call when done; resolves then, or after `GOODBYE`. */
export function boundedGoodbye(begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    // Referenced, unlike the sockets: it is what keeps an ending process alive for its last messages.
    const timer = setTimeout(resolve, GOODBYE)
    begin(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
