/**
 * Finds the connection of a socket. Most come from the pool; a server of the application's own may have got
 * sockets in another way, and their connections are made when they are first asked for.
 */
import type { Socket } from 'node:net'
import type { Trust } from '../forwarded.ts'
import { Connection } from './connection.ts'

const key = Symbol('tsgunicorn.connection')
type Tracked = Socket & { [key]?: Connection }

export interface ConnectionsOptions {
  readonly trust: Trust
  /** Told of a connection that was made because its socket asked for it. */
  readonly onStranger: (connection: Connection) => void
  /** Called after a socket closed, with what was still under way on its connection. */
  readonly onGone: (connection: Connection) => void
}

export class Connections {
  readonly #options: ConnectionsOptions

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  /** The connection of this socket. */
  of(socket: Tracked): Connection {
    const known = socket[key]
    if (known) return known
    const connection = this.open(socket)
    this.#options.onStranger(connection)
    return connection
  }

  open(socket: Tracked): Connection {
    const connection = new Connection(socket, this.#options.trust)
    socket[key] = connection
    socket.once('close', () => this.#options.onGone(connection))
    return connection
  }
}
