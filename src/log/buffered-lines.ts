/**
 * Lines gathered and written off the event loop (files), or without waiting (pipes): one write is under way at a
 * time, each of whole lines, no larger than other processes leave alone. A line waits `delay` milliseconds at most. It knows no format.
 */
import { closeSync, write, writeSync } from 'node:fs'
import { hasCode } from '../errors.ts'
import type { LogFile } from './file.ts'
import { type LineSink, type LossNote, writeWhole } from './sink.ts'

export interface BufferOptions {
  readonly note: LossNote
  /** Milliseconds until a line is written when there is no more traffic. */
  readonly delay?: number
  /** Bytes to hold back while the file does not take them; more are lost. */
  readonly most?: number
}

/** A full pipe is tried again after this many milliseconds. */
const RETRY = 20

type Writing =
  | { readonly phase: 'idle' }
  /** A line waits for company. */
  | { readonly phase: 'gathering'; readonly timer: NodeJS.Timeout }
  /** `outdated` are descriptors of rotated files, closed when the write that uses them is over. */
  | { readonly phase: 'writing'; readonly outdated: readonly number[] }
  /** The pipe is full; `rest` is what it did not take. */
  | {
      readonly phase: 'blocked'
      readonly outdated: readonly number[]
      readonly fd: number
      readonly rest: Buffer
      readonly timer: NodeJS.Timeout
    }
  | { readonly phase: 'closed'; readonly outdated: readonly number[] }

export class BufferedLines implements LineSink {
  readonly #file: LogFile
  readonly #note: LossNote
  readonly #delay: number
  readonly #most: number
  /** Each of whole lines, for one write. */
  #chunks: string[] = []
  #last = 0
  #held = 0
  #whole: number
  #regular: boolean
  #lost = 0
  /** How many of the lost the write under way tells of; 0 when it writes lines. */
  #owed = 0
  #writing: Writing = { phase: 'idle' }
  readonly #atExit = (): void => this.flush()

  constructor(file: LogFile, { note, delay = 50, most = 8 * 1024 * 1024 }: BufferOptions) {
    this.#file = file
    this.#whole = file.wholeBytes
    this.#regular = file.regular
    this.#note = note
    this.#delay = delay
    this.#most = most
    // An application may call process.exit itself: what it had answered by then is in the log all the same.
    process.on('exit', this.#atExit)
  }

  write(lines: string): void {
    if (this.#writing.phase === 'closed') return
    const size = Buffer.byteLength(lines)
    if (this.#held + size > this.#most) {
      this.#lost += 1
      return
    }
    this.#gather(lines, size)
    if (this.#writing.phase === 'idle') this.#wait()
    if (this.#writing.phase === 'gathering' && this.#held >= this.#whole) {
      clearTimeout(this.#writing.timer)
      this.#send()
    }
  }

  /** A write under way is left to its thread: Node joins its threads at exit, and its lines are whole. */
  flush(): void {
    const now = this.#writing
    if (now.phase === 'closed') return
    if (now.phase === 'gathering' || now.phase === 'blocked') clearTimeout(now.timer)
    if (now.phase === 'blocked') {
      this.#writeNow(now.fd, now.rest)
      this.#lost -= this.#owed
      this.#owed = 0
    }
    for (const chunk of this.#takeAll()) this.#writeNow(this.#file.fd, Buffer.from(chunk))
    this.#tellNow(this.#lost - this.#owed)
    if (now.phase === 'blocked') now.outdated.forEach(closeOne)
    if (now.phase !== 'writing') this.#writing = { phase: 'idle' }
  }

  reopen(): void {
    const now = this.#writing
    if (now.phase === 'closed') return
    const former = this.#file.reopen()
    this.#whole = this.#file.wholeBytes
    this.#regular = this.#file.regular
    if (former === undefined) return
    if ('outdated' in now) this.#writing = { ...now, outdated: [...now.outdated, former] }
    else closeSync(former)
  }

  close(): void {
    this.flush()
    const now = this.#writing
    if (now.phase === 'closed') return
    process.removeListener('exit', this.#atExit)
    this.#writing = { phase: 'closed', outdated: 'outdated' in now ? now.outdated : [] }
    // The thread of a write under way still uses the descriptor: #done closes it.
    if (now.phase !== 'writing') this.#file.close()
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

  #next(): void {
    if (this.#held === 0) this.#writing = { phase: 'idle' }
    else if (this.#held < this.#whole) this.#wait()
    else if (this.#regular) this.#send()
    // A write in place is over when it returns: one below the other would fill the stack.
    else queueMicrotask(() => this.#goOn())
  }

  #goOn(): void {
    if (this.#writing.phase === 'writing') this.#send()
  }

  #wait(): void {
    // Not referenced: a waiting line does not keep a process alive, it is written at exit.
    const timer = setTimeout(() => this.#send(), this.#delay).unref()
    this.#writing = { phase: 'gathering', timer }
  }

  /** What was lost is told before more is tried: while that fails, lines stay here. */
  #send(): void {
    const fd = this.#file.fd
    this.#writing = { phase: 'writing', outdated: [] }
    this.#owed = this.#lost
    if (this.#owed > 0) {
      this.#push(fd, Buffer.from(this.#note(this.#owed)))
      return
    }
    const bytes = Buffer.from(this.#chunks.shift() ?? '')
    this.#held -= bytes.length
    this.#push(fd, bytes)
  }

  #push(fd: number, bytes: Buffer): void {
    if (this.#regular) write(fd, bytes, (error, written) => this.#pushed(fd, bytes, error, written))
    else this.#pushInPlace(fd, bytes)
  }

  #pushed(fd: number, bytes: Buffer, error: Error | null, written: number): void {
    if (hasCode(error, 'EAGAIN', 'EBUSY')) this.#block(fd, bytes)
    else if (error !== null) this.#failed(bytes)
    else if (written < bytes.length) this.#push(fd, bytes.subarray(written))
    else this.#written()
  }

  /** Not by a thread: a full pipe would refuse it there, and a process that exits would never hear of it. */
  #pushInPlace(fd: number, bytes: Buffer): void {
    let written = 0
    let failure: unknown
    try {
      written = writeSync(fd, bytes)
    } catch (error) {
      failure = error
    }
    if (failure === undefined) this.#pushed(fd, bytes, null, written)
    else this.#pushed(fd, bytes, failure instanceof Error ? failure : new Error(String(failure)), 0)
  }

  #block(fd: number, rest: Buffer): void {
    const now = this.#writing
    if (now.phase !== 'writing') {
      // Closed meanwhile: no timer may hold what is left.
      this.#writeNow(fd, rest)
      this.#over()
      return
    }
    const timer = setTimeout(() => this.#resume(), RETRY).unref()
    this.#writing = { phase: 'blocked', outdated: now.outdated, fd, rest, timer }
  }

  #resume(): void {
    const now = this.#writing
    if (now.phase !== 'blocked') return
    this.#writing = { phase: 'writing', outdated: now.outdated }
    this.#push(now.fd, now.rest)
  }

  #written(): void {
    this.#lost -= this.#owed
    this.#owed = 0
    if (this.#over()) this.#next()
  }

  /** Not tried again at once: a full disk stays full for a while. */
  #failed(bytes: Buffer): void {
    if (this.#owed === 0) this.#lost += linesIn(bytes)
    this.#owed = 0
    if (this.#over()) this.#wait()
  }

  /** The write is over: lets go of rotated files. False when the log was closed meanwhile. */
  #over(): boolean {
    const now = this.#writing
    if ('outdated' in now) now.outdated.forEach(closeOne)
    if (now.phase !== 'closed') return true
    this.#file.close()
    return false
  }

  #takeAll(): readonly string[] {
    const all = this.#chunks
    this.#chunks = []
    this.#held = 0
    this.#last = 0
    return all
  }

  #tellNow(lost: number): void {
    if (lost > 0 && writeWhole(this.#file.fd, Buffer.from(this.#note(lost)))) this.#lost -= lost
  }

  #writeNow(fd: number, bytes: Buffer): void {
    // The end of a process waits for a reader that does not read once, not for each of its chunks.
    const written = this.#lost > 0 ? writeWhole(fd, bytes, 0) : writeWhole(fd, bytes)
    if (!written) this.#lost += linesIn(bytes)
  }
}

const closeOne = (fd: number): void => closeSync(fd)

const NEWLINE = 10
const linesIn = (bytes: Buffer): number => bytes.reduce((sum, byte) => sum + (byte === NEWLINE ? 1 : 0), 0)
