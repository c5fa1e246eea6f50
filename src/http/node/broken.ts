/**
 * The passage for requests that node could not read, or that did not come in time ('clientError').
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { type ParseError, statusOfParseError, wordsOfParseError } from '../answers.ts'
import type { Connection } from './connection.ts'
import { cutShort, type Emit, type GateOptions, type Passage } from './passage.ts'

type ReadError = Error & ParseError

/** An application that listens to 'clientError' itself has the word; else the answer is ours. */
export const brokenPassage =
  (server: Server, options: GateOptions, emit: Emit): Passage =>
  (event, args) => {
    if (server.listenerCount(event) > 0) return emit(event, ...args)
    const [error, socket] = args as [ReadError, Socket]
    const connection = options.connections.of(socket)
    if (connection.phase === 'ending') return true
    if (!socket.writable || error.code === 'ECONNRESET' || connection.phase === 'upgraded') socket.destroy()
    // Behind a request that was refused: its answer is all that is still to come.
    else if (connection.phase === 'last') return true
    else if (connection.exchanges.length > 0) brokenBehind(connection, error, options)
    else brokenHead(connection, error, options)
    return true
  }

const brokenHead = (connection: Connection, error: ReadError, { onRefused, answer }: GateOptions): void => {
  // A client that never sent a byte has asked nothing: silence ends in silence.
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && connection.silent) {
    connection.end()
    return
  }
  const status = statusOfParseError(error)
  onRefused(status, wordsOfParseError(error), connection)
  connection.end(answer(status))
}

/**
 * Nonsense on a connection with requests under way. Behind whole requests: they are answered, then it is over. In
 * the middle of a body: the application must learn that no more comes, and an answer into the middle of another
 * would be read as part of it.
 */
const brokenBehind = (connection: Connection, error: ReadError, options: GateOptions): void => {
  if (connection.exchanges.at(-1)?.request.complete !== false) {
    connection.refuseMore()
    connection.closeAfterLast()
    return
  }
  cutShort(connection, statusOfParseError(error), wordsOfParseError(error), options)
}
