/**
 * A worker's sockets without a worker: it listens as one does, and the story says what it answers. It reads and
 * writes frames by offsets of its own, so that a front's codec is not proven by itself.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'

export interface Received {
  readonly type: number
  readonly flags: number
  readonly index: number
  readonly id: number
  readonly text: string
  readonly body: Buffer
}

export const frame = (
  type: number,
  { flags = 0, index = 0, id = 0, text = '', body = Buffer.alloc(0) as Uint8Array | string } = {},
): Buffer => {
  const head = Buffer.alloc(16)
  const words = Buffer.from(text, 'latin1')
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body)
  head.writeUInt32LE(words.length + bytes.length, 0)
  head.writeUInt8(type, 4)
  head.writeUInt8(flags, 5)
  head.writeUInt16LE(index, 6)
  head.writeUInt32LE(id, 8)
  head.writeUInt32LE(words.length, 12)
  return Buffer.concat([head, words, bytes])
}

/** One channel, as the worker sees it. */
export class FakeChannel {
  readonly socket: Socket
  readonly frames: Received[] = []
  /** The thread that serves it. */
  served = -1
  readonly #worker: FakeWorker
  #bytes: Buffer = Buffer.alloc(0)
  /** Keys of each shape that was defined here: constants, and those of the values. */
  readonly shapes = new Map<number, { constants: Record<string, string>; keys: string[] }>()
  kind: 'new' | 'data' | 'control' = 'new'
  ended = false

  constructor(socket: Socket, worker: FakeWorker) {
    this.socket = socket
    this.#worker = worker
    socket
      .on('data', (chunk) => this.#read(chunk))
      .on('error', () => undefined)
      .on('close', () => {
        this.ended = true
      })
  }

  send(type: number, parts: Parameters<typeof frame>[1] = {}): void {
    this.socket.write(frame(type, parts))
  }

  full(id: number, body = 'hello', text = 'OK\nContent-Type\ntext/plain', index = 200): void {
    this.send(66, { id, index, text, body })
  }

  /** Requests that came, with their environs. */
  get requests(): { id: number; environ: Record<string, string>; body: Buffer; flags: number }[] {
    return this.frames
      .filter(({ type }) => type === 3)
      .map(({ id, index, text, body, flags }) => ({ id, body, flags, environ: this.environ(index, text) }))
  }

  environ(shape: number, text: string): Record<string, string> {
    const known = this.shapes.get(shape)
    if (!known) throw new Error(`shape ${shape} was not defined`)
    const values = text.split('\0')
    if (values.length !== known.keys.length)
      throw new Error(`${values.length} values for ${known.keys.length} keys: ${JSON.stringify(text)}`)
    return {
      ...known.constants,
      ...Object.fromEntries(known.keys.map((key, at) => [key, values[at] ?? ''])),
    }
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    while (this.#bytes.length >= 16) {
      const length = this.#bytes.readUInt32LE(0)
      if (this.#bytes.length < 16 + length) return
      const words = this.#bytes.readUInt32LE(12)
      const received = {
        type: this.#bytes.readUInt8(4),
        flags: this.#bytes.readUInt8(5),
        index: this.#bytes.readUInt16LE(6),
        id: this.#bytes.readUInt32LE(8),
        text: this.#bytes.toString('latin1', 16, 16 + words),
        body: Buffer.from(this.#bytes.subarray(16 + words, 16 + length)),
      }
      this.#bytes = Buffer.from(this.#bytes.subarray(16 + length))
      this.#take(received)
    }
  }

  #take(received: Received): void {
    this.frames.push(received)
    if (received.type === 1) this.#greet(received)
    else if (received.type === 2) this.#define(received)
    else this.#worker.heard(this, received)
  }

  #greet({ flags, text }: Received): void {
    if (text !== this.#worker.token) return void this.socket.destroy()
    this.kind = flags === 1 ? 'control' : 'data'
    if (this.#worker.mute) return
    this.served = this.kind === 'control' ? 65_535 : this.#worker.nextThread()
    this.send(65, { index: this.served, id: 77 })
  }

  #define({ index, text }: Received): void {
    const [count = '0', ...rest] = text.split('\0')
    const pairs = rest.slice(0, 2 * Number(count))
    const constants: Record<string, string> = {}
    for (let at = 0; at < pairs.length; at += 2) constants[pairs[at] ?? ''] = pairs[at + 1] ?? ''
    this.shapes.set(index, { constants, keys: rest.slice(2 * Number(count)) })
  }
}

export type Answer = (channel: FakeChannel, received: Received) => void

const made: FakeWorker[] = []
afterEach(() => {
  for (const worker of made.splice(0)) worker.remove()
})

export class FakeWorker {
  readonly path: string
  readonly token: string
  answer: Answer
  /** Does not answer HELLO. */
  mute = false
  /** Says to each POKE that it gives back nothing, besides what the story says. */
  keepsAll = true
  channels: FakeChannel[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'front-'))
  #server: Server | undefined
  #threads = 0

  constructor(answer: Answer = () => undefined, token = 'secret') {
    this.answer = answer
    this.token = token
    this.path = join(this.#folder, 'worker-1.sock')
    made.push(this)
  }

  heard(channel: FakeChannel, received: Received): void {
    this.answer(channel, received)
    if (received.type === 8 && this.keepsAll) channel.send(75, { index: received.index })
  }

  nextThread(): number {
    this.#threads += 1
    return this.#threads - 1
  }

  async listen(): Promise<this> {
    this.#server = createServer((socket) => this.channels.push(new FakeChannel(socket, this)))
    await new Promise<void>((done) => this.#server?.listen(this.path, done))
    return this
  }

  get data(): FakeChannel[] {
    return this.channels.filter(({ kind, ended }) => kind === 'data' && !ended)
  }

  get control(): FakeChannel | undefined {
    return this.channels.find(({ kind, ended }) => kind === 'control' && !ended)
  }

  /** All requests that came, on any channel. */
  get requests(): ReturnType<() => FakeChannel['requests']> {
    return this.channels.flatMap(({ requests }) => requests)
  }

  /** As a killed worker: every socket ends, and the path is refused. */
  die(): void {
    this.#server?.close()
    for (const { socket } of this.channels) socket.destroy()
  }

  remove(): void {
    this.die()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export const answering: Answer = (channel, { type, id }) => {
  if (type === 3) channel.full(id)
}
