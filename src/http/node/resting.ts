/**
 * Which sockets of an `http.Server` are between two requests. Only node's parser knows: it reads from the descriptor
 * itself, and what it has of a head that is not complete is nowhere in JavaScript. The server has the list for
 * `closeIdleConnections()`; where the running Node keeps it otherwise, nobody is said to be between.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

interface Parser {
  readonly socket?: Socket | null
  /** The parser reads by itself, so that nothing is on its way to it through JavaScript. */
  readonly _consumed?: boolean
}

interface ConnectionsList {
  /** Those without a message begun. */
  idle(): readonly Parser[]
}

export const betweenRequests = (server: Server): ReadonlySet<Socket> => {
  const idle = listOf(server)?.idle() ?? []
  return new Set(
    idle.flatMap(({ socket, _consumed: isConsumed }) => (socket && isConsumed === true ? [socket] : [])),
  )
}

/** _http_server.js, kConnections: in Node 18.2 and later. */
const listOf = (server: Server): ConnectionsList | undefined => {
  const key = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === 'http.server.connections',
  )
  const list: unknown = key && Reflect.get(server, key)
  return isList(list) ? list : undefined
}

const isList = (list: unknown): list is ConnectionsList =>
  typeof list === 'object' && list !== null && typeof Reflect.get(list, 'idle') === 'function'
