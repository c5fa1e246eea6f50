/** The bounds of the contract (README.md): what a client may cost the master. Sizes in bytes, times in milliseconds. */

export const bounds = {
  /** Connections on a socket; more are closed at once. */
  connections: 64,
  /** A request, whatever its dialect. */
  request: 65_536,
  /** For a request that has begun. */
  receiving: 10_000,
  /** Between requests, and before the first: as long as Gunicorn's. */
  idle: 300_000,
  /** For a client to read what it was answered, and to close when it was told so. */
  unread: 30_000,
  /** Events that a client has not read: then it is cut. */
  backlog: 1_048_576,
  /** How often deadlines are looked at; one timer for all connections, while there are any. */
  look: 1000,
  /** A comment in a stream of server-sent events, so that a client that is gone is noticed. */
  keepAlive: 15_000,
} as const
