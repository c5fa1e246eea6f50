/**
 * The passage for Upgrade and CONNECT: judged as any request, then the socket is the application's own.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Refusal } from '../judge.ts'
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
    if (verdict.verdict === 'refuse') {
      decline(request, connection, verdict, options)
      return true
    }
    if (verdict.verdict === 'serve without') strip(request, verdict.names)
    if (isUnheard(server, event)) decline(request, connection, notServed, options)
    // RFC 9110, 7.8: in 1.0 it means nothing; by now node has given up reading what follows as a request's.
    else if (event === 'upgrade' && request.httpVersion === '1.0')
      decline(request, connection, tooOld, options)
    else hand(request, connection, options, () => emit(event, ...args))
    return true
  }

const notServed = { status: 501, reason: 'nobody serves CONNECT' }
const tooOld = { status: 400, reason: 'there is Upgrade in HTTP/1.0' }

const decline = (
  { headers }: IncomingMessage,
  connection: Connection,
  { status, reason }: Pick<Refusal, 'reason'> & { readonly status: number },
  { onRefused, answer }: GateOptions,
): void => {
  // Node has given the socket up by now: nobody else hears of a client that breaks off.
  connection.socket.on('error', () => connection.socket.destroy())
  onRefused(status, reason, connection)
  if (connection.exchanges.length > 0) {
    // Answers are still owed to the requests before it; they are the last. Node no longer tells them to go on.
    connection.socket.on('drain', () => connection.exchanges[0]?.response?.emit('drain'))
    connection.endAfterLast()
  } else connection.end(answer(status, headers.accept))
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
