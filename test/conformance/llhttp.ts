/** What bare node:http, which is llhttp, makes of bytes: no gate, no policy, no socket. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { Duplex } from 'node:stream'

export interface LlhttpMessage {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly headers: readonly string[]
  readonly trailers: readonly string[]
  /** latin1. */
  readonly body: string
  readonly keepAlive: boolean
}

export interface LlhttpReading {
  /** The messages that came whole. */
  readonly messages: readonly LlhttpMessage[]
  /** The parser's code, or a status as `417`; undefined when nothing was refused. `cut`: a message did not come whole. */
  readonly refused: string | undefined
}

interface Pending {
  readonly request: IncomingMessage
  readonly pieces: Buffer[]
  whole: boolean
}

const messageOf = ({ request, pieces }: Pending): LlhttpMessage => ({
  method: request.method ?? '',
  target: request.url ?? '',
  version: request.httpVersion,
  headers: request.rawHeaders,
  trailers: request.rawTrailers,
  body: Buffer.concat(pieces).toString('latin1'),
  keepAlive: Reflect.get(request, 'parserKeepAlive') === true,
})

/** One connection that exists in memory only. */
class Wire extends Duplex {
  written = ''
  refused: string | undefined
  readonly pending: Pending[] = []

  override _read(): void {
    // What there is to read was pushed.
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.written += chunk.toString('latin1')
    done()
  }

  get settled(): boolean {
    return this.pending.every(({ whole }) => whole)
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Bytes handed to llhttp one connection after the other; `close` when done. */
export class Llhttp {
  readonly #server: Server

  constructor() {
    this.#server = createServer({ maxHeaderSize: 1_048_576, keepAliveTimeout: 0 })
    this.#server.maxHeadersCount = 0
    Reflect.set(this.#server, 'httpAllowHalfOpen', true)
    this.#server.on('request', (request, response) => {
      const pending = { request, pieces: [] as Buffer[], whole: false }
      Reflect.set(request, 'parserKeepAlive', response.shouldKeepAlive)
      wireOf(request).pending.push(pending)
      request.on('data', (piece: Buffer) => pending.pieces.push(piece))
      request.on('error', () => undefined)
      request.on('end', () => {
        pending.whole = request.complete
        response.writeHead(200, { 'Content-Length': 0 }).end()
      })
    })
    this.#server.on('connect', (request, socket) => {
      Reflect.set(request, 'parserKeepAlive', true)
      wireOf(request).pending.push({ request, pieces: [], whole: true })
      socket.destroy()
    })
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      // Not destroyed: messages that were whole before it are still to be counted.
      if (socket instanceof Wire) (socket as Wire).refused ??= error.code ?? error.message
    })
  }

  /** Reads these bytes, then FIN. */
  async read(bytes: Buffer): Promise<LlhttpReading> {
    const wire = new Wire()
    wire.on('error', () => undefined)
    this.#server.emit('connection', wire)
    if (bytes.length > 0) wire.push(bytes)
    for (let turns = 0; turns < 5 || (turns < 50 && !wire.settled && !wire.destroyed); turns += 1) {
      await turn()
      if (turns === 1 && !wire.destroyed) wire.push(null)
    }
    const status = /HTTP\/1\.1 ([45]\d\d) /.exec(wire.written)?.[1]
    wire.destroy()
    const cut = wire.settled ? undefined : 'cut'
    const messages = wire.pending.filter(({ whole }) => whole).map(messageOf)
    return { messages, refused: wire.refused ?? status ?? cut }
  }

  close(): void {
    this.#server.close()
  }
}

const wireOf = (request: IncomingMessage): Wire => request.socket as unknown as Wire
