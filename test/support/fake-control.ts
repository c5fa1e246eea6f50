/** A control socket that speaks JSON lines and answers as a test says. It knows no server. */
import { mkdirSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { onTestFinished } from 'vitest'
import type { PublicEvent } from '../../src/control/status.ts'

export interface Asked {
  readonly command: string
  readonly args: Readonly<Record<string, unknown>>
}

/** What an answer may be: data, or a refusal. `silent`: none comes. */
export type Reply =
  | { readonly data: unknown }
  | { readonly error: { readonly code: string; readonly message: string; readonly detail?: string } }
  | 'silent'

export type Script = Readonly<Record<string, (args: Asked['args'], control: FakeControl) => Reply>>

export class FakeControl {
  readonly path: string
  /** All that was asked, in order. */
  readonly asked: Asked[] = []
  readonly #script: Script
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #watchers = new Map<Socket, unknown>()

  private constructor(path: string, script: Script) {
    this.path = path
    this.#script = script
    this.#server = createServer((socket) => this.#serve(socket))
  }

  /** Listens at `path`, until the test is over. */
  static async start(path: string, script: Script): Promise<FakeControl> {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const control = new FakeControl(path, script)
    await new Promise<void>((resolve) => control.#server.listen(path, resolve))
    onTestFinished(() => control.close())
    return control
  }

  /** Tells an event to all who watch. */
  tell(event: PublicEvent): void {
    for (const [socket, id] of this.#watchers) socket.write(`${JSON.stringify({ id, event })}\n`)
  }

  /** Ends all connections and the socket. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    let rest = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#answer(socket, JSON.parse(line) as Asked & { readonly id: number })
    })
    socket.on('close', () => this.#sockets.delete(socket) && this.#watchers.delete(socket))
    // A client that goes is none of the test's concern.
    socket.on('error', () => socket.destroy())
  }

  #answer(socket: Socket, { id, command, args }: Asked & { readonly id: number }): void {
    this.asked.push({ command, args })
    if (command === 'events') this.#watchers.set(socket, id)
    const unknown = { error: { code: 'usage', message: `unknown command ${command}` } }
    const reply = this.#script[command]?.(args, this) ?? (command === 'events' ? { data: null } : unknown)
    if (reply === 'silent') return
    const ok = 'data' in reply
    socket.write(`${JSON.stringify({ id, ok, version: 1, ...reply })}\n`)
  }
}
