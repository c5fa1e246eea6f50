/**
 * One connection, byte by byte: it sends what it is told, reads whole answers, and tells exactly how the
 * connection ended. It never reconnects and never retries.
 */
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { type Answer, takeAnswer } from './answer.ts'

export type Target = (
  | { readonly port: number; readonly host?: string; readonly localAddress?: string }
  | { readonly path: string }
) & {
  /** Speaks TLS: what a client knows, and shows of itself. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'ciphers' | 'maxVersion'>
}

/** How a connection ended: by FIN, or by an error's code as ECONNRESET. */
export type Ending = 'fin' | (string & {})

/** A failed exchange: `kind` is `refused`, `reset`, `closed`, `truncated`, `timeout`, or an error's code. */
export class ClientFailure extends Error {
  readonly kind: string
  constructor(kind: string, message: string) {
    super(`${kind}: ${message}`)
    this.kind = kind
  }
}

const kinds: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
}

const kindOf = (error: NodeJS.ErrnoException): string => kinds[error.code ?? ''] ?? error.code ?? 'error'

const options = ({ tls: _, ...target }: Target) =>
  'path' in target ? target : { host: '127.0.0.1', ...target }

/** The socket, and the event that says that it can be used. */
const open = (target: Target): readonly [Socket, 'connect' | 'secureConnect'] => {
  if (!target.tls) return [connect({ ...options(target), noDelay: true }), 'connect']
  const socket = connectTls({ ...options(target), servername: 'localhost', ...target.tls })
  return [socket.setNoDelay(true), 'secureConnect']
}

export class RawClient {
  readonly #socket: Socket
  #bytes = Buffer.alloc(0)
  #ending: Ending | undefined
  #wake: () => void = () => undefined

  /** Connects; throws ClientFailure when that is refused. */
  static async connect(target: Target, { within = 10_000 } = {}): Promise<RawClient> {
    const [socket, event] = open(target)
    await new Promise<void>((done, failed) => {
      const timer = setTimeout(() => {
        socket.destroy()
        failed(new ClientFailure('connect-timeout', `no connection within ${within} ms`))
      }, within)
      socket
        .once(event, done)
        .once('error', (error) => failed(new ClientFailure(kindOf(error), error.message)))
      socket.once('close', () => clearTimeout(timer)).once(event, () => clearTimeout(timer))
    })
    return new RawClient(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.removeAllListeners('error')
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#wake()
    })
    socket.on('end', () => this.#end('fin'))
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message))
    socket.on('close', () => this.#end('fin'))
  }

  #end(ending: Ending): void {
    this.#ending ??= ending
    this.#wake()
  }

  /** How the server ended the connection, `undefined` while it is open. */
  get ending(): Ending | undefined {
    return this.#ending
  }

  /** Bytes that came and no answer has taken. */
  get pending(): Buffer {
    return this.#bytes
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(bytes)
  }

  /** Says that nothing more will be sent (FIN); answers are still read. */
  finish(): void {
    this.#socket.end()
  }

  /** The next whole answer; throws ClientFailure when the connection ends before, or time runs out. */
  async answer({ within = 15_000 } = {}): Promise<Answer> {
    const end = performance.now() + within
    for (;;) {
      const taken = takeAnswer(this.#bytes, this.#ending === 'fin')
      if (taken !== undefined) {
        this.#bytes = this.#bytes.subarray(taken.end)
        return taken.answer
      }
      if (this.#ending !== undefined) throw this.#failure(this.#ending)
      if (!(await this.#news(end - performance.now()))) {
        throw new ClientFailure('timeout', `no whole answer within ${within} ms`)
      }
    }
  }

  /** Resolves with the ending once the server has closed. */
  async ended({ within = 15_000 } = {}): Promise<Ending> {
    const end = performance.now() + within
    while (this.#ending === undefined) {
      if (!(await this.#news(end - performance.now()))) {
        throw new ClientFailure('timeout', `the server did not close within ${within} ms`)
      }
    }
    return this.#ending
  }

  close(): void {
    this.#socket.destroy()
  }

  #failure(ending: Ending): ClientFailure {
    const partial = this.#bytes.length > 0
    const kind = ending === 'fin' ? (partial ? 'truncated' : 'closed') : (kinds[ending] ?? ending)
    return new ClientFailure(
      kind,
      `the connection ended (${ending}) ${partial ? 'within' : 'before'} the answer`,
    )
  }

  /** False when `milliseconds` passed without bytes or an end. */
  #news(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, milliseconds))
      this.#wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly within?: number
}

/** The text of a request; `Connection: close` unless the headers say otherwise. */
export const requestText = (path: string, options: RequestOptions = {}): string => {
  const { method = 'GET', headers = {}, body } = options
  const fields = {
    Host: 'localhost',
    ...(headers['Connection'] === undefined ? { Connection: 'close' } : {}),
    ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`
}

/** One request on a connection of its own. */
export const request = async (
  target: Target,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> => {
  const client = await RawClient.connect(target)
  try {
    client.send(requestText(path, options))
    return await client.answer(options.within === undefined ? {} : { within: options.within })
  } finally {
    client.close()
  }
}
