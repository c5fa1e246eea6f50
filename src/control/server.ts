/**
 * The connections of a control socket: how many there may be, and one timer that looks at all their deadlines. It binds
 * nothing (socket.ts) and knows no command.
 */
import type { Socket } from 'node:net'
import { monotonicNow } from '../system/clock.ts'
import type { Administration } from './administration.ts'
import { bounds } from './bounds.ts'
import { Connection } from './connection.ts'
import type { Log } from './execute.ts'
import { Feed } from './feed.ts'
import { HttpDialect } from './http.ts'
import { describePeer, type PeerOf } from './peer.ts'

export interface ServerOptions {
  readonly administration: Administration
  readonly log: Log
  readonly peer: PeerOf
  /** Monotonic milliseconds; the machine's clock, unless said. */
  readonly now?: () => number
}

export class ControlServer {
  readonly #options: ServerOptions
  readonly #now: () => number
  readonly #feed: Feed
  readonly #http = new HttpDialect()
  readonly #connections = new Set<Connection>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: ServerOptions) {
    this.#options = options
    this.#now = options.now ?? monotonicNow
    this.#feed = new Feed(options.administration)
  }

  /** How many there are. */
  get size(): number {
    return this.#connections.size
  }

  /** Serves a connection. `readOnly`: it takes no orders. */
  accept(socket: Socket, readOnly: boolean): void {
    const { administration, log, peer } = this.#options
    // Asked now: a client may be gone, and its descriptor with it, when it is to be named.
    const who = peer(socket)
    this.#connections.add(
      new Connection(socket, {
        session: {
          administration,
          log,
          readOnly,
          get by() {
            return describePeer(who)
          },
        },
        feed: this.#feed,
        now: this.#now,
        http: this.#http.take,
        closed: (connection) => this.#closed(connection),
      }),
    )
    this.#timer ??= setInterval(() => this.look(), bounds.look).unref()
  }

  /** Cuts those whose time is over. */
  look(): void {
    const now = this.#now()
    for (const connection of this.#connections) connection.look(now)
  }

  /** Ends all connections: what was written is still sent to who reads. */
  close(): void {
    this.#feed.close()
    for (const connection of this.#connections) connection.close()
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection)
    if (this.#connections.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
