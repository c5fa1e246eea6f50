/** Clients of the control socket, as tests need them: raw bytes, frames, lines. They know no command. */
import { connect, type Socket } from 'node:net'
import { eventually } from './eventually.ts'

export class ControlClient {
  readonly socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #closed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
    })
    socket.on('error', () => undefined)
    socket.once('close', () => {
      this.#closed = true
    })
  }

  static async connect(path: string): Promise<ControlClient> {
    const socket = connect({ path, allowHalfOpen: true })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new ControlClient(socket)
  }

  get received(): Buffer {
    return this.#received
  }

  get text(): string {
    return this.#received.toString()
  }

  get closed(): boolean {
    return this.#closed || this.socket.destroyed
  }

  send(bytes: Buffer | string): this {
    this.socket.write(bytes)
    return this
  }

  /** Resolves when the server closed its side. */
  async ended(): Promise<void> {
    await eventually(() => this.socket.readableEnded || this.closed, { what: 'the end of the connection' })
  }

  /** The first frame's message. */
  async frame(): Promise<Record<string, unknown>> {
    const length = await eventually(() => this.#received.length >= 4 && this.#received.readUInt32BE())
    await eventually(() => this.#received.length >= 4 + length)
    const message = JSON.parse(this.#received.toString('utf8', 4, 4 + length))
    this.#received = this.#received.subarray(4 + length)
    return message
  }

  /** The next `count` lines' messages. */
  async lines(count = 1): Promise<Record<string, unknown>[]> {
    await eventually(() => this.text.split('\n').length > count, {
      what: () => `${count} lines; there is ${this.text.slice(0, 500)}`,
    })
    const lines = this.text.split('\n')
    this.#received = Buffer.from(lines.slice(count).join('\n'))
    return lines.slice(0, count).map((line) => JSON.parse(line))
  }

  close(): void {
    this.socket.destroy()
  }
}
