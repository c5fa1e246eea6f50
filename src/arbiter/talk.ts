/**
 * A channel of lines to a Python process, whoever opened it: what is told goes out, what is said is judged and given
 * on. A process that runs an application may write anything to it; that is told once, and costs the master nothing.
 */
import type { Socket } from 'node:net'
import { type Imports, onLines, readEnvelope, readImports, writeEnvelope } from '../ipc/lines.ts'
import type { ToMaster, ToWorker } from '../ipc/messages.ts'
import { readSaid } from '../ipc/said.ts'

/** Letters of a line: a traceback, or the files of a large application. */
const mostLetters = 4 * 1024 * 1024

const strangersLetters = 512

/** How long the end of a channel is waited for when its process has ended: another may have it open. */
const lastWordsMs = 500

export interface TalkEvents {
  readonly said: (message: ToMaster) => void
  readonly imported: (imports: Imports) => void
  /** What came is no message; told once. */
  readonly garbled: (what: string) => void
}

export class Talk {
  readonly #socket: Socket
  readonly #events: TalkEvents
  #garbled = false
  #letters: number

  /** A 'stranger' has to say who it is in few words, until it is told to be `known`. */
  constructor(socket: Socket, events: TalkEvents, who: 'known' | 'stranger' = 'known') {
    this.#socket = socket
    this.#events = events
    // It closes in any case; why says nothing of the process.
    socket.on('error', () => socket.destroy())
    this.#letters = who === 'known' ? mostLetters : strangersLetters
    onLines(
      socket,
      () => this.#letters,
      (line) => this.#heard(line),
    )
  }

  known(): void {
    this.#letters = mostLetters
  }

  /** One that is gone needs no telling. */
  tell(message: ToWorker): void {
    if (this.#socket.writable) this.#socket.write(writeEnvelope(message))
  }

  /** When all was heard that a process that has ended has said. */
  afterLastWord(done: () => void): void {
    const socket = this.#socket
    if (socket.closed) return void done()
    const timer = setTimeout(() => socket.destroy(), lastWordsMs)
    socket.once('close', () => {
      clearTimeout(timer)
      done()
    })
  }

  /** Whether the other end is there, as far as is known. */
  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  closed(done: () => void): void {
    this.#socket.once('close', done)
  }

  #heard(line: string): void {
    const said = readSaid(readEnvelope(line))
    const imports = said === undefined ? readImports(line) : undefined
    if (said !== undefined) this.#events.said(said)
    else if (imports) this.#events.imported(imports)
    else this.#isGarbled(line)
  }

  #isGarbled(line: string): void {
    if (this.#garbled) return
    this.#garbled = true
    const start = JSON.stringify(line.slice(0, 60))
    this.#events.garbled(`what came on its channel to the master is no message, and is ignored: ${start}`)
  }
}
