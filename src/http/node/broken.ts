/**
 * The passage for requests that node could not read, or that did not come in time ('clientError').
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { errorResponse, statusOfParseError } from '../answers.ts'
import type { Connection } from './connection.ts'
import type { Emit, GateOptions, Passage } from './passage.ts'

type ParseError = Error & { readonly code?: unknown }

/** An application that listens to 'clientError' itself has the word; else the answer is ours. */
export const brokenPassage =
  (server: Server, options: GateOptions, emit: Emit): Passage =>
  (event, args) => {
    if (server.listenerCount(event) > 0) return emit(event, ...args)
    const [error, socket] = args as [ParseError, Socket]
    const connection = options.connections.of(socket)
    if (connection.phase === 'ending') return true
    if (!socket.writable || error.code === 'ECONNRESET' || connection.phase === 'upgraded') socket.destroy()
    else if (connection.exchanges.length > 0) brokenBehind(connection, error, options)
    else brokenHead(connection, error, options)
    return true
  }

const brokenHead = (connection: Connection, error: ParseError, { onRefused }: GateOptions): void => {
  // A client that never sent a byte has asked nothing: silence ends in silence.
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && connection.silent) {
    connection.end()
    return
  }
  const status = statusOfParseError(error.code)
  onRefused(status, String(error.code), connection)
  connection.end(errorResponse(status))
}

/**
 * Nonsense on a connection with requests under way. Behind whole requests: they are answered, then it is over. In
 * the middle of a body: the application must learn that no more comes, and an answer into the middle of another
 * would be read as part of it.
 */
const brokenBehind = (connection: Connection, error: ParseError, { onRefused }: GateOptions): void => {
  const [first, ...more] = connection.exchanges
  const last = connection.exchanges.at(-1)
  if (last?.request.complete !== false) {
    connection.closeAfterLast()
    return
  }
  const status = statusOfParseError(error.code)
  onRefused(status, String(error.code), connection)
  const unsaid = more.length === 0 && first?.response?.headersSent === false
  connection.cut(unsaid ? errorResponse(status) : undefined)
}
