/**
 * Where whole lines go: at once (`DirectLines`, here) or gathered (`buffered-lines.ts`). A log that cannot be
 * written never stops the server: lines are then lost, counted, and the count is told when writing works again.
 */
import { writeSync } from 'node:fs'
import { hasCode } from '../errors.ts'
import type { LogFile } from './file.ts'

export interface LineSink {
  /** Takes one or more whole lines, each with its end of line. Never throws. */
  write(lines: string): void
  /** All lines taken so far are with the operating system when it returns. */
  flush(): void
  /** Goes on in a fresh file of the same path. Errors: TSG_LOG_UNWRITABLE; the log then stays where it was. */
  reopen(): void
  /** Flushes and closes; later lines are dropped. */
  close(): void
}

/** What to write once lines can be written again, for the count of those that were lost. */
export type LossNote = (lost: number) => string

/** A full pipe that nobody reads is waited for this often, this long (milliseconds), then the line is lost. */
const PATIENCE = { tries: 50, pause: 10 }

const nothing = new Int32Array(new SharedArrayBuffer(4))

/** Writes each line at once: what was said before a crash is there after it. */
export class DirectLines implements LineSink {
  readonly #file: LogFile
  readonly #note: LossNote
  #lost = 0
  #closed = false

  constructor(file: LogFile, note: LossNote) {
    this.#file = file
    this.#note = note
  }

  write(lines: string): void {
    if (this.#closed) return
    const owed = this.#lost > 0 ? this.#note(this.#lost) : ''
    // A reader that was waited for in vain is not waited for again with each line.
    const tries = this.#lost > 0 ? 0 : PATIENCE.tries
    if (writeWhole(this.#file.fd, Buffer.from(owed + lines), tries)) this.#lost = 0
    else this.#lost += 1
  }

  flush(): void {
    // Nothing is held back.
  }

  reopen(): void {
    if (this.#closed) return
    this.#file.reopen()
  }

  close(): void {
    this.#closed = true
    this.#file.close()
  }
}

/** Writes all bytes, and waits a little for a full pipe. False when it failed: the reason is in the descriptor. */
export function writeWhole(fd: number, bytes: Buffer, patience: number = PATIENCE.tries): boolean {
  let rest = bytes
  let tries = patience
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      if (!hasCode(error, 'EAGAIN', 'EBUSY') || tries === 0) return false
      tries -= 1
      Atomics.wait(nothing, 0, 0, PATIENCE.pause)
    }
  }
  return true
}
