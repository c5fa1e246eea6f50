/**
 * The terminal of `top`: the alternate screen, raw keys, its size. It is given back on every way out: the end of the
 * process, signals, a fault; and when the job is stopped, until it goes on. It knows no server.
 */
import { writeSync } from 'node:fs'
import type { World } from '../world.ts'

const enter = '\x1b[?1049h\x1b[?25l\x1b[2J'
const leave = '\x1b[?25h\x1b[?1049l'
/** Terminals that know it show the whole frame at once (synchronized output); others ignore it. */
const beginFrame = '\x1b[?2026h\x1b[H'
const endFrame = '\x1b[J\x1b[?2026l'

/** Signals that end the program, and their exit statuses. */
const endings = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131 } as const

export interface ScreenEvents {
  readonly typed: (text: string) => void
  readonly resized: () => void
  /** Has to end the program with the status. */
  readonly ended: (status: number) => void
}

export class Terminal {
  readonly #output: World['output']
  readonly #input: NodeJS.ReadStream
  readonly #events: ScreenEvents
  readonly #lifetime = new AbortController()
  #phase: 'shown' | 'left' = 'left'
  readonly #restore = (): void => this.#leave()
  readonly #again = (): void => {
    this.#enter()
    this.#events.resized()
  }
  readonly #signals: ReadonlyArray<readonly [NodeJS.Signals, () => void]>

  constructor(output: World['output'], input: NodeJS.ReadStream, events: ScreenEvents) {
    this.#output = output
    this.#input = input
    this.#events = events
    this.#signals = Object.entries(endings).map(([name, status]) => [
      name as keyof typeof endings,
      () => events.ended(status),
    ])
  }

  get columns(): number {
    return this.#output.columns || 80
  }

  get rows(): number {
    return this.#output.rows || 24
  }

  open(): void {
    // Before the screen is taken: whatever happens then, it is given back.
    process.once('exit', this.#restore)
    for (const [name, end] of this.#signals) process.on(name, end)
    process.on('SIGCONT', this.#again)
    this.#output.on('resize', this.#events.resized)
    this.#input.on('data', (piece: Buffer) => {
      if (!this.#lifetime.signal.aborted) this.#events.typed(piece.toString('utf8'))
    })
    this.#input.on('end', () => this.#events.ended(0))
    this.#enter()
  }

  /** Shows the lines from the top left corner; what was there before is gone. */
  show(lines: readonly string[]): void {
    if (this.#phase === 'left') return
    const text = lines.map((line) => `${line}\x1b[K`).join('\r\n')
    this.#output.write(beginFrame + text + endFrame)
  }

  /** Gives the terminal to the shell, and stops; SIGCONT brings the program back. */
  suspend(): void {
    this.#leave()
    process.kill(process.pid, 'SIGSTOP')
  }

  close(): void {
    this.#lifetime.abort()
    this.#leave()
    this.#input.pause()
    this.#output.removeListener('resize', this.#events.resized)
    process.removeListener('exit', this.#restore)
    process.removeListener('SIGCONT', this.#again)
    for (const [name, end] of this.#signals) process.removeListener(name, end)
  }

  #enter(): void {
    if (this.#phase === 'shown') return
    this.#phase = 'shown'
    this.#input.setRawMode(true)
    this.#input.resume()
    this.#output.write(enter)
  }

  /** Written at once: at the exit of a process nothing else is. */
  #leave(): void {
    if (this.#phase === 'left') return
    this.#phase = 'left'
    this.#input.setRawMode(false)
    writeSync(this.#output.fd, leave)
  }
}
