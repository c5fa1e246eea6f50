/**
 * All connections of an engine, found by their sockets. It counts and forgets; what to do about a count is others'.
 */
import type { Socket } from 'node:net'
import type { Trust } from '../forwarded.ts'
import { Connection } from './connection.ts'

const key = Symbol('tsgunicorn.connection')
type Tracked = Socket & { [key]?: Connection }

export class Connections {
  readonly #all = new Set<Connection>()
  readonly #trust: Trust
  readonly #onGone: (connection: Connection) => void

  /** `onGone` is called after a connection was forgotten, with what was still under way on it. */
  constructor(trust: Trust, onGone: (connection: Connection) => void) {
    this.#trust = trust
    this.#onGone = onGone
  }

  get size(): number {
    return this.#all.size
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#all.values()
  }

  /** The connection of this socket; a socket the server got in another way is taken in now. */
  of(socket: Tracked): Connection {
    return socket[key] ?? this.add(socket)
  }

  add(socket: Tracked): Connection {
    const connection = new Connection(socket, this.#trust)
    socket[key] = connection
    this.#all.add(connection)
    socket.once('close', () => {
      this.#all.delete(connection)
      this.#onGone(connection)
    })
    return connection
  }
}
