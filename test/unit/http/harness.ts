/**
 * A listening socket, an engine on it, and raw clients: what the stories about the engine are told with.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import { createEngineFor } from '../../../src/http/create.ts'
import type { Engine, EngineOptions } from '../../../src/http/engine.ts'
import type { ExchangeRecord } from '../../../src/http/exchange.ts'
import { defaultPolicy, type HttpPolicy } from '../../../src/http/policy.ts'

interface BoundHandle {
  readonly fd: number
  getsockname(out: Partial<AddressInfo>): number
}
const internals = net as unknown as {
  _createServerHandle(address: string, port: number, type: number): BoundHandle
}

/** A bound descriptor on a free port of 127.0.0.1. It is the engine's to close. */
export const bind = (): { fd: number; port: number } => {
  const handle = internals._createServerHandle('127.0.0.1', 0, 4)
  const address: Partial<AddressInfo> = {}
  handle.getsockname(address)
  return { fd: handle.fd, port: address.port ?? 0 }
}

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

export interface Served {
  readonly engine: Engine
  readonly port: number
  readonly records: ExchangeRecord[]
  readonly errors: { error: unknown; where: string }[]
}

export const serve = async (
  app: Application,
  policy: Partial<HttpPolicy> = {},
  options: Partial<EngineOptions> = {},
): Promise<Served> => {
  const { fd, port } = bind()
  const records: ExchangeRecord[] = []
  const errors: Served['errors'] = []
  const engine = await createEngineFor(app, {
    policy: { ...defaultPolicy, ...policy },
    onExchange: (record) => records.push(record),
    onError: (error, where) => errors.push({ error, where }),
    ...options,
  })
  ends.push(() => engine.destroy())
  await engine.listen([{ fd }], 128)
  return { engine, port, records, errors }
}

export class Client {
  readonly socket: Socket
  text = ''
  ended = false
  error: Error | undefined

  constructor(where: { port: number; host: string } | { path: string }) {
    this.socket = net.connect({ ...where, allowHalfOpen: true })
    this.socket.setEncoding('latin1')
    this.socket.on('data', (chunk) => {
      this.text += chunk
    })
    this.socket.on('end', () => {
      this.ended = true
      this.socket.end()
    })
    this.socket.on('error', (error) => {
      this.error = error
    })
    ends.push(() => this.socket.destroy())
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Resolves with everything received once it holds `part` `times` times. */
  async has(part: string, times = 1): Promise<string> {
    await until(() => this.text.split(part).length > times || this.ended || this.error !== undefined)
    if (this.text.split(part).length <= times)
      throw new Error(`'${part}' did not come ${times} times: ${this.error ?? JSON.stringify(this.text)}`)
    return this.text
  }

  /** Resolves with everything received once the server ended the connection in order. */
  async end(): Promise<string> {
    await until(() => this.ended || this.error !== undefined)
    if (this.error) throw this.error
    return this.text
  }
}

export const connect = async (port: number): Promise<Client> => {
  const client = new Client({ port, host: '127.0.0.1' })
  await once(client.socket, 'connect')
  return client
}

/** Polls a fact of this process, turn by turn; the test's own time limit bounds it. */
export const until = async (fact: () => boolean): Promise<void> => {
  const deadline = performance.now() + 10_000
  while (!fact()) {
    if (performance.now() > deadline) throw new Error(`it never came true: ${fact}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Something to wait for, opened from elsewhere. */
export const latch = (): { opened: Promise<void>; open: () => void } => {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

export const get = (path = '/', more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`

export const hello = {
  kind: 'node',
  shape: 'function',
  handler: (_: IncomingMessage, response: ServerResponse) => void response.end('hello'),
} as const satisfies Application
