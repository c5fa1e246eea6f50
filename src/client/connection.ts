/**
 * A connection to the control socket that speaks JSON lines: questions with answers, and events. It finds no socket and
 * prints nothing.
 */
import { createConnection, type Socket } from 'node:net'
import type { PublicEvent } from '../control/status.ts'
import { isRecord } from '../util/is-record.ts'
import { Failure, type FailureKind, unreachable } from './failure.ts'

/** An answer larger than this is none of ours. */
const longestLine = 64 * 1024 * 1024

interface Waiting {
  readonly resolve: (data: unknown) => void
  readonly reject: (failure: Failure) => void
  readonly timer: NodeJS.Timeout
}

export class Connection {
  readonly path: string
  /** Resolves when the server has closed it, or `close` was called. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Map<number, (event: PublicEvent) => void>()
  #pieces: string[] = []
  #length = 0
  #last = 0

  private constructor(path: string, socket: Socket) {
    this.path = path
    this.#socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => this.#read(text))
    // What is told by 'close' is all there is to do about it.
    socket.on('error', () => socket.destroy())
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#end()
        resolve()
      })
    })
  }

  /** Connects within `timeout` milliseconds. Rejects with a Failure that says why not; `owner` tells whose the socket is. */
  static open(path: string, timeout: number, owner: () => string | null = () => null): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path)
      const timer = setTimeout(() => socket.destroy(lateFailure(path)), timeout)
      socket.once('error', (error) => {
        clearTimeout(timer)
        reject(error instanceof Failure ? error : unreachable(path, error, owner()))
      })
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.removeAllListeners('error')
        resolve(new Connection(path, socket))
      })
    })
  }

  /** The `data` of the answer. Rejects with a Failure: what the server said, `late` after `timeout` milliseconds. */
  ask(command: string, args: Readonly<Record<string, unknown>>, timeout: number): Promise<unknown> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(goneFailure(this.path))
        return
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(lateFailure(this.path))
      }, timeout)
      this.#waiting.set(id, { resolve, reject, timer })
      this.#socket.write(`${JSON.stringify({ id, command, args })}\n`)
    })
  }

  /** Has `told` called with each event from now on; resolves when the server has begun to tell. */
  async watch(told: (event: PublicEvent) => void, timeout: number): Promise<void> {
    this.#listeners.set(this.#last + 1, told)
    await this.ask('events', {}, timeout)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(text: string): void {
    const lines = text.split('\n')
    const rest = lines.pop() ?? ''
    for (const line of lines) {
      this.#line(this.#pieces.join('') + line)
      this.#pieces = []
      this.#length = 0
    }
    if (rest !== '') this.#pieces.push(rest)
    this.#length += rest.length
    if (this.#length > longestLine) this.#socket.destroy()
  }

  #line(line: string): void {
    const said = parsed(line)
    if (said === undefined) {
      this.#socket.destroy()
      return
    }
    const id = Number(said['id'])
    if (isRecord(said['event'])) {
      // The server is of this version, or says so in `version`; shapes only grow.
      this.#listeners.get(id)?.(said['event'] as unknown as PublicEvent)
      return
    }
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    if (said['ok'] === true) waiting.resolve(said['data'])
    else waiting.reject(refusal(said['error']))
  }

  #end(): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(goneFailure(this.path))
    }
    this.#waiting.clear()
  }
}

const parsed = (line: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return isRecord(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The server's codes (src/control/README.md) and the kind of failure that each is. */
const kinds: Readonly<Record<string, FailureKind>> = { usage: 'usage', late: 'late' }

const refusal = (error: unknown): Failure => {
  const { code, message, detail } = isRecord(error) ? error : {}
  const word = typeof code === 'string' ? code : 'failed'
  const text = typeof message === 'string' ? message : 'The server refused without a reason.'
  return new Failure(kinds[word] ?? 'failed', text, {
    code: word,
    detail: typeof detail === 'string' ? detail : null,
  })
}

const lateFailure = (path: string): Failure =>
  new Failure(
    'late',
    `No answer came from ${path} in time. Does the master hang? "ps" and its log tell; --timeout waits longer.`,
  )

const goneFailure = (path: string): Failure =>
  new Failure('failed', `The server closed the connection to ${path}. Its log says why.`, { code: 'gone' })
