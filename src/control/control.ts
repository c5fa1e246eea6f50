/**
 * The control socket of an instance: where it is, when it opens, and that it follows the configuration and the role of
 * its master. Whatever fails here is one line in the log; a server without a control socket serves all the same.
 */
import { mkdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { hasCode, messageOf } from '../errors.ts'
import { monotonicNow } from '../system/clock.ts'
import type { Administration } from './administration.ts'
import { makeOwnFolder, removeIfEmpty, surroundingsOf } from './folder.ts'
import { challengerEnding, controlFolder, controlPath, type Instance, readOnlyEnding } from './path.ts'
import type { ControlServer, ServerOptions } from './server.ts'
import { type OpenSocket, openSocket, plainServer } from './socket.ts'

/** The settings of these names. */
export interface ControlSettings extends Instance {
  readonly control_socket_mode: number
  /** 0: there is no socket that takes no orders. */
  readonly control_socket_read_mode: number
  readonly control_socket_disable: boolean
}

export interface ControlOptions extends Omit<ServerOptions, 'administration'> {
  /** The socket may be open before there is one: who asks is answered then. */
  readonly administration: Administration | Promise<Administration>
  readonly config: ControlSettings
  /** The new master of an upgrade: its socket has an ending until it is promoted. */
  readonly challenger: boolean
  /** The server's working directory; absolute. */
  readonly directory: string
  /** $XDG_RUNTIME_DIR, as it is in the environment. */
  readonly runtimeFolder: string | undefined
  readonly temporaryFolder: string
}

/** All of it is done in the order in which it was asked, and nothing rejects. */
export interface Control {
  /** Undefined while it is not open. */
  readonly path: string | undefined
  open(): Promise<void>
  /** A new configuration is in force. */
  follow(config: ControlSettings): Promise<void>
  /** The old master is gone: takes its path. */
  promote(): Promise<void>
  /** Removes the socket, and ends the connections. */
  close(): Promise<void>
}

interface Wanted {
  readonly path: string
  readonly mode: number
  readonly readOnly: boolean
}

/** A master that ends lets go of its channel some time before its sockets; milliseconds. */
const promotionPatience = 5000
const promotionPace = 50

export const createControl = (options: ControlOptions): Control => new ControlSocket(options)

class ControlSocket implements Control {
  readonly #options: ControlOptions
  /** Loaded for who asks first: the socket itself is to be there early, and costs a start nothing. */
  #server: Promise<ControlServer> | undefined
  readonly #open = new Map<'main' | 'readOnly', OpenSocket>()
  #serving: ControlServer | undefined
  #config: ControlSettings
  #role: 'challenger' | 'master' | 'closed'
  #queue: Promise<void> = Promise.resolve()

  constructor(options: ControlOptions) {
    this.#options = options
    this.#config = options.config
    this.#role = options.challenger ? 'challenger' : 'master'
  }

  get path(): string | undefined {
    return this.#open.get('main')?.path
  }

  open(): Promise<void> {
    return this.#then(() => this.#apply())
  }

  follow(config: ControlSettings): Promise<void> {
    return this.#then(() => {
      this.#config = config
      return this.#apply()
    })
  }

  promote(): Promise<void> {
    return this.#then(async () => {
      if (this.#role !== 'challenger') return
      this.#role = 'master'
      await this.#take()
    })
  }

  close(): Promise<void> {
    this.#role = 'closed'
    this.#closeSockets()
    this.#serving?.close()
    return this.#queue
  }

  #then(act: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      try {
        if (this.#role !== 'closed') await act()
      } catch (thrown) {
        this.#options.log.info(
          `The control socket is not open, the server runs without it: ${messageOf(thrown)}`,
        )
      }
    })
    return this.#queue
  }

  get #surroundings() {
    const { directory, runtimeFolder, temporaryFolder } = this.#options
    return surroundingsOf({ directory, runtimeFolder, temporaryFolder })
  }

  /** The sockets there should be. */
  #wanted(): ReadonlyMap<'main' | 'readOnly', Wanted> {
    const { control_socket_disable, control_socket_mode, control_socket_read_mode } = this.#config
    const wanted = new Map<'main' | 'readOnly', Wanted>()
    if (control_socket_disable) return wanted
    const ending = this.#role === 'challenger' ? challengerEnding : ''
    const path = controlPath(this.#config, this.#surroundings) + ending
    wanted.set('main', { path, mode: control_socket_mode, readOnly: false })
    if (control_socket_read_mode !== 0) {
      const readOnly = { path: path + readOnlyEnding, mode: control_socket_read_mode, readOnly: true }
      wanted.set('readOnly', readOnly)
    }
    return wanted
  }

  async #apply(): Promise<void> {
    const wanted = this.#wanted()
    for (const [kind, socket] of this.#open) {
      const want = wanted.get(kind)
      if (want?.path === socket.path && want.mode === socket.mode) continue
      this.#open.delete(kind)
      socket.close()
    }
    for (const [kind, want] of wanted) if (!this.#open.has(kind)) await this.#openOne(kind, want)
  }

  async #openOne(kind: 'main' | 'readOnly', { path, mode, readOnly }: Wanted): Promise<void> {
    this.#makeFolder(dirname(path))
    const server = plainServer((socket) => this.#accept(socket, readOnly))
    const opened = await openSocket(path, mode, server)
    // Closed while it was being opened.
    if (this.#isClosed()) return opened.close()
    this.#open.set(kind, opened)
    this.#options.log.info(`Control socket listening at ${path}${readOnly ? ' (read-only)' : ''}`)
  }

  #accept(socket: Socket, readOnly: boolean): void {
    if (this.#serving !== undefined) {
      this.#serving.accept(socket, readOnly)
      return
    }
    const gone = () => socket.destroy()
    socket.on('error', gone)
    this.#server ??= this.#load()
    this.#server.then(
      (server) => {
        socket.off('error', gone)
        if (this.#isClosed()) socket.destroy()
        else server.accept(socket, readOnly)
      },
      (thrown: unknown) => {
        this.#options.log.exception('Control socket: nobody can be answered', thrown)
        socket.destroy()
      },
    )
  }

  async #load(): Promise<ControlServer> {
    const { ControlServer } = await import('./server.ts')
    this.#serving = new ControlServer({
      ...this.#options,
      administration: await this.#options.administration,
    })
    return this.#serving
  }

  #isClosed(): boolean {
    return this.#role === 'closed'
  }

  /** Our own folder is for us alone; one that the user named is made as Gunicorn does, and taken as it is. */
  #makeFolder(folder: string): void {
    if (folder === controlFolder(this.#surroundings)) makeOwnFolder(folder, this.#surroundings.uid)
    else mkdirSync(folder, { recursive: true, mode: 0o700 })
  }

  /** The challenger's sockets get the names that the old master's had. */
  async #take(): Promise<void> {
    const until = monotonicNow() + promotionPatience
    for (const [kind, { path }] of this.#wanted()) await this.#renameTo(kind, path, until)
  }

  async #renameTo(kind: 'main' | 'readOnly', path: string, until: number): Promise<void> {
    const socket = this.#open.get(kind)
    if (socket === undefined || socket.path === path) return
    for (;;) {
      try {
        await socket.rename(path)
        return this.#options.log.info(`Control socket listening at ${path}`)
      } catch (thrown) {
        const inUse = hasCode(thrown, 'TSG_ADDRESS_IN_USE')
        if (!inUse || this.#isClosed() || monotonicNow() > until) throw thrown
      }
      await pause(promotionPace, undefined, { ref: false })
    }
  }

  #closeSockets(): void {
    const folder = controlFolder(this.#surroundings)
    const folders = new Set([...this.#open.values()].map(({ path }) => dirname(path)))
    for (const socket of this.#open.values()) socket.close()
    this.#open.clear()
    if (folders.has(folder)) removeIfEmpty(folder)
  }
}
