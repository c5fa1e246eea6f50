/**
 * The passage for Upgrade and CONNECT: judged as any request, then the socket is the application's own.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { errorResponse } from '../answers.ts'
import type { Verdict } from '../judge.ts'
import type { Connection } from './connection.ts'
import { type Emit, type GateOptions, isUnheard, type Passage, placeOf, strip } from './passage.ts'

export const upgradePassage =
  (server: Server, options: GateOptions, emit: Emit): Passage =>
  (event, args) => {
    const [request, socket] = args as [IncomingMessage, Socket]
    const connection = options.connections.of(socket)
    const { rawHeaders, method = '', url = '' } = request
    const verdict = options.judge(
      { method, target: url, rawHeaders, version: request.httpVersion },
      connection.trusted,
    )
    if (!admit(verdict, connection, options)) return true
    if (verdict.verdict === 'serve without') strip(request, verdict.names)
    if (isUnheard(server, event)) connection.end(errorResponse(501))
    else hand(request, connection, options, () => emit(event, ...args))
    return true
  }

const admit = (verdict: Verdict, connection: Connection, { onRefused }: GateOptions): boolean => {
  if (verdict.verdict !== 'refuse') return true
  onRefused(verdict.status, verdict.reason, connection)
  connection.end(errorResponse(verdict.status))
  return false
}

/** The exchange begins here and is over when the connection is gone. */
const hand = (
  request: IncomingMessage,
  connection: Connection,
  { onBegin, onServe, onError }: GateOptions,
  give: () => unknown,
): void => {
  const exchange = connection.begin(request)
  connection.phase = 'upgraded'
  onBegin(exchange)
  const failed = (error: unknown) => {
    onError(error, placeOf(request))
    connection.socket.destroy()
  }
  try {
    const waiting = onServe(exchange)
    if (waiting === undefined) give()
    else waiting.then(give).catch(failed)
  } catch (error) {
    failed(error)
  }
}
