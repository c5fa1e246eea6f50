/**
 * Lines gathered during one turn of the event loop and handed to the operating system at its end, in one write: what
 * was answered is in the log whatever becomes of the process, and a busy server pays one system call for many lines.
 * Writes are whole lines, no larger than other processes leave alone. It knows no format.
 *
 * They are made in place, not by a thread: a line in a thread's hands is lost with the process, and a thread that
 * a full pipe refuses cannot say so to a process that exits.
 */
import { writeSync } from 'node:fs'
import { hasCode } from '../errors.ts'
import type { LogFile } from './file.ts'
import { type LineSink, type LossNote, writeWhole } from './sink.ts'

export interface BufferOptions {
  readonly note: LossNote
  /** Milliseconds until a file that refused lines (a full disk) is tried again. */
  readonly pause?: number
  /** Bytes to hold back while the file does not take them; more are lost. */
  readonly most?: number
}

/** A full pipe is tried again after this many milliseconds. */
const RETRY = 20

/** What is being written: lines, or (`tells` above 0) the note of so many that were lost. */
interface Attempt {
  readonly bytes: Buffer
  readonly tells: number
}

type Writing =
  | { readonly phase: 'idle' }
  /** The turn is not over. */
  | { readonly phase: 'gathering'; readonly turn: NodeJS.Immediate }
  /** The file failed. */
  | { readonly phase: 'refused'; readonly timer: NodeJS.Timeout }
  /** The pipe is full; `rest` is what it did not take. */
  | { readonly phase: 'blocked'; readonly rest: Attempt; readonly timer: NodeJS.Timeout }
  | { readonly phase: 'closed' }

/** How a write ended; `rest` is what a full pipe did not take. */
type Outcome = 'written' | 'refused' | { readonly rest: Buffer }

export class BufferedLines implements LineSink {
  readonly #file: LogFile
  readonly #note: LossNote
  readonly #pause: number
  readonly #most: number
  /** Each of whole lines, for one write. */
  #chunks: string[] = []
  /** Bytes of the last chunk, and of all. */
  #last = 0
  #held = 0
  #whole: number
  #lost = 0
  #writing: Writing = { phase: 'idle' }
  readonly #endOfTurn = (): void => this.#send()
  readonly #atExit = (): void => this.flush()

  constructor(file: LogFile, { note, pause = 50, most = 8 * 1024 * 1024 }: BufferOptions) {
    this.#file = file
    this.#whole = file.wholeBytes
    this.#note = note
    this.#pause = pause
    this.#most = most
    // An application may call process.exit itself, in the middle of a turn.
    process.on('exit', this.#atExit)
  }

  write(lines: string): void {
    const { phase } = this.#writing
    if (phase === 'closed') return
    const size = Buffer.byteLength(lines)
    if (this.#held + size > this.#most) {
      this.#lost += 1
      return
    }
    this.#gather(lines, size)
    if (phase === 'idle') this.#writing = { phase: 'gathering', turn: setImmediate(this.#endOfTurn) }
    // No turn, however long, holds back more than one write takes.
    else if (phase === 'gathering' && this.#held >= this.#whole) this.#send()
  }

  /** With what a full pipe did not take, for which a slow reader is waited for a little. */
  flush(): void {
    const now = this.#writing
    if (now.phase === 'closed') return
    this.#stopWaiting()
    if (now.phase === 'blocked') this.#insist(now.rest)
    for (const chunk of this.#takeAll()) this.#insist({ bytes: Buffer.from(chunk), tells: 0 })
    if (this.#lost > 0) this.#insist(this.#debt())
  }

  /** What was answered before a rotation goes to the rotated file; what that one refuses waits for the new one. */
  reopen(): void {
    const now = this.#writing
    if (now.phase === 'closed' || !this.#file.named) return
    this.#stopWaiting()
    if (now.phase === 'blocked') this.#insist(now.rest)
    else this.#send()
    try {
      this.#file.reopen()
    } finally {
      this.#whole = this.#file.wholeBytes
      this.#send()
    }
  }

  close(): void {
    if (this.#writing.phase === 'closed') return
    this.flush()
    process.removeListener('exit', this.#atExit)
    this.#writing = { phase: 'closed' }
    this.#file.close()
  }

  #gather(lines: string, size: number): void {
    const at = this.#chunks.length - 1
    if (at >= 0 && this.#last + size <= this.#whole) {
      this.#chunks[at] += lines
      this.#last += size
    } else {
      this.#chunks.push(lines)
      this.#last = size
    }
    this.#held += size
  }

  /** What was lost is told before more is tried: while that fails, lines stay here. */
  #send(): void {
    this.#stopWaiting()
    while (this.#lost > 0 || this.#held > 0) {
      if (!this.#attempt(this.#lost > 0 ? this.#debt() : this.#take())) return
    }
  }

  #attempt({ bytes, tells }: Attempt): boolean {
    const outcome = writeSome(this.#file.fd, bytes)
    if (outcome === 'written') {
      this.#lost -= tells
      return true
    }
    if (outcome === 'refused') {
      if (tells === 0) this.#lost += linesIn(bytes)
      // Not tried again at once: a full disk stays full for a while.
      this.#writing = { phase: 'refused', timer: setTimeout(this.#endOfTurn, this.#pause).unref() }
      return false
    }
    const rest = { bytes: outcome.rest, tells }
    this.#writing = { phase: 'blocked', rest, timer: setTimeout(() => this.#resume(rest), RETRY).unref() }
    return false
  }

  #resume(rest: Attempt): void {
    this.#writing = { phase: 'idle' }
    if (this.#attempt(rest)) this.#send()
  }

  #insist({ bytes, tells }: Attempt): void {
    // The end of a process waits for a reader that does not read once, not for each of its chunks.
    const written = this.#lost > 0 ? writeWhole(this.#file.fd, bytes, 0) : writeWhole(this.#file.fd, bytes)
    if (written) this.#lost -= tells
    else if (tells === 0) this.#lost += linesIn(bytes)
  }

  #stopWaiting(): void {
    const now = this.#writing
    if (now.phase === 'gathering') clearImmediate(now.turn)
    if (now.phase === 'refused' || now.phase === 'blocked') clearTimeout(now.timer)
    this.#writing = { phase: 'idle' }
  }

  #debt(): Attempt {
    return { bytes: Buffer.from(this.#note(this.#lost)), tells: this.#lost }
  }

  #take(): Attempt {
    const bytes = Buffer.from(this.#chunks.shift() ?? '')
    this.#held -= bytes.length
    return { bytes, tells: 0 }
  }

  #takeAll(): readonly string[] {
    const all = this.#chunks
    this.#chunks = []
    this.#held = 0
    this.#last = 0
    return all
  }
}

function writeSome(fd: number, bytes: Buffer): Outcome {
  let rest = bytes
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      return hasCode(error, 'EAGAIN', 'EBUSY') ? { rest } : 'refused'
    }
  }
  return 'written'
}

const NEWLINE = 10
const linesIn = (bytes: Buffer): number => bytes.reduce((sum, byte) => sum + (byte === NEWLINE ? 1 : 0), 0)
